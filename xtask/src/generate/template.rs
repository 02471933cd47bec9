//! The columns inside the deployment template, whose other parts people write.
//!
//! A template is read as text with places in it, not as a tree that is written out again, so that
//! all else keeps its order and its layout. Columns are put wherever a table's schema or a rule's
//! stream of ours is found, in nested templates too; tables and streams of other names are left
//! alone, as is a list that an expression stands for.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::Context as _;
use okta_sentinel::log_analytics::tables::Table;
use serde_json::value::RawValue;

use super::json::{declared, described};

/// Where the template is, seen from the checkout's root.
pub(super) const PATH: &str = "azuredeploy.json";

const TABLES: [&str; 2] = ["Microsoft.OperationalInsights/workspaces/tables", "tables"];
const RULE: &str = "Microsoft.Insights/dataCollectionRules";

type Object<'a> = BTreeMap<String, &'a RawValue>;

/// A new text for a place in the template.
#[derive(Debug)]
struct Edit {
    place: Range<usize>,
    text: String,
}

/// The template with the columns of `tables`.
///
/// # Errors
/// The text is no JSON.
pub(super) fn with_columns(text: &str, tables: &[&Table]) -> anyhow::Result<String> {
    let root: &RawValue = serde_json::from_str(text).context("it is no JSON")?;
    let mut reader = Reader {
        text,
        tables,
        edits: Vec::new(),
    };
    reader.visit(root);
    let mut updated = text.to_owned();
    // From the end on, so that the places before it stay where they are.
    reader.edits.sort_by_key(|edit| edit.place.start);
    for edit in reader.edits.into_iter().rev() {
        updated.replace_range(edit.place, &edit.text);
    }
    Ok(updated)
}

struct Reader<'a> {
    text: &'a str,
    tables: &'a [&'a Table],
    edits: Vec<Edit>,
}

impl<'a> Reader<'a> {
    fn visit(&mut self, value: &'a RawValue) {
        if let Some(object) = object(value) {
            self.resource(&object);
            for below in object.values() {
                self.visit(below);
            }
        } else if let Ok(items) = serde_json::from_str::<Vec<&'a RawValue>>(value.get()) {
            for item in items {
                self.visit(item);
            }
        }
    }

    fn resource(&mut self, resource: &Object<'a>) {
        let Some(kind) = string(resource, "type") else {
            return;
        };
        let properties = below(resource, "properties").unwrap_or_default();
        if TABLES.iter().any(|table| kind.eq_ignore_ascii_case(table)) {
            self.table(&below(&properties, "schema").unwrap_or_default());
        } else if kind.eq_ignore_ascii_case(RULE) {
            self.rule(&below(&properties, "streamDeclarations").unwrap_or_default());
        }
    }

    fn table(&mut self, schema: &Object<'a>) {
        let name = string(schema, "name");
        let table = self.tables.iter().find(|table| name == Some(table.name));
        if let (Some(table), Some(columns)) = (table, schema.get("columns")) {
            self.put(columns, |indent| described(table, indent));
        }
    }

    fn rule(&mut self, streams: &Object<'a>) {
        for table in self.tables {
            let stream = below(streams, &table.stream()).unwrap_or_default();
            if let Some(columns) = stream.get("columns") {
                self.put(columns, |indent| declared(table, indent));
            }
        }
    }

    fn put(&mut self, list: &'a RawValue, write: impl Fn(&str) -> String) {
        if !list.get().starts_with('[') {
            return;
        }
        // Raw values are slices of the text that they were read from.
        let start = list.get().as_ptr() as usize - self.text.as_ptr() as usize;
        let line = self.text.get(..start).unwrap_or_default();
        let line = line.rsplit('\n').next().unwrap_or_default();
        let indent = line.len() - line.trim_start().len();
        self.edits.push(Edit {
            place: start..start + list.get().len(),
            text: write(line.get(..indent).unwrap_or_default()),
        });
    }
}

fn object(value: &RawValue) -> Option<Object<'_>> {
    serde_json::from_str(value.get()).ok()
}

fn below<'a>(object: &Object<'a>, key: &str) -> Option<Object<'a>> {
    self::object(object.get(key)?)
}

fn string<'a>(object: &Object<'a>, key: &str) -> Option<&'a str> {
    serde_json::from_str(object.get(key)?.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use okta_sentinel::log_analytics::tables;
    use serde_json::Value;

    const TEMPLATE: &str = r#"{
  "zebra": "stays first",
  "resources": [
    { "type": "Microsoft.Resources/deployments", "properties": { "template": { "resources": [
      {
        "type": "Microsoft.OperationalInsights/workspaces/tables",
        "name": "[concat(parameters('w'), '/Okta_CL')]",
        "properties": {
          "schema": {
            "name": "Okta_CL",
            "columns": [{ "name": "TimeGenerated", "type": "datetime" }]
          }
        }
      },
      {
        "type": "Microsoft.OperationalInsights/workspaces/tables",
        "properties": { "schema": { "name": "Other_CL", "columns": [] } }
      },
      {
        "type": "Microsoft.Insights/dataCollectionRules",
        "properties": {
          "streamDeclarations": {
            "Custom-OktaConnectorHealth_CL": { "columns": [] },
            "Custom-Other_CL": { "columns": [] },
            "Custom-Okta_CL": { "columns": "[variables('columns')]" }
          }
        }
      }
    ] } } }
  ],
  "alpha": "stays last"
}
"#;

    #[test]
    fn columns_are_put_where_our_tables_and_streams_are_and_nowhere_else() {
        let updated = with_columns(TEMPLATE, &tables::ALL).unwrap();
        let document: Value = serde_json::from_str(&updated).unwrap();
        let resources = &document["resources"][0]["properties"]["template"]["resources"];
        let columns = &resources[0]["properties"]["schema"]["columns"];
        assert_eq!(
            columns.as_array().unwrap().len(),
            tables::OKTA.described_columns().count()
        );
        assert_eq!(
            resources[1]["properties"]["schema"]["columns"],
            Value::Array(Vec::new())
        );
        let streams = &resources[2]["properties"]["streamDeclarations"];
        let health = streams["Custom-OktaConnectorHealth_CL"]["columns"]
            .as_array()
            .unwrap();
        let due = tables::CONNECTOR_HEALTH.described_columns().count();
        assert_eq!(health.len(), due);
        assert!(
            health
                .iter()
                .all(|column| column.get("description").is_none())
        );
        assert_eq!(
            streams["Custom-Other_CL"]["columns"],
            Value::Array(Vec::new())
        );
        assert_eq!(
            streams["Custom-Okta_CL"]["columns"],
            "[variables('columns')]"
        );
    }

    #[test]
    fn all_else_keeps_its_order_and_its_layout() {
        let updated = with_columns(TEMPLATE, &tables::ALL).unwrap();
        assert!(updated.starts_with("{\n  \"zebra\": \"stays first\",\n"));
        assert!(updated.ends_with("  \"alpha\": \"stays last\"\n}\n"));
        assert!(
            updated.contains(
                "\n              { \"name\": \"TimeGenerated\", \"type\": \"datetime\", "
            )
        );
        assert_eq!(with_columns(&updated, &tables::ALL).unwrap(), updated);
    }
}
