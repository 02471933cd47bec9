//! The crates that the workspace depends on: their licences, their sources, and those that must
//! not be compiled into the program.
//!
//! `deny.toml` has the lists, in the format of cargo-deny. cargo-deny itself is not run: it would
//! have to be compiled first, which takes longer than all checks together.

use std::fs;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;
use spdx::{Expression, Licensee, ParseMode};

use crate::process::Step;
use crate::{checkout, terminal};

/// The only registry; a crate from elsewhere is not covered by its rules.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The part of `deny.toml` that is read here.
#[derive(Debug, Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Debug, Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

/// Checks what is compiled in, and every package of the lock.
///
/// # Errors
/// A banned crate in the program, a licence that is not allowed, a source that is not crates.io.
pub(crate) fn check() -> anyhow::Result<()> {
    let path = checkout::root().join("deny.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let policy: Policy = toml::from_str(&text).context("deny.toml")?;
    compiled_in(&policy.bans.deny)?;
    let metadata = ["metadata", "--format-version=1", "--locked"];
    let metadata = Step::cargo("metadata", &metadata).output()?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages = packages.context("cargo metadata names no packages")?;
    let problems = problems(packages, &policy.licenses.allow)?;
    if !problems.is_empty() {
        bail!(
            "{}; deny.toml has the licences that are allowed",
            problems.join("\n")
        );
    }
    terminal::line(&format!(
        "ok licences and sources of {} packages",
        packages.len()
    ));
    Ok(())
}

/// Fails where a banned crate is linked into the deployed binary.
fn compiled_in(banned: &[Banned]) -> anyhow::Result<()> {
    let arguments = [
        "tree",
        "--locked",
        "--edges=normal",
        "--package=okta-sentinel",
        "--prefix=none",
        "--format={p}",
    ];
    let tree = Step::cargo("dependency tree", &arguments).output()?;
    if let Some(Banned { name, reason }) = banned_in(&tree, banned) {
        bail!(
            "{name} is compiled into the program ({reason}). Who needs it: cargo tree -e normal -i {name}"
        );
    }
    let names: Vec<&str> = banned.iter().map(|banned| banned.name.as_str()).collect();
    terminal::line(&format!("ok not in the program: {}", names.join(", ")));
    Ok(())
}

fn banned_in<'a>(tree: &str, banned: &'a [Banned]) -> Option<&'a Banned> {
    let is_in_tree = |name: &str| {
        tree.lines()
            .any(|line| line.split(' ').next() == Some(name))
    };
    banned.iter().find(|banned| is_in_tree(&banned.name))
}

/// What is wrong with the packages of `cargo metadata`: licences, sources, missing versions.
fn problems(packages: &[Value], allowed: &[String]) -> anyhow::Result<Vec<String>> {
    let allowed: Vec<Licensee> = allowed
        .iter()
        .map(|licence| Licensee::parse(licence))
        .collect::<Result<_, _>>()
        .context("a licence of deny.toml is no SPDX identifier")?;
    let mut problems = Vec::new();
    for package in packages {
        let text = |key: &str| package[key].as_str();
        let name = text("name").unwrap_or("a package without a name");
        if let Some(source) = text("source").filter(|source| *source != REGISTRY) {
            problems.push(format!("{name} comes from {source}"));
        }
        if text("source").is_none() {
            problems
                .extend(any_version(package).map(|needed| format!("{name} takes any {needed}")));
        }
        let expression = text("license").unwrap_or_default();
        if !is_allowed(expression, &allowed) {
            problems.push(format!("{name} has the licence \"{expression}\""));
        }
    }
    Ok(problems)
}

/// Dependencies of one of our packages that a manifest gives no version for.
fn any_version(package: &Value) -> impl Iterator<Item = &str> {
    let needed = package["dependencies"].as_array().into_iter().flatten();
    needed
        .filter(|needed| needed["req"] == "*" && needed["path"].is_null())
        .filter_map(|needed| needed["name"].as_str())
}

/// Whether an SPDX expression can be met with these licences; a text that is none cannot.
fn is_allowed(expression: &str, allowed: &[Licensee]) -> bool {
    // Old manifests write MIT/Apache-2.0.
    let parsed = Expression::parse_mode(expression, ParseMode::LAX);
    parsed.is_ok_and(|parsed| {
        parsed.evaluate(|wanted| allowed.iter().any(|licence| licence.satisfies(wanted)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_banned_crate_is_found_by_its_whole_name() {
        let banned = [Banned {
            name: "ring".to_owned(),
            reason: String::new(),
        }];
        let found = |tree| banned_in(tree, &banned).map(|banned| banned.name.as_str());
        assert_eq!(found("app v0.1.0\nring v0.17.8\n"), Some("ring"));
        assert_eq!(
            found("string v0.3.0\nring-like v0.2.2\nspring v1.0.0"),
            None
        );
    }

    #[test]
    fn a_licence_is_allowed_where_the_expression_can_be_met() {
        let allowed = ["MIT", "Zlib"].map(|licence| Licensee::parse(licence).unwrap());
        for (expression, is_met) in [
            ("MIT", true),
            ("GPL-3.0-only OR MIT", true),
            ("Apache-2.0/MIT", true),
            ("(MIT OR Apache-2.0) AND Zlib", true),
            ("MIT AND Apache-2.0", false),
            ("GPL-3.0-only", false),
            ("Apache-2.0 WITH LLVM-exception", false),
            ("", false),
            ("free for all", false),
        ] {
            assert_eq!(is_allowed(expression, &allowed), is_met, "{expression}");
        }
    }

    #[test]
    fn a_package_from_elsewhere_without_a_licence_or_without_a_version_is_named() {
        let packages = [
            json!({ "name": "own", "source": null, "license": "MIT", "dependencies": [
                { "name": "sibling", "req": "*", "path": "/sibling" },
                { "name": "anything", "req": "*" },
                { "name": "good", "req": "^1" },
            ] }),
            json!({ "name": "good", "source": REGISTRY, "license": "MIT" }),
            json!({ "name": "fork", "source": "git+https://example.com/fork", "license": "MIT" }),
            json!({ "name": "bare", "source": REGISTRY, "license": null }),
        ];
        assert_eq!(
            problems(&packages, &["MIT".to_owned()]).unwrap(),
            [
                "own takes any anything",
                "fork comes from git+https://example.com/fork",
                "bare has the licence \"\"",
            ]
        );
    }
}
