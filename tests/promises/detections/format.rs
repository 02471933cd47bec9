//! The files keep the rules that Microsoft's repository and the service have for them.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::Value;

use super::content::{self, Document};

const FIELDS: &[&str] = &[
    "id",
    "name",
    "description",
    "severity",
    "status",
    "requiredDataConnectors",
    "queryFrequency",
    "queryPeriod",
    "triggerOperator",
    "triggerThreshold",
    "tactics",
    "relevantTechniques",
    "query",
    "eventGroupingSettings",
    "entityMappings",
    "customDetails",
    "alertDetailsOverride",
    "incidentConfiguration",
    "version",
    "kind",
];
const TACTICS: &[&str] = &[
    "Reconnaissance",
    "ResourceDevelopment",
    "InitialAccess",
    "Execution",
    "Persistence",
    "PrivilegeEscalation",
    "DefenseEvasion",
    "CredentialAccess",
    "Discovery",
    "LateralMovement",
    "Collection",
    "Exfiltration",
    "CommandAndControl",
    "Impact",
];
/// Identifiers of the entities that we map.
const IDENTIFIERS: &[(&str, &[&str])] = &[
    (
        "Account",
        &["Name", "UPNSuffix", "FullName", "DisplayName", "ObjectGuid"],
    ),
    ("IP", &["Address"]),
];

#[test]
fn every_rule_keeps_the_limits_of_its_format() {
    for rule in content::rules() {
        let stem = &rule.stem;
        let fields: Vec<&String> = rule.yaml.as_object().expect("fields").keys().collect();
        for field in FIELDS {
            assert!(rule.yaml.get(field).is_some(), "{stem}: no {field}");
        }
        assert_eq!(fields.len(), FIELDS.len(), "{stem}: {fields:?}");
        texts(&rule);
        schedule(&rule);
        attack(&rule);
        entities(&rule);
        details(&rule);
    }
}

