//! The tools from npm, at the versions of their lock.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::process::Step;
use crate::{checkout, terminal};

/// Where the tools are pinned, seen from the checkout's root.
const FOLDER: &str = "tests/parts";
/// Oldest Node that all of them run on.
const OLDEST: u32 = 20;
const GET_NODE: &str =
    "install Node.js 20 or newer, which brings npm; tests run real services on it";

/// Installs what the lock names and is not there.
pub(super) fn install() -> anyhow::Result<()> {
    let node = Step::new("node", "node", &["--version"]).or_missing(GET_NODE);
    let version = node.output()?;
    match major(&version) {
        Some(major) if major >= OLDEST => {}
        _ => bail!(
            "node is {}, and the tests need {OLDEST}; {GET_NODE}",
            version.trim()
        ),
    }
    let folder = checkout::root().join(FOLDER);
    if is_installed(&folder)? {
        terminal::line(&format!("ok setup: {FOLDER} is as its lock says"));
        return Ok(());
    }
    let install = ["ci", "--prefix", FOLDER, "--no-audit", "--no-fund"];
    Step::new("setup", "npm", &install)
        .or_missing(GET_NODE)
        .run()
}

/// `v20.11.1` is 20.
fn major(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// Whether every part that the lock names for this machine is there at its version. npm notes in
/// a lock of its own what it has installed.
fn is_installed(folder: &Path) -> anyhow::Result<bool> {
    let wanted = packages(&folder.join("package-lock.json"))?
        .with_context(|| format!("{} has no package-lock.json", folder.display()))?;
    let Some(there) = packages(&folder.join("node_modules/.package-lock.json"))? else {
        return Ok(false);
    };
    Ok(matches(&wanted, &there))
}

fn packages(lock: &Path) -> anyhow::Result<Option<Value>> {
    let Ok(text) = fs::read_to_string(lock) else {
        return Ok(None);
    };
    let lock_file: Value = serde_json::from_str(&text)
        .with_context(|| format!("{} is no JSON; restore it", lock.display()))?;
    Ok(lock_file.get("packages").cloned())
}

fn matches(wanted: &Value, there: &Value) -> bool {
    let Some(wanted) = wanted.as_object() else {
        return false;
    };
    // The root package has no path; an optional part may be of another system.
    wanted
        .iter()
        .filter(|(path, _)| !path.is_empty())
        .all(|(path, part)| match there.get(path) {
            Some(installed) => installed.get("version") == part.get("version"),
            None => part.get("optional") == Some(&Value::Bool(true)),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nodes_version_is_read_from_its_first_number() {
        assert_eq!(major("v20.11.1\n"), Some(20));
        assert_eq!(major("20.11.1"), None);
        assert_eq!(major(""), None);
    }

    #[test]
    fn parts_are_installed_when_every_version_is_the_locks() {
        let wanted = json!({
            "": { "name": "parts" },
            "node_modules/a": { "version": "1.0.0" },
            "node_modules/b": { "version": "2.0.0", "optional": true },
        });
        assert!(matches(
            &wanted,
            &json!({ "node_modules/a": { "version": "1.0.0" } })
        ));
        assert!(!matches(
            &wanted,
            &json!({ "node_modules/a": { "version": "1.0.1" } })
        ));
        assert!(!matches(&wanted, &json!({})));
        let old = json!({ "node_modules/a": { "version": "1.0.0" }, "node_modules/b": { "version": "1.9.0" } });
        assert!(!matches(&wanted, &old));
    }
}
