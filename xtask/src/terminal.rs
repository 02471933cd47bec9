//! Results on stdout, lines for people on stderr. A reader that went away is no failure of ours.

use std::io::{IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

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

/// 12431 as `12,431`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_in_threes() {
        let texts = [0, 999, 1_000, 1_000_000].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,000,000"]);
    }
}
