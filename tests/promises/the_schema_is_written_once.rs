//! One schema, in code. The files for Azure, for the analyser and for readers are generated from
//! it, and rows bring no other columns.

use std::collections::{BTreeMap, BTreeSet};

use okta_rows::schema::{COLUMNS, MAX_COLUMN_NAME, Origin};
use okta_sentinel::log_analytics::tables::{self, TIME_GENERATED, Table};
use serde_json::Value;

use crate::support::kusto::{self, Query};
use crate::support::parts::checkout;

mod published;
mod rows;

/// Names that the service keeps for itself, in tables and in posts.
const RESERVED: [&str; 9] = [
    "_ResourceId",
    "id",
    "_SubscriptionId",
    "TenantId",
    "Type",
    "UniqueId",
    "Title",
    "tenant",
    "RawData",
];

/// What a stream may declare.
const STREAM_TYPES: [&str; 7] = [
    "string", "int", "long", "real", "boolean", "datetime", "dynamic",
];

fn document(path: &str) -> Value {
    let text = std::fs::read_to_string(checkout(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|problem| panic!("{path}: {problem}"))
}

/// The table resource's schema, as it lies in `sentinel/tables`.
fn resource(table: &Table) -> Value {
    document(&format!("sentinel/tables/{}.json", table.name))
}

fn rule() -> Value {
    document("sentinel/tables/data-collection-rule.json")
}

/// (name, type) of each column of a list.
fn pairs(columns: &Value) -> Vec<(String, String)> {
    let text = |column: &Value, key: &str| column[key].as_str().expect(key).to_owned();
    let columns = columns.as_array().expect("columns are a list");
    columns
        .iter()
        .map(|column| (text(column, "name"), text(column, "type")))
        .collect()
}

fn wanted(table: &Table) -> Vec<(String, String)> {
    let columns = table.described_columns();
    columns
        .map(|(name, kind, _)| (name, kind.column_type().to_owned()))
        .collect()
}

#[test]
fn tables_and_streams_have_the_columns_that_the_code_has() {
    let rule = rule();
    let streams = rule["properties"]["streamDeclarations"]
        .as_object()
        .unwrap();
    assert_eq!(streams.len(), tables::ALL.len());
    for table in tables::ALL {
        let resource = resource(table);
        assert_eq!(resource["name"], table.name);
        assert_eq!(pairs(&resource["columns"]), wanted(table), "{}", table.name);
        let stream = &streams[&table.stream()];
        assert_eq!(pairs(&stream["columns"]), wanted(table), "{}", table.name);
    }
}

#[test]
fn every_name_and_type_is_one_that_azure_takes() {
    for table in tables::ALL {
        let columns = pairs(&resource(table)["columns"]);
        assert!(columns.len() <= 500, "{}", table.name);
        let names: BTreeSet<&String> = columns.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), columns.len(), "{}: a name twice", table.name);
        assert_eq!(columns[0].0, TIME_GENERATED);
        for (name, kind) in &columns {
            assert!(name.len() <= MAX_COLUMN_NAME, "{name}");
            assert!(
                name.starts_with(|c: char| c.is_ascii_alphabetic()),
                "{name}"
            );
            assert!(
                name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
                "{name}"
            );
            assert!(!RESERVED.contains(&name.as_str()), "{name} is reserved");
            assert!(STREAM_TYPES.contains(&kind.as_str()), "{name} is of {kind}");
        }
        assert!(table.name.ends_with("_CL"));
    }
}

#[test]
fn every_column_says_in_one_line_what_it_holds() {
    for table in tables::ALL {
        for column in resource(table)["columns"].as_array().unwrap() {
            let said = column["description"].as_str().unwrap_or_default();
            assert!(!said.is_empty() && said.len() <= 200, "{column}");
            // A template would take the one for an expression, the other for its end.
            assert!(
                !said.starts_with('[') && !said.contains(['\n', '\r']),
                "{column}"
            );
        }
    }
}

#[test]
fn the_rule_takes_rows_over_as_they_come() {
    let rule = rule();
    assert_eq!(rule["kind"], "Direct");
    let flows = rule["properties"]["dataFlows"].as_array().unwrap();
    assert_eq!(flows.len(), tables::ALL.len());
    for (flow, table) in flows.iter().zip(tables::ALL) {
        // Rows carry the tables' own names and TimeGenerated, so that there is nothing to
        // transform, nothing to pay for what a transform drops, and no second place for names.
        let transform = flow.get("transformKql").and_then(Value::as_str);
        assert_eq!(transform.unwrap_or("source"), "source");
        assert_eq!(flow["streams"], serde_json::json!([table.stream()]));
        assert_eq!(flow["outputStream"], table.stream());
    }
}

#[test]
fn the_deployment_template_has_the_same_columns() {
    if !checkout("azuredeploy.json").exists() {
        return;
    }
    let template = document("azuredeploy.json");
    let mut found = BTreeMap::new();
    lists_of_columns(&template, &mut found);
    for table in tables::ALL {
        for name in [table.name.to_owned(), table.stream()] {
            if let Some(columns) = found.get(&name) {
                assert_eq!(
                    pairs(columns),
                    wanted(table),
                    "{name}: cargo xtask generate"
                );
            }
        }
    }
    assert!(found.contains_key("Okta_CL") && found.contains_key("Custom-Okta_CL"));
}

