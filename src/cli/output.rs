//! What a command prints, and the exit code of wrong usage.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

/// The exit code of wrong usage and wrong settings, which is also clap's.
pub(super) const WRONG_USAGE: u8 = 2;

/// A result, on stdout. A reader that went away (`| head`) is no failure of ours.
pub(super) fn result(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// A result as one JSON object on a line of its own, on stdout.
#[expect(
    clippy::panic,
    reason = "what is printed has text keys and finite numbers alone"
)]
pub(super) fn json_line(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(line) => result(&(line + "\n")),
        Err(error) => panic!("a result cannot be written as JSON: {error}"),
    }
}

/// An error, for people; the exit code of a failure.
pub(super) fn failure(error: impl Display) -> ExitCode {
    people(&format!("error: {error}\n"));
    ExitCode::FAILURE
}

/// An error, for people; the exit code of wrong usage.
pub(super) fn wrong_usage(error: impl Display) -> ExitCode {
    people(&format!("error: {error}\n"));
    ExitCode::from(WRONG_USAGE)
}

/// A line for people, on stderr.
pub(super) fn people(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
