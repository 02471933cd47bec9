//! The bill of materials: every crate that is compiled into the program, as CycloneDX 1.5.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::process::Step;

/// The document, from `cargo metadata` and the digests in `Cargo.lock`.
///
/// # Errors
/// cargo fails, or says something other than it used to.
pub(super) fn of_materials() -> anyhow::Result<String> {
    let arguments = [
        "metadata",
        "--format-version=1",
        "--locked",
        "--filter-platform",
        "x86_64-unknown-linux-gnu",
    ];
    let metadata = Step::cargo("metadata", &arguments).output()?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let lock = std::fs::read_to_string(crate::checkout::root().join("Cargo.lock"))?;
    let bill = written(&metadata, &digests(&lock))
        .context("cargo metadata has another form than expected")?;
    Ok(serde_json::to_string_pretty(&bill)? + "\n")
}

type Digests = BTreeMap<(String, String), String>;

fn written(metadata: &Value, digests: &Digests) -> Option<Value> {
    let packages: BTreeMap<&str, &Value> = metadata["packages"]
        .as_array()?
        .iter()
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let (root, program) = packages
        .iter()
        .find(|(_, package)| package["name"] == "okta-sentinel")?;
    let nodes = nodes(metadata)?;
    let inside = reachable(&nodes, root);
    let component = |id: &&str| Some(component(packages.get(*id)?, digests));
    let components: Vec<Value> = inside
        .iter()
        .filter(|id| *id != root)
        .filter_map(component)
        .collect();
    let dependencies = inside.iter().filter_map(|id| {
        let needs: Vec<String> = nodes
            .get(id)?
            .iter()
            .filter_map(|need| Some(purl(packages.get(need)?)))
            .collect();
        Some(json!({ "ref": purl(packages.get(*id)?), "dependsOn": needs }))
    });
    Some(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": {
            "type": "application",
            "bom-ref": purl(program),
            "name": program["name"],
            "version": program["version"],
            "licenses": licences(program),
        } },
        "components": components,
        "dependencies": dependencies.collect::<Vec<_>>(),
    }))
}

/// What each package is linked with: neither tests' crates nor those that only build.
fn nodes(metadata: &Value) -> Option<BTreeMap<&str, BTreeSet<&str>>> {
    let linked = |need: &&Value| {
        let kinds = need["dep_kinds"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
    };
    let nodes = metadata.pointer("/resolve/nodes")?.as_array()?.iter();
    nodes
        .map(|node| {
            let needs = node["deps"]
                .as_array()?
                .iter()
                .filter(linked)
                .filter_map(|need| need["pkg"].as_str());
            Some((node["id"].as_str()?, needs.collect()))
        })
        .collect()
}

fn reachable<'a>(nodes: &BTreeMap<&'a str, BTreeSet<&'a str>>, root: &'a str) -> BTreeSet<&'a str> {
    let (mut found, mut next) = (BTreeSet::from([root]), vec![root]);
    while let Some(id) = next.pop() {
        let needs = nodes.get(id).into_iter().flatten();
        next.extend(needs.filter(|need| found.insert(need)));
    }
    found
}

fn component(package: &Value, digests: &Digests) -> Value {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let mut component = json!({
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
        "licenses": licences(package),
    });
    if let Some(digest) = digests.get(&(text("name"), text("version"))) {
        let hashes = json!([{ "alg": "SHA-256", "content": digest }]);
        let fields = component.as_object_mut();
        fields.map(|fields| fields.insert("hashes".to_owned(), hashes));
    }
    component
}

fn licences(package: &Value) -> Value {
    match package["license"].as_str() {
        // Older crates write a slash for OR.
        Some(licence) => json!([{ "expression": licence.replace('/', " OR ") }]),
        None => json!([]),
    }
}

fn purl(package: &Value) -> String {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    format!("pkg:cargo/{}@{}", text("name"), text("version"))
}

/// SHA-256 of each crate's archive, by name and version.
fn digests(lock: &str) -> Digests {
    let field = |block: &str, name: &str| {
        let start = format!("{name} = \"");
        let line = block
            .lines()
            .find_map(|line| line.strip_prefix(&start)?.strip_suffix('"'));
        line.map(str::to_owned)
    };
    lock.split("[[package]]")
        .filter_map(|block| {
            Some((
                (field(block, "name")?, field(block, "version")?),
                field(block, "checksum")?,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_on_the_bill_with_its_digest_and_what_only_builds_is_not() {
        let of = |name: &str, needs: Value| json!({ "id": name, "deps": needs });
        let need =
            |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let package = |name: &str| json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0" });
        let packages = ["okta-sentinel", "linked", "below", "builds", "tests"].map(package);
        let metadata = json!({
            "packages": packages,
            "resolve": { "nodes": [
                of("okta-sentinel", json!([need("linked", Value::Null), need("tests", json!("dev"))])),
                of("linked", json!([need("below", Value::Null), need("builds", json!("build"))])),
                of("below", json!([])), of("builds", json!([])), of("tests", json!([])),
            ] },
        });
        let lock = "[[package]]\nname = \"below\"\nversion = \"1.0.0\"\nchecksum = \"ab12\"\n";
        let bill = written(&metadata, &digests(lock)).unwrap();
        let names: Vec<_> = bill["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["purl"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["pkg:cargo/below@1.0.0", "pkg:cargo/linked@1.0.0"]);
        assert_eq!(bill["components"][0]["hashes"][0]["content"], "ab12");
        assert_eq!(
            bill["components"][0]["licenses"][0]["expression"],
            "MIT OR Apache-2.0"
        );
    }
}
