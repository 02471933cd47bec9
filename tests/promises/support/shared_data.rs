//! Where the reference data lies: published schemas and events that are not ours to copy.

use std::io::Write;
use std::path::PathBuf;

/// A file or folder of the reference data: below `OKTA_SENTINEL_SHARED` if that is set, else below
/// `shared` beside the checkout. `None`, with a line that says so, where there is none; a test
/// then passes.
#[expect(
    clippy::disallowed_methods,
    reason = "where tests find their data is no setting of the program"
)]
pub(crate) fn shared_data(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("OKTA_SENTINEL_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    // Not `eprintln!`, whose lines the test harness keeps to itself when a test passes.
    let line = format!("skipped: {}: reference data not found\n", found.display());
    std::io::stderr()
        .write_all(line.as_bytes())
        .expect("stderr");
    None
}

/// The text of a file of the reference data.
pub(crate) fn shared_text(path: &str) -> Option<String> {
    shared_data(path).map(|found| std::fs::read_to_string(found).expect("readable reference data"))
}
