//! What a command prints, cleaned line by line, and the exit code of wrong usage.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

use crate::telemetry::shown;

/// The exit code of wrong usage and wrong settings, which is also clap's.
pub(super) const WRONG_USAGE: u8 = 2;

/// A line of a result, on stdout.
pub(super) fn result(line: &str) {
    print(&shown::line(line));
}

/// A result as one JSON object on a line of its own, on stdout.
#[expect(
    clippy::panic,
    reason = "what is printed has text keys and finite numbers alone"
)]
pub(super) fn json_line(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(line) => print(&shown::json(&line)),
        Err(error) => panic!("a result cannot be written as JSON: {error}"),
    }
}

/// An error, for people; the exit code of a failure.
pub(super) fn failure(error: impl Display) -> ExitCode {
    people(&format!("error: {error}"));
    ExitCode::FAILURE
}

/// An error, for people; the exit code of wrong usage.
pub(super) fn wrong_usage(error: impl Display) -> ExitCode {
    people(&format!("error: {error}"));
    ExitCode::from(WRONG_USAGE)
}

/// A line for people, on stderr.
pub(super) fn people(line: &str) {
    help(&(shown::line(line) + "\n"));
}

/// Lines of this program's own, on stderr.
pub(super) fn help(lines: &str) {
    let _ = std::io::stderr().write_all(lines.as_bytes());
}

/// A reader that went away (`| head`) is no failure of ours.
fn print(line: &str) {
    let _ = std::io::stdout().write_all(format!("{line}\n").as_bytes());
}
