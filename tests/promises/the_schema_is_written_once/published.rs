//! The schema against what Microsoft publishes: the classic table, and Azure's resource schemas.

use std::collections::{BTreeMap, BTreeSet};

use okta_rows::schema::{COLUMNS, Origin};
use okta_sentinel::log_analytics::tables;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{resource, rule};
use crate::support::parts;
use crate::support::shared_data::{shared_data, shared_text};

/// Columns of the classic table that the service adds.
const STANDARD: [&str; 9] = [
    "TenantId",
    "SourceSystem",
    "MG",
    "ManagementGroupName",
    "TimeGenerated",
    "Computer",
    "RawData",
    "Type",
    "_ResourceId",
];

#[test]
fn the_64_classic_columns_are_microsofts_by_name_and_type() {
    let Some(text) = shared_text("data/okta_cl-columns.json") else {
        return;
    };
    let document: Value = serde_json::from_str(&text).unwrap();
    let published: BTreeMap<String, String> = document["Properties"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| {
            let text = |key: &str| column[key].as_str().unwrap().to_owned();
            (text("Name"), text("Type").to_lowercase())
        })
        .filter(|(name, _)| !STANDARD.contains(&name.as_str()))
        .collect();
    let ours: BTreeMap<String, String> = COLUMNS
        .iter()
        .filter(|column| column.origin == Origin::Classic)
        .map(|column| {
            let kind = column.kind.column_type().replace("real", "double");
            (column.classic_name(), kind)
        })
        .collect();
    assert_eq!(ours.len(), 64);
    assert_eq!(ours, published);
    let added: BTreeSet<String> = COLUMNS
        .iter()
        .filter(|column| column.origin == Origin::Added)
        .map(|column| column.classic_name())
        .collect();
    assert!(added.iter().all(|name| !published.contains_key(name)));
}

#[derive(Serialize)]
struct Question {
    name: String,
    schema: &'static str,
    resource: Value,
}

#[derive(Deserialize)]
struct Answer {
    name: String,
    problems: Vec<String>,
}

const TABLES: &str =
    "2025-07-01/Microsoft.OperationalInsights.json#/resourceDefinitions/workspaces_tables";
const RULES: &str = "2023-03-11/Microsoft.Insights.json#/resourceDefinitions/dataCollectionRules";

/// The problems of each resource; `None` where the schemas are not there.
fn problems(questions: &[Question]) -> Option<Vec<Answer>> {
    let schemas = shared_data("data/arm-schemas")?;
    let mut python = parts::python();
    python
        .arg(parts::checkout("tests/parts/arm_schema.py"))
        .arg(schemas);
    Some(parts::ask(&mut python, questions))
}

/// A table's resource. The schema spells one type otherwise than the service's own pages do, and
/// the service takes both.
fn table_resource(mut schema: Value) -> Question {
    for column in schema["columns"].as_array_mut().unwrap() {
        if column["type"] == "datetime" {
            column["type"] = "dateTime".into();
        }
    }
    let name = schema["name"].as_str().unwrap().to_owned();
    let resource = json!({
        "type": "Microsoft.OperationalInsights/workspaces/tables",
        "apiVersion": "2025-07-01",
        "name": name,
        "properties": { "plan": "Analytics", "schema": schema },
    });
    Question {
        name,
        schema: TABLES,
        resource,
    }
}

/// The rule's resource. The schema knows neither streams of one's own nor the kind `Direct`, both
/// of which the service's pages describe; the promise about the rule looks at those.
fn rule_resource(rule: &Value) -> Question {
    let mut properties = rule["properties"].clone();
    for flow in properties["dataFlows"].as_array_mut().unwrap() {
        flow["streams"] = "[variables('streams')]".into();
    }
    properties["destinations"] = json!({ "logAnalytics": [{
        "name": "workspace",
        "workspaceResourceId": "[variables('workspace')]",
    }]});
    let resource = json!({
        "type": "Microsoft.Insights/dataCollectionRules",
        "apiVersion": "2023-03-11",
        "name": "okta",
        "location": "westeurope",
        "properties": properties,
    });
    Question {
        name: "rule".to_owned(),
        schema: RULES,
        resource,
    }
}

#[test]
fn azures_schemas_take_every_table_and_the_rule() {
    let mut questions: Vec<Question> = tables::ALL
        .iter()
        .map(|table| table_resource(resource(table)))
        .collect();
    questions.push(rule_resource(&rule()));
    for answer in problems(&questions).unwrap_or_default() {
        assert!(
            answer.problems.is_empty(),
            "{}: {:?}",
            answer.name,
            answer.problems
        );
    }
}

#[test]
fn azures_schemas_refuse_what_the_service_would() {
    let mut rule = rule();
    rule["properties"]["streamDeclarations"]["Custom-Okta_CL"]["columns"][1]["type"] =
        "guid".into();
    let mut table = resource(&tables::OKTA);
    table["columns"][1]["type"] = "text".into();
    let questions = [rule_resource(&rule), table_resource(table)];
    for answer in problems(&questions).unwrap_or_default() {
        assert!(!answer.problems.is_empty(), "{}", answer.name);
    }
}
