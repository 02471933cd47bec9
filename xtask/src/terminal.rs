//! Results on stdout, lines for people on stderr. A reader that went away is no failure of ours.

use std::io::{IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

pub(crate) use okta_sentinel::ship::grouped;

/// Width of a table where there is no terminal to ask.
const USUAL_WIDTH: usize = 120;

/// A result, on stdout.
pub(crate) fn result(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

/// A line for people, on stderr.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Whether somebody watches stderr.
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Columns of the terminal on stdout; [`USUAL_WIDTH`] where stdout is no terminal.
pub(crate) fn width() -> usize {
    if !std::io::stdout().is_terminal() {
        return USUAL_WIDTH;
    }
    // Only `stty` can tell without unsafe code or one more dependency.
    let asked = Command::new("stty")
        .arg("size")
        .stdin(Stdio::inherit())
        .output();
    asked
        .ok()
        .and_then(|answer| String::from_utf8(answer.stdout).ok())
        .and_then(|size| size.split_whitespace().nth(1)?.parse().ok())
        .filter(|columns| *columns > 0)
        .unwrap_or(USUAL_WIDTH)
}
