//! What differs in CI: a check whose tool is missing fails there, and is skipped elsewhere.

use anyhow::bail;

use crate::terminal;

/// Skips a check whose tool is missing, with a line that says so.
///
/// # Errors
/// In CI: the tool, and the command that installs it.
pub(crate) fn skip(tool: &str, install: &str) -> anyhow::Result<()> {
    if is_ci() {
        bail!("{tool} is not installed; to install it: {install}");
    }
    terminal::line(&format!("-- skipped: {tool} is not installed ({install})"));
    Ok(())
}

/// GitHub, GitLab and others set `CI=true`.
#[expect(
    clippy::disallowed_methods,
    reason = "whether this is CI is no setting of the program"
)]
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}
