//! What Azure is told of the tables: the schema of each, and the rule that rows come in by.

use okta_sentinel::log_analytics::tables::Table;

use super::json::{declared, described, quoted};

/// `properties.schema` of a `Microsoft.OperationalInsights/workspaces/tables` resource.
pub(super) fn table(table: &Table) -> String {
    format!(
        "{{\n  \"name\": {},\n  \"description\": {},\n  \"columns\": {}\n}}\n",
        quoted(table.name),
        quoted(table.doc),
        described(table, "  ")
    )
}

/// The schema's part of a `Microsoft.Insights/dataCollectionRules` resource: a stream a table, its
/// rows taken over as they come. `Direct` gives the rule an ingestion endpoint of its own.
pub(super) fn rule(tables: &[&Table]) -> String {
    let streams: Vec<String> = tables.iter().copied().map(stream).collect();
    let flows: Vec<String> = tables.iter().copied().map(flow).collect();
    format!(
        "{{\n  \"kind\": \"Direct\",\n  \"properties\": {{\n    \"streamDeclarations\": {{\n{}\n    }},\n    \"dataFlows\": [\n{}\n    ]\n  }}\n}}\n",
        streams.join(",\n"),
        flows.join(",\n")
    )
}

fn stream(table: &Table) -> String {
    format!(
        "      {}: {{\n        \"columns\": {}\n      }}",
        quoted(&table.stream()),
        declared(table, "        ")
    )
}

fn flow(table: &Table) -> String {
    let stream = quoted(&table.stream());
    format!(
        "      {{ \"streams\": [{stream}], \"destinations\": [\"workspace\"], \"outputStream\": {stream} }}"
    )
}
