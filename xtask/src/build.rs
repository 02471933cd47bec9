//! Builds the program and says where cargo put it.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::{checkout, terminal};

const BINARY: &str = "okta-sentinel";

/// How the program is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build.
    Dev,
    /// As it is deployed.
    Release,
}

/// Builds the program and returns its path, wherever cargo's target folder is. Cargo's progress
/// goes to stderr; where nobody watches, only its errors do.
///
/// # Errors
/// It does not build; cargo has said why.
pub(crate) fn program(profile: Profile) -> anyhow::Result<PathBuf> {
    let mut command = Command::new("cargo");
    // Messages tell the path, which depends on the user's own cargo configuration.
    command.args([
        "build",
        "--bin",
        BINARY,
        "--message-format=json-render-diagnostics",
    ]);
    if profile == Profile::Release {
        command.arg("--release");
        terminal::line("building the release binary (some minutes the first time) ...");
    } else {
        terminal::line("building okta-sentinel (some minutes the first time) ...");
    }
    if !terminal::is_watched() {
        command.arg("--quiet");
    }
    command
        .current_dir(checkout::root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut cargo = command
        .spawn()
        .context("cargo cannot be started; is it on PATH?")?;
    let mut program = None;
    if let Some(messages) = cargo.stdout.take() {
        for message in BufReader::new(messages).lines() {
            program = executable(&message?).or(program);
        }
    }
    if !cargo.wait()?.success() {
        bail!("{BINARY} does not build; cargo says above why");
    }
    program.context("cargo built no binary; does Cargo.toml still have one named okta-sentinel?")
}

/// The path in cargo's message that the program is built; no other message has one.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let ours = message.pointer("/target/name")? == BINARY;
    let path = message.get("executable")?.as_str()?;
    ours.then(|| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_programs_own_message_has_its_path() {
        let message = r#"{"reason":"compiler-artifact","target":{"name":"okta-sentinel"},"executable":"/t/okta-sentinel"}"#;
        assert_eq!(executable(message), Some("/t/okta-sentinel".into()));
        let library = message.replace("\"/t/okta-sentinel\"", "null");
        for other in [
            library.as_str(),
            &message.replace("okta-sentinel\"}", "xtask\"}"),
            "note",
        ] {
            assert_eq!(executable(other), None, "{other}");
        }
    }
}
