//! `cargo xtask ci`: all of `test`, facts about what is compiled in, and the count of instructions.

use anyhow::bail;

use crate::process::Step;
use crate::test;
use crate::{instructions, terminal};

/// Crates that the program must not hold, and why.
const BANNED: [(&str, &str); 3] = [
    (
        "openssl-sys",
        "it ties the binary to the OpenSSL of the machine it was built on",
    ),
    ("native-tls", "the same; rustls is the only TLS here"),
    ("ring", "a second crypto library beside aws-lc-rs"),
];

/// Runs every check.
///
/// # Errors
/// The first check that fails, with the command to repeat it.
pub(crate) fn run() -> anyhow::Result<()> {
    compiled_in()?;
    dependencies()?;
    test::run(&test::Options::default())?;
    instructions::run(&instructions::Options::default())
}

/// What the dependency tree of the deployed binary must not hold.
fn compiled_in() -> anyhow::Result<()> {
    let arguments = [
        "tree",
        "--locked",
        "-e",
        "normal",
        "-p",
        "okta-sentinel",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let tree = Step::cargo("dependency tree", &arguments).output()?;
    if let Some((name, why)) = banned_in(&tree) {
        bail!(
            "{name} is compiled into the program: {why}. Who brings it: cargo tree -e normal -i {name}"
        );
    }
    terminal::line("ok no openssl-sys, native-tls or ring in the program");
    Ok(())
}

fn banned_in(tree: &str) -> Option<(&'static str, &'static str)> {
    let holds = |banned: &str| {
        tree.lines()
            .any(|line| line.split(' ').next() == Some(banned))
    };
    BANNED.into_iter().find(|(name, _)| holds(name))
}

/// Licences, bans and sources of the whole tree.
fn dependencies() -> anyhow::Result<()> {
    if !Step::cargo("cargo-deny", &["deny", "--version"]).works() {
        terminal::line(
            "-- skipped: cargo-deny is not installed (cargo install --locked cargo-deny)",
        );
        return Ok(());
    }
    Step::cargo(
        "dependencies",
        &["deny", "check", "bans", "licenses", "sources"],
    )
    .run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banned_crate_is_found_by_its_whole_name() {
        assert_eq!(
            banned_in("app v0.1.0\nring v0.17.8\n").map(|(name, _)| name),
            Some("ring")
        );
        assert_eq!(
            banned_in("string v0.3.0\nopenssl-probe v0.2.2\nspring v1.0.0"),
            None
        );
    }
}
