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
    target(profile, &["--bin", BINARY], BINARY)
}

/// Builds any target, by cargo's arguments for it and its name, as [`program`] does.
///
/// # Errors
/// It does not build; cargo has said why.
pub(crate) fn target(profile: Profile, arguments: &[&str], name: &str) -> anyhow::Result<PathBuf> {
    let mut command = Command::new("cargo");
    // Messages tell the path, which depends on the user's own cargo configuration.
    command
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(arguments);
    let mut what = name.to_owned();
    if profile == Profile::Release {
        command.arg("--release");
        what = format!("the release binary of {name}");
    }
    terminal::line(&format!(
        "building {what} (some minutes the first time) ..."
    ));
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
    let mut built = None;
    if let Some(messages) = cargo.stdout.take() {
        for message in BufReader::new(messages).lines() {
            built = executable(&message?, name).or(built);
        }
    }
    if !cargo.wait()?.success() {
        bail!("{name} does not build; cargo says above why");
    }
    built
        .with_context(|| format!("cargo built nothing runnable named {name}; does it still exist?"))
}

/// The path in cargo's message that the target is built; no other message has one.
fn executable(message: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let ours = message.pointer("/target/name")? == name;
    let path = message.get("executable")?.as_str()?;
    ours.then(|| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_programs_own_message_has_its_path() {
        let message = r#"{"reason":"compiler-artifact","target":{"name":"okta-sentinel"},"executable":"/t/okta-sentinel"}"#;
        assert_eq!(executable(message, BINARY), Some("/t/okta-sentinel".into()));
        let library = message.replace("\"/t/okta-sentinel\"", "null");
        for other in [
            library.as_str(),
            &message.replace("okta-sentinel\"}", "xtask\"}"),
            "note",
        ] {
            assert_eq!(executable(other, BINARY), None, "{other}");
        }
    }
}
