//! Where things are in this checkout.

use std::path::{Path, PathBuf};

/// The folder with `host.json`, `Cargo.toml` and the rest.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// `target` of this checkout, which git ignores; cargo's own may be elsewhere.
pub(crate) fn target(name: &str) -> PathBuf {
    root().join("target").join(name)
}

/// The path as people type it here: from the current folder if it lies below that.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here)
        .unwrap_or(path)
        .display()
        .to_string()
}
