//! The connector's page: two formats of one text, whose queries resolve and whose addresses are
//! the release's.

use serde_json::{Value, json};

use super::habits::texts;
use super::{deployed, file};
use crate::support::kusto::{self, Query};

/// What all addresses of a release begin with until it has one.
const PLACEHOLDER: &str = "https://okta-sentinel.invalid/release";

fn older() -> Value {
    file("sentinel/connector/OktaSentinel.json")
}

fn newer() -> Value {
    let template = file("sentinel/connector/OktaSentinel_definition.json");
    template["resources"][0]["properties"]["connectorUiConfig"].clone()
}

/// Every file that leads people or Azure to something of the release.
const DOCUMENTS: [&str; 4] = [
    "azuredeploy.json",
    "createUiDefinition.json",
    "sentinel/connector/OktaSentinel.json",
    "sentinel/connector/OktaSentinel_definition.json",
];

#[test]
fn both_formats_say_the_same() {
    let mut older = older();
    let fields = older.as_object_mut().unwrap();
    let criteria = fields.remove("connectivityCriterias").unwrap();
    fields.insert("connectivityCriteria".to_owned(), criteria);
    assert_eq!(older, newer());
    assert_eq!(older["id"], "OktaSentinel");
    let words = older.to_string();
    // By these exact words the repository of solutions tells which kind of connector it is.
    for word in ["[Deploy To Azure]", "WorkspaceId", "PrimaryKey", "Test/Run"] {
        assert!(words.contains(word), "{word}");
    }
}

#[test]
fn every_query_of_page_and_alerts_resolves() {
    let page = newer();
    let mut queries = Vec::new();
    let mut ask =
        |name: &str, query: &Value| queries.push(Query::new(name, query.as_str().unwrap()));
    for (list, key) in [
        ("graphQueries", "baseQuery"),
        ("sampleQueries", "query"),
        ("dataTypes", "lastDataReceivedQuery"),
    ] {
        page[list]
            .as_array()
            .unwrap()
            .iter()
            .for_each(|one| ask(list, &one[key]));
    }
    ask("IsConnected", &page["connectivityCriteria"][0]["value"][0]);
    let way = deployed(json!({}));
    for alert in way.of_kind("Microsoft.Insights/scheduledQueryRules") {
        ask(
            &alert.id,
            &alert.body["properties"]["criteria"]["allOf"][0]["query"],
        );
    }
    ask("firstQuery", &way.outputs["firstQuery"]);
    for step in page["instructionSteps"].as_array().unwrap() {
        let text = step["description"].as_str().unwrap();
        for block in text.split("```kusto\n").skip(1) {
            ask("a step", &json!(block.split("```").next().unwrap()));
        }
    }
    let answers = kusto::resolved(&queries);
    let of = |name: &str| answers.iter().find(|one| one.name == name).unwrap();
    assert_eq!(of("IsConnected").columns[0].name, "IsConnected");
    assert_eq!(of("IsConnected").columns[0].kind, "bool");
    assert_eq!(of("dataTypes").columns[0].name, "Time");
}

#[test]
fn a_release_has_one_address_and_all_of_its_addresses_begin_with_it() {
    // Addresses of others that these files may lead to.
    let others = [
        "https://schema.management.azure.com/schemas/",
        "https://developer.okta.com/docs/",
        "https://docs.microsoft.com/azure/",
        "https://aka.ms/deploytoazure",
        "https://portal.azure.com/#create/Microsoft.Template/uri/",
        "https://portal.azure.us/#create/Microsoft.Template/uri/",
    ];
    for name in DOCUMENTS {
        let document = file(name);
        let mut found = Vec::new();
        texts(&document, &mut found);
        for text in found {
            for at in text.match_indices("https://").map(|(at, _)| at) {
                let address = text[at..].split([')', ' ', '\n', '`']).next().unwrap();
                let ours = address.starts_with(PLACEHOLDER);
                // In an expression, a form's pattern or for the vault, what follows is not written.
                let partial = ["https://'", "https://portal.'", "https://", "https://)?"]
                    .iter()
                    .any(|it| address.starts_with(it) && address.len() <= it.len() + 4);
                assert!(
                    ours || partial
                        || others.iter().any(|it| address.starts_with(it))
                        || !is_written_down(address),
                    "{name}: {address}"
                );
            }
        }
    }
    let encoded = "https%3A%2F%2Fokta-sentinel.invalid%2Frelease%2F";
    for cloud in ["portal.azure.com", "portal.azure.us"] {
        let button = format!(
            "https://{cloud}/#create/Microsoft.Template/uri/{encoded}azuredeploy.json/createUIDefinitionUri/{encoded}createUiDefinition.json"
        );
        assert!(newer().to_string().contains(&button), "{button}");
    }
    let replaced = std::fs::read_to_string(crate::support::parts::checkout(
        "xtask/src/package/address.rs",
    ))
    .unwrap();
    assert!(replaced.contains(&format!("PLACEHOLDER: &str = \"{PLACEHOLDER}\"")));
    let package = file("azuredeploy.json")["parameters"]["packageUrl"]["defaultValue"].clone();
    assert_eq!(package, format!("{PLACEHOLDER}/released-package.zip"));
}

/// Whether it has a host: part of an expression or a pattern has none.
fn is_written_down(address: &str) -> bool {
    let host = address
        .trim_start_matches("https://")
        .split('/')
        .next()
        .unwrap();
    host.contains('.')
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
}
