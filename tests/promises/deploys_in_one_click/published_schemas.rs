//! Every resource holds against the schema that its service publishes, and uses no name that the
//! schema does not know. Checkov then looks at the whole.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::deployment::Resource;
use super::{RULE, TABLE, every_way, file};
use crate::support::parts;
use crate::support::shared_data::shared_data;

#[derive(Clone, Debug, Serialize)]
struct Question {
    name: String,
    schema: String,
    resource: Value,
}

#[derive(Debug, Deserialize)]
struct Answer {
    name: String,
    problems: Vec<String>,
}

/// What is wrong with each: against the schema, and in its names.
fn problems(schemas: &Path, questions: &[Question]) -> Vec<String> {
    let mut found = Vec::new();
    for script in ["tests/parts/arm_schema.py", "tests/parts/arm_names.py"] {
        let mut python = parts::python();
        python.arg(parts::checkout(script)).arg(schemas);
        let answers: Vec<Answer> = parts::ask(&mut python, questions);
        let lines = answers.into_iter().flat_map(|Answer { name, problems }| {
            problems
                .into_iter()
                .map(move |problem| format!("{name} {problem}"))
        });
        found.extend(lines);
    }
    found
}

/// What the service takes and its schema refuses, and what stands in for it.
fn adapted(resource: &Resource) -> Value {
    let mut body = resource.body.clone();
    let fields = body.as_object_mut().unwrap();
    // Every extension resource has a scope; the schemas say nothing of it.
    fields.remove("scope");
    let name = fields["name"].as_str().unwrap().to_owned();
    // Elsewhere a child's name is the last part of it.
    if !resource.kind.starts_with("Microsoft.Web/") {
        fields["name"] = json!(name.rsplit('/').next());
    }
    match resource.kind.as_str() {
        "Microsoft.ManagedIdentity/userAssignedIdentities" => {
            fields.insert("properties".to_owned(), json!({}));
        }
        RULE => {
            assert_eq!(fields.remove("kind"), Some(json!("Direct")));
            for flow in body["properties"]["dataFlows"].as_array_mut().unwrap() {
                flow["streams"] = json!("[custom streams]");
            }
        }
        TABLE => {
            for column in body["properties"]["schema"]["columns"]
                .as_array_mut()
                .unwrap()
            {
                if column["type"] == "datetime" {
                    column["type"] = json!("dateTime");
                }
            }
        }
        "Microsoft.Web/sites/extensions" => {
            // The schema knows the properties of MSDeploy alone; onedeploy documents this one.
            let properties = body["properties"].as_object_mut().unwrap();
            assert_eq!(properties.remove("remoteBuild"), Some(json!(false)));
        }
        _ => {}
    }
    body
}

fn question(resource: &Resource) -> Question {
    let kind = &resource.kind;
    let (provider, types) = kind.split_once('/').unwrap();
    let file = match kind.as_str() {
        "Microsoft.Insights/components" => "Microsoft.Insights.Application",
        _ => provider,
    };
    let group = match kind.as_str() {
        "Microsoft.Insights/diagnosticSettings" => "extension_resourceDefinitions",
        _ => "resourceDefinitions",
    };
    let version = resource.body["apiVersion"].as_str().unwrap();
    Question {
        name: resource.id.rsplit('/').next().unwrap().to_owned(),
        schema: format!("{version}/{file}.json#/{group}/{}", types.replace('/', "_")),
        resource: adapted(resource),
    }
}

