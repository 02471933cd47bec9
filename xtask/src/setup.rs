//! `cargo xtask setup`: the pinned parts that tests run against, in folders that git ignores.

mod node;
mod python;

/// Where the parts are pinned, seen from the checkout's root.
const PARTS: &str = "tests/parts";

/// Installs what is not there yet. Does next to nothing when all is.
///
/// # Errors
/// Node.js or Python is missing or too old, or npm or pip fails.
pub(crate) fn run() -> anyhow::Result<()> {
    node::install()?;
    python::install()
}
