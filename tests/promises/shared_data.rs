//! Where the reference data lies: published schemas and events that are not ours to copy.

use std::path::PathBuf;

/// A file or folder of the reference data: below `OKTA_SENTINEL_SHARED` if that is set, else below
/// `shared` beside the checkout. `None`, with a line that says so, where there is none; a test
/// then passes.
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn shared_data(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("OKTA_SENTINEL_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: {}: reference data not found", found.display());
    None
}

/// The text of a file of the reference data.
pub(crate) fn shared_text(path: &str) -> Option<String> {
    shared_data(path).map(|found| std::fs::read_to_string(found).expect("readable reference data"))
}
