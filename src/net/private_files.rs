//! Files and folders that only their owner may read, whatever the process's umask says. They hold
//! rows of the log, and cursors that decide what is shipped.
//!
//! Windows has no modes; there, files take the access list of their folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// The modes of a folder and of a file.
pub(crate) const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;

/// Makes `folder` and what is missing above it. One that is there keeps its mode: it may be a
/// person's own.
///
/// # Errors
/// What the system answered.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER);
    builder.recursive(true).create(folder)
}

/// Opens a file, and narrows the mode of one that was there.
///
/// # Errors
/// What the system answered.
pub(crate) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, FILE);
    let file = options.open(path)?;
    narrow(&file, FILE);
    Ok(file)
}

/// Takes away from everybody what `mode` does not allow. Only the owner can do so, and some file
/// systems have no modes: then all stays as it is.
#[cfg(unix)]
pub(crate) fn narrow(file: &File, mode: u32) {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(permissions) = file.metadata().map(|metadata| metadata.permissions()) else {
        return;
    };
    if permissions.mode() & 0o777 & !mode != 0 {
        let narrowed = Permissions::from_mode(permissions.mode() & mode);
        let _ = file.set_permissions(narrowed);
    }
}

#[cfg(not(unix))]
pub(crate) fn narrow(_: &File, _: u32) {}