/// Lists of columns by the table or the stream they are of.
fn lists_of_columns<'a>(value: &'a Value, found: &mut BTreeMap<String, &'a Value>) {
    match value {
        Value::Object(object) => {
            if let (Some(Value::String(name)), Some(columns)) =
                (object.get("name"), object.get("columns"))
            {
                found.insert(name.clone(), columns);
            }
            for (key, below) in object {
                if let (true, Some(columns)) = (key.starts_with("Custom-"), below.get("columns")) {
                    found.insert(key.clone(), columns);
                }
                lists_of_columns(below, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| lists_of_columns(item, found)),
        _ => {}
    }
}

#[test]
fn the_reference_names_every_column_with_its_alternate_and_its_json_path() {
    let page = std::fs::read_to_string(checkout("docs/columns.md")).unwrap();
    for table in tables::ALL {
        let (_, section) = page
            .split_once(&format!("\n## {}\n", table.name))
            .expect(table.name);
        let section = section.split("\n## ").next().unwrap_or_default();
        for (name, kind, _) in table.described_columns() {
            let line = format!("| `{name}` | {} |", kind.column_type());
            assert!(section.contains(&line), "{}: {line}", table.name);
        }
    }
    for column in COLUMNS {
        assert!(
            column.path.is_empty() || page.contains(&format!("`{}`", column.path)),
            "{}",
            column.path
        );
        assert!(page.contains(&format!("`{}`", column.classic_name())));
        if let Some(twin) = column.alternate_name() {
            assert!(page.contains(&format!("`{twin}`")), "{twin}");
        }
    }
}

#[test]
fn one_classic_name_alone_is_another_by_logs_ingestion() {
    let renamed: Vec<(String, String)> = COLUMNS
        .iter()
        .filter(|column| column.origin == Origin::Classic)
        .map(|column| (column.classic_name(), column.name()))
        .filter(|(classic, name)| classic != name)
        .collect();
    let (classic, name) = (
        "authenticationContext_authenticationProvider_s",
        "authenticationContext_authnProvider_s",
    );
    assert_eq!(renamed, [(classic.to_owned(), name.to_owned())]);
    assert_eq!(classic.len(), MAX_COLUMN_NAME + 1);
}

#[test]
fn the_analyser_resolves_every_column_of_every_table() {
    let queries: Vec<Query> = tables::ALL
        .iter()
        .map(|table| {
            let names: Vec<String> = table.described_columns().map(|(name, ..)| name).collect();
            Query::new(
                table.name,
                format!("{} | project {}", table.name, names.join(", ")),
            )
        })
        .collect();
    for (table, analysis) in tables::ALL.iter().zip(kusto::resolved(&queries)) {
        let found: Vec<(String, String)> = analysis
            .columns
            .into_iter()
            .map(|column| (column.name, column.kind.replace("bool", "boolean")))
            .collect();
        assert_eq!(found, wanted(table), "{}", table.name);
    }
}

#[test]
fn the_analyser_names_what_a_query_gets_wrong() {
    let query = "Okta_CL\n| where nope_s == 'x'\n| extend y = fnope(1)";
    let analyses = kusto::analyse(&[
        Query::new("wrong", query),
        Query::new("no table", "Nope_CL"),
        Query::new(
            "right",
            "Okta_CL | summarize n = dcount(uuid_g) by bin(TimeGenerated, 1h)",
        ),
    ]);
    let codes = |index: usize| -> Vec<&str> {
        let found = analyses[index].diagnostics.iter();
        found.map(|diagnostic| diagnostic.code.as_str()).collect()
    };
    assert_eq!(codes(0), ["KS142", "KS211"]);
    assert!(
        analyses[0].diagnostics[0]
            .to_string()
            .starts_with("2:9 KS142 `nope_s`: "),
        "{}",
        analyses[0].diagnostics[0]
    );
    assert_eq!(codes(1), ["KS142"]);
    assert!(codes(2).is_empty());
}

#[test]
fn a_functions_own_mistakes_are_found() {
    let function = |body: &str| kusto::Function {
        name: "OktaSince".to_owned(),
        parameters: "since:datetime, least:int=5".to_owned(),
        body: body.to_owned(),
    };
    let with = |body: &str| Query {
        functions: vec![function(body)],
        ..Query::new("call", "OktaSince(ago(1h)) | project uuid_g, n")
    };
    let right = "Okta_CL | where TimeGenerated > since | extend n = least";
    let wrong = "Okta_CL\n| where TimeGenerated > until | extend n = least";
    let analyses = kusto::analyse(&[with(right), with(wrong)]);
    assert!(
        analyses[0].diagnostics.is_empty(),
        "{:?}",
        analyses[0].diagnostics
    );
    let said = analyses[1].diagnostics[0].to_string();
    assert!(said.starts_with("OktaSince 2:25 KS142 `until`: "), "{said}");
}
