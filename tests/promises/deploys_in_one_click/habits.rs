//! The rules of arm-ttk that matter here.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::expression::{self, Expression};
use super::file;

/// Every text of a document.
pub(crate) fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(list) => list.iter().for_each(|one| texts(one, found)),
        Value::Object(map) => map.iter().for_each(|(name, one)| {
            found.push(name);
            texts(one, found);
        }),
        _ => {}
    }
}

/// The template and those inside it, without what is inside them.
fn templates(template: &Value) -> Vec<Value> {
    let mut own = template.clone();
    let mut all = Vec::new();
    for resource in own["resources"].as_array_mut().unwrap() {
        if let Some(inner) = resource.pointer_mut("/properties/template") {
            all.extend(templates(&std::mem::replace(inner, json!("inside"))));
        }
    }
    all.insert(0, own);
    all
}

/// Names that `function('name')` is called with anywhere in the value.
fn called_with(value: &Value, function: &str) -> BTreeSet<String> {
    let (mut found, mut names) = (Vec::new(), BTreeSet::new());
    texts(value, &mut found);
    for expression in found.into_iter().filter_map(expression::read) {
        expression::calls(&expression, &mut |name, arguments| {
            if let (true, [Expression::Text(argument)]) = (name == function, arguments) {
                names.insert(argument.clone());
            }
        });
    }
    names
}

fn names(of: Option<&Value>) -> BTreeSet<String> {
    of.and_then(Value::as_object)
        .map(|map| map.keys().cloned().collect())
        .unwrap_or_default()
}

fn each(of: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    of.and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}

#[test]
fn whatever_is_declared_is_described_and_used() {
    for template in templates(&file("azuredeploy.json")) {
        let used = called_with(&template, "parameters");
        assert_eq!(used, names(template.get("parameters")), "parameters");
        assert_eq!(
            called_with(&template, "variables"),
            names(template.get("variables")),
            "variables"
        );
        for kind in ["parameters", "outputs"] {
            for (name, one) in each(template.get(kind)) {
                let description = one["metadata"]["description"].as_str().unwrap_or_default();
                assert!(description.ends_with('.'), "{name} is not described");
            }
        }
    }
}

#[test]
fn a_secret_has_no_default_and_is_in_no_output() {
    for template in templates(&file("azuredeploy.json")) {
        let secret = |one: &Value| {
            one["type"]
                .as_str()
                .unwrap()
                .to_lowercase()
                .starts_with("secure")
        };
        let secrets: BTreeSet<String> = each(template.get("parameters"))
            .filter(|(_, one)| secret(one))
            .map(|(name, _)| name.clone())
            .collect();
        for (name, one) in each(template.get("parameters")) {
            let suspect = ["key", "token", "password", "secret"]
                .iter()
                .any(|it| name.to_lowercase().ends_with(it));
            assert!(
                !suspect || secrets.contains(name),
                "{name} should be a securestring"
            );
            assert!(
                !secrets.contains(name) || one.get("defaultValue").is_none_or(|it| it == ""),
                "{name}"
            );
        }
        if let Some(outputs) = template.get("outputs") {
            assert!(called_with(outputs, "parameters").is_disjoint(&secrets));
            assert!(!outputs.to_string().to_lowercase().contains("listkeys"));
        }
    }
}

#[test]
fn no_place_is_written_down() {
    let template = file("azuredeploy.json");
    for part in templates(&template) {
        for resource in part["resources"].as_array().unwrap() {
            let location = resource.get("location").and_then(Value::as_str);
            let global = resource["type"] == "Microsoft.Insights/actionGroups";
            let due = if global {
                "global"
            } else {
                "[parameters('location')]"
            };
            assert!(
                location.is_none_or(|it| it == due),
                "{} is in {location:?}",
                resource["type"]
            );
        }
    }
    let mut found = Vec::new();
    texts(&template, &mut found);
    for text in found {
        let cloud = [
            "core.windows.net",
            "vault.azure.net",
            "azure.com",
            "azure.us",
            "azure.cn",
            "opinsights.azure",
        ];
        let hit = cloud.iter().find(|it| text.contains(**it));
        assert!(
            hit.is_none() || text.starts_with("https://schema.management.azure.com/"),
            "{text}"
        );
    }
}

#[test]
fn ids_are_made_by_functions_and_nothing_is_blank() {
    for template in templates(&file("azuredeploy.json")) {
        for resource in template["resources"].as_array().unwrap() {
            let (mut found, blank) = (Vec::new(), ["null", "[]", "\"\""]);
            texts(resource, &mut found);
            assert!(
                !found.iter().any(|it| it.contains("'/subscriptions/")),
                "{}",
                resource["name"]
            );
            let written = resource.to_string();
            assert!(
                !blank.iter().any(|it| written.contains(&format!(":{it}"))),
                "{written}"
            );
            for need in resource["dependsOn"].as_array().into_iter().flatten() {
                let need = need.as_str().unwrap();
                assert!(
                    need.starts_with("[resourceId(") || need.ends_with("Id')]"),
                    "{need}"
                );
            }
        }
    }
}
