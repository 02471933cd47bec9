//! Lists of columns as JSON, a column a line: a changed column is a changed line.

use okta_sentinel::log_analytics::tables::Column;
use serde_json::Value;

/// Columns of a table, with what each holds.
pub(super) fn described(columns: &[Column], indent: &str) -> String {
    list(columns, indent, |column| {
        format!(
            "{{ {}, \"description\": {} }}",
            named(column),
            quoted(column.doc)
        )
    })
}

/// Columns of a stream, which takes no descriptions.
pub(super) fn declared(columns: &[Column], indent: &str) -> String {
    list(columns, indent, |column| format!("{{ {} }}", named(column)))
}

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn named(column: &Column) -> String {
    format!(
        "\"name\": {}, \"type\": {}",
        quoted(&column.name),
        quoted(column.kind.column_type())
    )
}

/// `indent` is that of the line on which the list begins.
fn list(columns: &[Column], indent: &str, line: impl Fn(&Column) -> String) -> String {
    let lines: Vec<String> = columns
        .iter()
        .map(|column| format!("{indent}  {}", line(column)))
        .collect();
    format!("[\n{}\n{indent}]", lines.join(",\n"))
}
