//! `sentinel/package/detections.json`: an ARM template of functions, watchlists and rules.

use std::fs;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::content::{Content, Document};
use crate::checkout;

const RULES: &str = "Microsoft.OperationalInsights/workspaces/providers/alertRules";
const WATCHLISTS: &str = "Microsoft.OperationalInsights/workspaces/providers/Watchlists";
const FUNCTIONS: &str = "Microsoft.OperationalInsights/workspaces/savedSearches";

/// The template.
pub(super) fn text(content: &Content) -> anyhow::Result<String> {
    let mut resources = Vec::new();
    for parser in &content.parsers {
        resources.push(function(parser)?);
    }
    for list in &content.watchlists {
        resources.push(watchlist(list)?);
    }
    // A rule is refused while its query does not resolve.
    let first: Vec<Value> = resources.iter().filter_map(resource_id).collect();
    for document in &content.rules {
        resources.push(rule(document, &first)?);
    }
    let template = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "workspace": {
                "type": "string",
                "metadata": { "description": "The Log Analytics workspace that Sentinel is enabled on" },
            },
            "rulesEnabled": {
                "type": "bool",
                "defaultValue": true,
                "metadata": { "description": "Whether the rules run at once" },
            },
        },
        "resources": resources,
    });
    Ok(serde_json::to_string_pretty(&template)? + "\n")
}

fn function(parser: &Document) -> anyhow::Result<Value> {
    let is_asim = parser.yaml.get("ParserQuery").is_some();
    let (name, query) = if is_asim {
        ("ParserName", "ParserQuery")
    } else {
        ("FunctionAlias", "FunctionQuery")
    };
    let alias = parser.text(name)?;
    let mut properties = json!({
        "category": if is_asim { "ASIM" } else { "Microsoft Sentinel Parser" },
        "displayName": alias,
        "functionAlias": alias,
        "query": literal(parser.text(query)?),
        "version": 2,
    });
    if let Some(parameters) = parameters(parser) {
        set(&mut properties, "functionParameters", parameters.into());
    }
    Ok(json!({
        "type": FUNCTIONS,
        "apiVersion": "2025-07-01",
        "name": format!("[concat(parameters('workspace'), '/{alias}')]"),
        "properties": properties,
    }))
}

/// `disabled:bool=False`, as functions declare what they take.
fn parameters(parser: &Document) -> Option<String> {
    let list = parser.yaml.get("ParserParams")?.as_array()?;
    let declared = list.iter().filter_map(|parameter| {
        let (name, kind) = (
            parameter.get("Name")?.as_str()?,
            parameter.get("Type")?.as_str()?,
        );
        Some(format!("{name}:{kind}={}", parameter.get("Default")?))
    });
    Some(declared.collect::<Vec<_>>().join(","))
}

fn watchlist(list: &Document) -> anyhow::Result<Value> {
    let alias = list.text("alias")?;
    let source = list.text("source")?;
    let path = checkout::root().join("sentinel/watchlists").join(source);
    let rows =
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(json!({
        "type": WATCHLISTS,
        "apiVersion": "2025-09-01",
        "name": format!("[concat(parameters('workspace'), '/Microsoft.SecurityInsights/{alias}')]"),
        "properties": {
            "displayName": list.text("displayName")?,
            "description": list.text("description")?,
            "provider": list.text("provider")?,
            "source": source,
            "watchlistAlias": alias,
            "itemsSearchKey": list.text("itemsSearchKey")?,
            "contentType": "text/csv",
            "numberOfLinesToSkip": 0,
            "rawContent": rows,
        },
    }))
}

