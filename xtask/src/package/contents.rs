//! What the platform runs: `host.json`, the functions and the program, and nothing else.

use std::path::Path;
use std::{fs, io};

use super::archive::{Archive, DOCUMENT, PROGRAM};

/// The package of the checkout at `root` with the program at `binary`: the bytes of its zip file.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn zipped(root: &Path, binary: &Path) -> io::Result<Vec<u8>> {
    let mut archive = Archive::default();
    archive.add("okta-sentinel", PROGRAM, read(binary)?);
    archive.add("host.json", DOCUMENT, read(&root.join("host.json"))?);
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let function = entry.path().join("function.json");
        if function.is_file() {
            // Another file beside it would count as the function's script.
            let name = entry.file_name().to_string_lossy().into_owned();
            archive.add(&format!("{name}/function.json"), DOCUMENT, read(&function)?);
        }
    }
    archive.to_bytes()
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let named = |problem: io::Error| {
        io::Error::new(problem.kind(), format!("{}: {problem}", path.display()))
    };
    fs::read(path).map_err(named)
}
