//! Lists of columns as JSON, a column a line: a changed column is a changed line.

use okta_rows::schema::Kind;
use okta_sentinel::log_analytics::tables::Table;
use serde_json::Value;

/// Columns of a table, with what each holds.
pub(super) fn described(table: &Table, indent: &str) -> String {
    list(table, indent, |name, kind, doc| {
        format!(
            "{{ {}, \"description\": {} }}",
            named(name, kind),
            quoted(doc)
        )
    })
}

/// Columns of a stream, which takes no descriptions.
pub(super) fn declared(table: &Table, indent: &str) -> String {
    list(table, indent, |name, kind, _| {
        format!("{{ {} }}", named(name, kind))
    })
}

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn named(name: &str, kind: Kind) -> String {
    format!(
        "\"name\": {}, \"type\": {}",
        quoted(name),
        quoted(kind.column_type())
    )
}

/// `indent` is that of the line on which the list begins.
fn list(table: &Table, indent: &str, line: impl Fn(&str, Kind, &str) -> String) -> String {
    let columns = table.described_columns();
    let lines = columns.map(|(name, kind, doc)| format!("{indent}  {}", line(&name, kind, doc)));
    let lines: Vec<String> = lines.collect();
    format!("[\n{}\n{indent}]", lines.join(",\n"))
}
