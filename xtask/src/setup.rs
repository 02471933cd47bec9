//! `cargo xtask setup`: the pinned tools that tests run against, in folders that git ignores.

mod node;
mod python;

/// Installs what is not there yet. Does next to nothing when all is.
///
/// # Errors
/// Node.js or Python is missing or too old, or npm or pip fails.
pub(crate) fn run() -> anyhow::Result<()> {
    node::install()?;
    python::install()
}
