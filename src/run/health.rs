//! Rows of `OktaConnectorHealth_CL`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use crate::event::layout::Spelling;
use crate::event::schema::Kind;
use crate::okta::OktaDomain;

/// A row that says that somebody tried the settings; no run.
pub fn check_row(spelling: Spelling, org: &OktaDomain, now: DateTime<Utc>) -> String {
    let now = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut row: Map<String, Value> = [
        ("domain", Kind::Text, org.to_string()),
        ("outcome", Kind::Text, "check".to_owned()),
        ("started", Kind::Time, now.clone()),
        ("version", Kind::Text, env!("CARGO_PKG_VERSION").to_owned()),
    ]
    .into_iter()
    .map(|(key, kind, value)| match spelling {
        Spelling::Inferred => (key.to_owned(), Value::from(value)),
        Spelling::Named => (format!("{key}{}", kind.suffix()), Value::from(value)),
    })
    .collect();
    if spelling == Spelling::Named {
        row.insert("TimeGenerated".to_owned(), Value::from(now));
    }
    Value::Object(row).to_string()
}