#[test]
fn every_resource_holds_against_its_published_schema() {
    let Some(schemas) = shared_data("data/arm-schemas") else {
        return;
    };
    let questions: Vec<Question> = every_way()
        .iter()
        .flat_map(|way| way.resources.iter().map(question))
        .collect();
    let found = problems(&schemas, &questions);
    // What the service takes and the schema's own alternatives contradict one another over.
    let alarms = ["is valid under each of"];
    let found: BTreeSet<_> = found
        .into_iter()
        .filter(|it| !alarms.iter().any(|alarm| it.contains(alarm)))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_misspelt_name_and_a_wrong_value_are_found() {
    let Some(schemas) = shared_data("data/arm-schemas") else {
        return;
    };
    let ways = every_way();
    let mut wrong = question(ways[0].only(super::STORAGE));
    wrong.resource["properties"]["minimumTlsVersions"] = json!("TLS1_2");
    wrong.resource["properties"]["allowBlobPublicAccess"] = json!("no");
    let found = problems(&schemas, &[wrong]).join("\n");
    assert!(
        found.contains("minimumTlsVersions: no property of that name"),
        "{found}"
    );
    assert!(found.contains("allowBlobPublicAccess"), "{found}");
}

#[test]
fn templates_form_and_page_hold_against_their_schemas() {
    let Some(schemas) = shared_data("data/arm-schemas") else {
        return;
    };
    let ask = |name: &str, schema: &str, resource: Value| Question {
        name: name.to_owned(),
        schema: schema.to_owned(),
        resource,
    };
    let envelope = |name: &str| {
        let mut template = file(name);
        template["resources"] = json!([]);
        ask(name, "2019-04-01/deploymentTemplate.json#", template)
    };
    let definition = "sentinel/connector/OktaSentinel_definition.json";
    let mut page = file(definition)["resources"][0].clone();
    page.as_object_mut()
        .unwrap()
        .retain(|name, _| name == "kind" || name == "properties");
    // Documented, and shown by every page; the schema of this version leaves them out.
    let config = page["properties"]["connectorUiConfig"]
        .as_object_mut()
        .unwrap();
    for name in ["sampleQueries", "graphQueriesTableName"] {
        assert!(config.remove(name).is_some(), "{name}");
    }
    let found = problems(
        &schemas,
        &[
            envelope("azuredeploy.json"),
            envelope(definition),
            ask(
                "form",
                "0.1.2-preview/CreateUIDefinition.MultiVm.json#",
                known_form(),
            ),
            ask(
                "page",
                "2025-09-01/Microsoft.SecurityInsights.json#/definitions/CustomizableConnectorDefinition",
                page,
            ),
            ask(
                "older page",
                "2021-03-01-preview/Microsoft.SecurityInsights.json#/definitions/CodelessUiDataConnector",
                older_page(),
            ),
        ],
    );
    assert!(found.is_empty(), "{found:#?}");
}

/// The form less what the portal documents and the schema of 0.1.2-preview does not know.
fn known_form() -> Value {
    let mut form = file("createUiDefinition.json");
    let config = form["parameters"]["config"].as_object_mut().unwrap();
    assert_eq!(config.remove("isWizard"), Some(json!(false)));
    assert!(
        config["basics"]
            .as_object_mut()
            .unwrap()
            .remove("resourceGroup")
            .is_some()
    );
    let strange = [
        "Microsoft.Solutions.ResourceSelector",
        "Microsoft.Common.TagsByResource",
    ];
    for step in form["parameters"]["steps"].as_array_mut().unwrap() {
        let elements = step["elements"].as_array_mut().unwrap();
        elements.retain(|element| !strange.contains(&element["type"].as_str().unwrap()));
        if elements.is_empty() {
            elements.push(json!({ "name": "stand", "type": "Microsoft.Common.TextBlock", "options": { "text": "in" } }));
        }
    }
    form
}

fn older_page() -> Value {
    let mut config = file("sentinel/connector/OktaSentinel.json");
    let fields = config.as_object_mut().unwrap();
    fields.remove("id").unwrap();
    // What solutions are packed from has a plural that the API does not.
    let criteria = fields.remove("connectivityCriterias").unwrap();
    fields.insert("connectivityCriteria".to_owned(), criteria);
    config["availability"]["status"] = json!("1");
    json!({ "kind": "GenericUI", "properties": { "connectorUiConfig": config } })
}

/// Checks that do not fit, and why.
const SKIPPED: &[(&str, &str)] = &[
    (
        "CKV_AZURE_13",
        "nobody signs in: no function of the app is called over HTTP",
    ),
    (
        "CKV_AZURE_17",
        "no client calls it, so there is none to have a certificate",
    ),
    (
        "CKV_AZURE_35",
        "the app reaches storage over its public endpoint; a network of its own is another product, and shared keys are off",
    ),
    (
        "CKV_AZURE_41",
        "Okta says when a credential ends; a date in the vault would end it earlier and unasked",
    ),
    (
        "CKV_AZURE_63",
        "Flex Consumption has no HTTP logs of a site; requests are in Application Insights",
    ),
    ("CKV_AZURE_65", "nobody browses the site"),
    ("CKV_AZURE_66", "as the HTTP logs"),
    ("CKV_AZURE_80", "no .NET is used"),
    (
        "CKV_AZURE_88",
        "state is in blobs; Azure Files would need a shared key",
    ),
    ("CKV_AZURE_109", "as storage: access is by role alone"),
    ("CKV_AZURE_189", "as storage: access is by role alone"),
    (
        "CKV_AZURE_206",
        "the cursor can be lost without loss of events: a first run reads 90 days",
    ),
    (
        "CKV_AZURE_212",
        "a timer needs no second instance; the next tick is its retry",
    ),
    (
        "CKV_AZURE_213",
        "Flex Consumption replaces what does not answer by itself",
    ),
    (
        "CKV_AZURE_222",
        "the portal's Test/Run and the deployment reach the app over its public address, by key and by role",
    ),
    (
        "CKV_AZURE_225",
        "a run that its zone takes down goes on at the next tick",
    ),
];

#[test]
fn checkov_finds_nothing_that_was_not_weighed() {
    let folder = tempfile::tempdir().unwrap();
    let mut failed = BTreeSet::new();
    let ways = every_way();
    // The first and the last differ in everything that there is to choose.
    for (name, way) in [("rule.json", &ways[0]), ("key.json", ways.last().unwrap())] {
        let resources: Vec<&Value> = way.resources.iter().map(|one| &one.body).collect();
        let template = json!({
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "resources": resources,
        });
        std::fs::write(folder.path().join(name), template.to_string()).unwrap();
    }
    let mut checkov = parts::python();
    let options = [
        "-m",
        "checkov.main",
        "--framework",
        "arm",
        "--compact",
        "--skip-download",
        "--output",
        "json",
        "--directory",
    ];
    let output = checkov.args(options).arg(folder.path()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert!(
        report["summary"]["passed"].as_u64().unwrap() > 40,
        "{}",
        report["summary"]
    );
    for found in report["results"]["failed_checks"].as_array().unwrap() {
        failed.insert(found["check_id"].as_str().unwrap().to_owned());
    }
    let weighed: BTreeSet<String> = SKIPPED
        .iter()
        .map(|(check, _)| (*check).to_owned())
        .collect();
    assert_eq!(failed, weighed, "found, against weighed");
}