#[test]
fn ids_are_guids_and_none_is_there_twice() {
    let rules = content::rules();
    let parsers = content::parsers();
    let ids: Vec<&str> = rules
        .iter()
        .chain(&parsers)
        .filter_map(|d| d.yaml["id"].as_str())
        .collect();
    for id in &ids {
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        assert!(
            id.chars().all(|c| c == '-' || c.is_ascii_hexdigit()),
            "{id}"
        );
    }
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[test]
fn every_watchlist_that_a_rule_reads_is_there_and_has_a_template() {
    let lists = content::watchlists();
    for rule in content::rules() {
        for alias in rule.text("query").split("_GetWatchlist(\"").skip(1) {
            let alias = alias.split('"').next().expect("an alias");
            assert!(
                lists.iter().any(|list| list.text("alias") == alias),
                "{}: {alias}",
                rule.stem
            );
        }
    }
    for list in lists {
        assert_eq!(list.text("alias"), list.stem);
        let columns = content::watchlist_columns(&list.stem);
        assert!(
            columns
                .iter()
                .any(|column| column == list.text("itemsSearchKey")),
            "{}",
            list.stem
        );
    }
}

fn texts(rule: &Document) {
    let stem = &rule.stem;
    let (name, description, query) = (
        rule.text("name"),
        rule.text("description"),
        rule.text("query"),
    );
    assert!(name.len() <= 50 && !name.ends_with('.'), "{stem}: {name}");
    assert!(!name.to_lowercase().contains("suspic"), "{stem}: {name}");
    assert!(
        description.len() <= 256 && description.is_ascii(),
        "{stem}: {description}"
    );
    assert!(
        description.starts_with("Identifies "),
        "{stem}: {description}"
    );
    assert!(query.len() <= 10_000, "{stem}: {} characters", query.len());
    for word in ["// Why: ", "// Tune: ", "// False positives: "] {
        assert!(query.contains(word), "{stem}: no {word}");
    }
    let version: Vec<&str> = rule.text("version").split('.').collect();
    assert!(
        version.len() == 3 && version.iter().all(|n| n.parse::<u32>().is_ok()),
        "{stem}"
    );
    assert_eq!(rule.text("kind"), "Scheduled", "{stem}");
}

fn schedule(rule: &Document) {
    let stem = &rule.stem;
    let (frequency, period) = (
        rule.duration("queryFrequency"),
        rule.duration("queryPeriod"),
    );
    assert!(frequency >= TimeDelta::minutes(5), "{stem}");
    assert!(period <= TimeDelta::days(14), "{stem}");
    assert!(
        period >= frequency + TimeDelta::hours(1),
        "{stem}: nothing is left for late events"
    );
    assert!(
        period < TimeDelta::days(2) || frequency >= TimeDelta::hours(1),
        "{stem}"
    );
    let told = format!(
        "let frequency = {}; // as queryFrequency",
        rule.text("queryFrequency")
    );
    assert!(rule.text("query").contains(&told), "{stem}: not `{told}`");
    assert!(
        rule.text("query").contains("IsBackfill"),
        "{stem}: a backfill would fire it"
    );
    assert!(
        rule.text("query").contains("ago(frequency)"),
        "{stem}: every run would fire again"
    );
}

fn attack(rule: &Document) {
    let stem = &rule.stem;
    let tactics = texts_of(&rule.yaml["tactics"]);
    assert!((1..=5).contains(&tactics.len()), "{stem}: {tactics:?}");
    assert!(
        tactics.iter().all(|tactic| TACTICS.contains(tactic)),
        "{stem}: {tactics:?}"
    );
    let techniques = texts_of(&rule.yaml["relevantTechniques"]);
    assert!(
        (1..=10).contains(&techniques.len()),
        "{stem}: {techniques:?}"
    );
    for technique in techniques {
        let digits = technique
            .strip_prefix('T')
            .unwrap_or_default()
            .replace('.', "");
        assert!(matches!(digits.len(), 4 | 7), "{stem}: {technique}");
        assert!(
            digits.chars().all(|c| c.is_ascii_digit()),
            "{stem}: {technique}"
        );
    }
}

fn entities(rule: &Document) {
    let stem = &rule.stem;
    let entities = rule.yaml["entityMappings"].as_array().expect("entities");
    assert!((1..=5).contains(&entities.len()), "{stem}");
    for entity in entities {
        let kind = entity["entityType"].as_str().expect("a type");
        let known = IDENTIFIERS.iter().find(|(name, _)| *name == kind);
        let (_, known) = known.unwrap_or_else(|| panic!("{stem}: {kind}"));
        let fields = entity["fieldMappings"].as_array().expect("fields");
        assert!((1..=3).contains(&fields.len()), "{stem}: {kind}");
        for field in fields {
            let identifier = field["identifier"].as_str().expect("an identifier");
            assert!(
                known.contains(&identifier),
                "{stem}: {kind} has no {identifier}"
            );
        }
    }
    let grouped = &rule.yaml["incidentConfiguration"]["groupingConfiguration"];
    assert_eq!(
        texts_of(&grouped["groupByEntities"]),
        ["Account"],
        "{stem}: incidents are an identity's"
    );
}

fn details(rule: &Document) {
    let stem = &rule.stem;
    let details = rule.yaml["customDetails"].as_object().expect("details");
    assert!(details.len() <= 20, "{stem}");
    assert!(details.keys().all(|key| key.len() <= 20), "{stem}");
    let alert = &rule.yaml["alertDetailsOverride"];
    for (format, limit) in [
        ("alertDisplayNameFormat", 256),
        ("alertDescriptionFormat", 5000),
    ] {
        let text = alert[format].as_str().expect("a format");
        assert!(text.len() <= limit, "{stem}: {format}");
        assert!(
            placeholders(text).len() <= 3,
            "{stem}: {format} takes three columns at most"
        );
    }
}

/// Columns between `{{` and `}}`.
pub(super) fn placeholders(text: &str) -> Vec<String> {
    let after = text.split("{{").skip(1);
    after
        .filter_map(|rest| Some(rest.split_once("}}")?.0.to_owned()))
        .collect()
}

fn texts_of(list: &Value) -> Vec<&str> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect()
}
