//! One table in code names every setting. The README and the example file say the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use okta_sentinel::settings::catalogue::{self, SETTINGS};
use okta_sentinel::settings::{Environment, LaunchedBy, Settings};

fn file(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn example_values() -> BTreeMap<String, String> {
    let document: serde_json::Value =
        serde_json::from_str(&file("local.settings.json.example")).unwrap();
    assert_eq!(document["IsEncrypted"], false);
    serde_json::from_value(document["Values"].clone()).unwrap()
}

#[test]
fn the_readme_holds_the_catalogue() {
    let readme = file("README.md");
    let (_, from_marker) = readme
        .split_once("<!-- settings -->\n")
        .expect("README has the marker");
    let (table, _) = from_marker
        .split_once("<!-- /settings -->")
        .expect("README ends the table");
    let expected = catalogue::markdown_table();
    assert!(
        table == expected,
        "between its markers README.md should read:\n{expected}"
    );
}

#[test]
fn the_example_holds_the_catalogue() {
    // The one name in it that is the host's own and no setting of this program.
    let host = ("FUNCTIONS_WORKER_RUNTIME", "custom");
    let of_catalogue = SETTINGS
        .iter()
        .map(|setting| (setting.name, setting.example));
    let expected: BTreeMap<&str, &str> = of_catalogue.chain([host]).collect();
    let values = example_values();
    let found: BTreeMap<&str, &str> = values
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_example_can_be_copied_as_it_is() {
    let environment = Environment::from_pairs(example_values());
    for place in [LaunchedBy::Host, LaunchedBy::Shell] {
        let settings = Settings::read(&environment, place, now()).unwrap_or_else(|p| panic!("{p}"));
        assert_eq!(settings.warnings, Vec::<String>::new());
    }
}

#[test]
fn a_default_in_the_table_is_what_counts() {
    let required = [
        "OKTA_DOMAIN",
        "OKTA_API_TOKEN",
        "LOGS_INGESTION_ENDPOINT",
        "DCR_IMMUTABLE_ID",
    ];
    let mut values = example_values();
    values.retain(|name, _| required.contains(&name.as_str()));
    let read = |values: &BTreeMap<String, String>| {
        let environment = Environment::from_pairs(values.clone());
        format!(
            "{:?}",
            Settings::read(&environment, LaunchedBy::Shell, now()).unwrap()
        )
    };
    let unset = read(&values);
    for setting in SETTINGS {
        let Some(default) = setting.default else {
            continue;
        };
        values.insert(setting.name.to_owned(), default.to_owned());
        assert_eq!(read(&values), unset, "{}={default}", setting.name);
        values.remove(setting.name);
    }
}

#[test]
fn no_name_is_listed_twice_and_secrets_have_no_default() {
    let names = SETTINGS
        .iter()
        .flat_map(|s| std::iter::once(&s.name).chain(s.aliases));
    let mut seen = BTreeSet::new();
    for name in names {
        assert!(seen.insert(name), "{name} is listed twice");
    }
    assert!(SETTINGS.iter().all(|s| !s.secret || s.default.is_none()));
}