fn rule(rule: &Document, after: &[Value]) -> anyhow::Result<Value> {
    let mut grouping = rule.value("incidentConfiguration")?.clone();
    if let Some(group) = grouping.pointer_mut("/groupingConfiguration") {
        let lookback = group
            .get("lookbackDuration")
            .and_then(Value::as_str)
            .map(iso)
            .transpose()?;
        set(group, "lookbackDuration", lookback.into());
        for empty in ["groupByAlertDetails", "groupByCustomDetails"] {
            set(group, empty, json!([]));
        }
    }
    let (whole, sub): (Vec<&str>, Vec<&str>) = rule
        .texts("relevantTechniques")?
        .into_iter()
        .partition(|technique| !technique.contains('.'));
    let mut techniques: Vec<&str> = whole;
    techniques.extend(
        sub.iter()
            .filter_map(|technique| technique.split('.').next()),
    );
    techniques.sort_unstable();
    techniques.dedup();
    let id = rule.text("id")?;
    Ok(json!({
        "type": RULES,
        "apiVersion": "2025-09-01",
        "name": format!("[concat(parameters('workspace'), '/Microsoft.SecurityInsights/{id}')]"),
        "kind": "Scheduled",
        "dependsOn": after,
        "properties": {
            "displayName": rule.text("name")?,
            "description": rule.text("description")?.trim(),
            "severity": rule.text("severity")?,
            "enabled": "[parameters('rulesEnabled')]",
            "query": literal(rule.text("query")?),
            "queryFrequency": iso(rule.text("queryFrequency")?)?,
            "queryPeriod": iso(rule.text("queryPeriod")?)?,
            "triggerOperator": operator(rule.text("triggerOperator")?)?,
            "triggerThreshold": rule.value("triggerThreshold")?,
            "suppressionDuration": "PT5H",
            "suppressionEnabled": false,
            "tactics": rule.value("tactics")?,
            "techniques": techniques,
            "subTechniques": sub,
            "eventGroupingSettings": rule.value("eventGroupingSettings")?,
            "entityMappings": rule.value("entityMappings")?,
            "customDetails": rule.value("customDetails")?,
            "alertDetailsOverride": rule.value("alertDetailsOverride")?,
            "incidentConfiguration": grouping,
            "templateVersion": rule.text("version")?,
        },
    }))
}

/// What `dependsOn` says for a resource.
fn resource_id(resource: &Value) -> Option<Value> {
    let (kind, name) = (
        resource.get("type")?.as_str()?,
        resource.get("name")?.as_str()?,
    );
    let last = name.rsplit('/').next()?.trim_end_matches("')]");
    Some(if kind == FUNCTIONS {
        format!("[resourceId('{kind}', parameters('workspace'), '{last}')]").into()
    } else {
        format!("[resourceId('{kind}', parameters('workspace'), 'Microsoft.SecurityInsights', '{last}')]").into()
    })
}

/// Text that ARM does not take for an expression.
fn literal(text: &str) -> String {
    if text.starts_with('[') {
        format!("[{text}")
    } else {
        text.to_owned()
    }
}

fn operator(short: &str) -> anyhow::Result<&'static str> {
    Ok(match short {
        "gt" => "GreaterThan",
        "lt" => "LessThan",
        "eq" => "Equal",
        other => anyhow::bail!("no operator of a trigger: {other}"),
    })
}

/// `15m` is `PT15M`, `14d` is `P14D`.
fn iso(duration: &str) -> anyhow::Result<String> {
    let (number, unit) = duration
        .split_at_checked(duration.len().saturating_sub(1))
        .unwrap_or_default();
    number
        .parse::<u32>()
        .with_context(|| format!("no duration: {duration}"))?;
    match unit {
        "d" => Ok(format!("P{number}D")),
        "m" | "h" => Ok(format!("PT{}", duration.to_uppercase())),
        _ => anyhow::bail!("no duration: {duration}"),
    }
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_azure_reads_them() {
        assert_eq!(iso("15m").unwrap(), "PT15M");
        assert_eq!(iso("14d").unwrap(), "P14D");
        assert!(iso("often").is_err());
        assert!(iso("").is_err());
    }
}
