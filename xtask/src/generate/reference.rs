//! `docs/columns.md`: every column of every table, for people who write queries.

use std::fmt::Write as _;

use okta_rows::schema::{COLUMNS, Column, Kind, Origin};
use okta_sentinel::log_analytics::tables::{OKTA, TIME_GENERATED, Table};

/// The page.
pub(super) fn page(tables: &[&Table]) -> String {
    let mut page = String::from(
        "<!-- Written by `cargo xtask generate` from crates/okta-rows/src/schema.rs and src/log_analytics/tables.rs. -->\n\
         # Columns\n\n\
         A suffix tells a column's type: `_s` text, `_d` a number, `_b` true or false, `_t` a time,\n\
         `_g` a GUID as text. A column without a value is empty in its row. Text that is JSON is read\n\
         with `parse_json`. The service adds columns of its own, `TenantId` and `Type` among them.\n",
    );
    for table in tables {
        let _ = write!(page, "\n## {}\n\n{}.\n\n", table.name, table.doc);
        if table.name == OKTA.name {
            page.push_str(&events(table));
        } else {
            page.push_str(&plain(table));
        }
    }
    page
}

fn plain(table: &Table) -> String {
    let mut lines = String::from("| Column | Type | What it holds |\n|---|---|---|\n");
    for (name, kind, doc) in table.described_columns() {
        let (kind, doc) = (kind.column_type(), cell(doc));
        let _ = writeln!(lines, "| `{name}` | {kind} | {doc} |");
    }
    lines
}

fn events(table: &Table) -> String {
    let mut lines = String::from(
        "A *classic* column is one of the 64 of Microsoft's own connector, by its name; an *added* one\n\
         holds what that connector drops. A value that cannot have its column's type goes to\n\
         `additionalFields_s`.\n\n\
         | Column | Type | Where in Okta's event | Whose | What it holds |\n|---|---|---|---|---|\n",
    );
    let (kind, field, doc) = (
        Kind::Time.column_type(),
        table.time_field,
        cell(table.time_doc),
    );
    let _ = writeln!(
        lines,
        "| `{TIME_GENERATED}` | {kind} | `{field}` | service | {doc} |"
    );
    for column in COLUMNS {
        let _ = writeln!(lines, "{}", event_line(column));
    }
    lines + &renamed() + &twins()
}

fn event_line(column: &Column) -> String {
    let place = match column.path {
        "" => String::new(),
        path => format!("`{path}`"),
    };
    let origin = match column.origin {
        Origin::Classic => "classic",
        Origin::Added => "added",
    };
    let (kind, doc) = (column.kind.column_type(), cell(column.doc));
    format!(
        "| `{}` | {kind} | {place} | {origin} | {doc} |",
        column.name()
    )
}

fn renamed() -> String {
    let mut text = String::from(
        "\n### The renamed column\n\n\
         A name may have 45 characters. One classic name has 46: the Data Collector made such columns,\n\
         a table of today cannot have one. The column is called\n\n\
         | by the Data Collector | by Logs Ingestion |\n|---|---|\n",
    );
    for column in COLUMNS
        .iter()
        .filter(|column| column.name() != column.classic_name())
    {
        let _ = writeln!(
            text,
            "| `{}` | `{}` |",
            column.classic_name(),
            column.name()
        );
    }
    text
}

fn twins() -> String {
    let mut text = String::from(
        "\n### Twins\n\n\
         The Data Collector infers a column's type from each value. Text that looks like a GUID, 32\n\
         hexadecimal digits among it, ends in `_g`, other text in `_s`, so that these columns may each\n\
         have a twin that holds some rows' values. Logs Ingestion makes no twins; a table that the Data\n\
         Collector wrote before keeps those it has.\n\n\
         | Column | Its twin |\n|---|---|\n",
    );
    for column in COLUMNS {
        if let Some(twin) = column.alternate_name() {
            let _ = writeln!(text, "| `{}` | `{twin}` |", column.classic_name());
        }
    }
    text
}

/// Text that does not end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
