//! What the workspace refused, as a JSON document: why, when, and the row as it was posted.
//!
//! A row keeps the column names of the API that it was meant for. A note about an event that was too
//! large to be read holds Okta's request in the row's place, and can only be read by people.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use okta_rows::ColumnNaming;
use okta_rows::schema::{DOMAIN, Kind};

use crate::okta::api::domain::OktaDomain;
use crate::okta::log::cursor::Cursor;
use crate::telemetry::shown::{self, LONGEST_ERROR};

/// The one table whose rows are set aside.
const TABLE: &str = "Okta_CL";

/// One document under `dead-letters/`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The table the row was meant for.
    pub table: String,
    /// When it was first refused, by the writer's clock.
    pub refused_at: DateTime<Utc>,
    /// The workspace's words at the last try, or why an event could not be read.
    pub reason: String,
    /// How often it was posted on its own: once by the run that set it aside.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub tries: u32,
    /// An array of rows; in a note, the request.
    rows: Box<RawValue>,
}

fn once() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_once(tries: &u32) -> bool {
    *tries == once()
}

impl DeadLetter {
    /// `rows` is an array as it was posted, or a request as JSON.
    pub fn new(reason: &str, rows: &[u8], now: DateTime<Utc>) -> DeadLetter {
        let text = String::from_utf8_lossy(rows).into_owned();
        DeadLetter {
            table: TABLE.to_owned(),
            refused_at: now,
            reason: shown::excerpt(reason, LONGEST_ERROR),
            tries: once(),
            rows: RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned()),
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// It is none.
    pub fn read(document: &[u8]) -> Result<DeadLetter, serde_json::Error> {
        serde_json::from_slice(document)
    }

    /// The document, one line.
    pub fn to_bytes(&self) -> Vec<u8> {
        // No map and no foreign type is in it: it always has a JSON form.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Its rows; none where it is a note.
    pub fn rows(&self) -> Vec<&RawValue> {
        serde_json::from_str(self.rows.get()).unwrap_or_default()
    }

    /// A note whose request goes to the same org under its new host; `None` where this is no note.
    pub fn under(&self, domain: &OktaDomain) -> Option<DeadLetter> {
        let request: Url = serde_json::from_str(self.rows.get()).ok()?;
        let request = Cursor::new(request).under(domain);
        Some(DeadLetter {
            rows: serde_json::value::to_raw_value(&request).ok()?,
            ..self.clone()
        })
    }

    /// The same letter after one more try, of which `refused` rows were not accepted.
    #[must_use]
    pub fn refused_again(&self, refused: &[&RawValue], reason: &str) -> DeadLetter {
        let rows = serde_json::value::to_raw_value(refused);
        DeadLetter {
            reason: shown::excerpt(reason, LONGEST_ERROR),
            tries: self.tries.saturating_add(1),
            rows: rows.unwrap_or_else(|_| self.rows.clone()),
            ..self.clone()
        }
    }

    /// Why posting it to a workspace that takes `naming` makes no sense, if it makes none.
    pub fn unfit_for(&self, naming: ColumnNaming) -> Option<String> {
        let rows = self.rows();
        if self.table != TABLE {
            return Some(format!("nothing is known of a table {}", self.table));
        }
        if rows.is_empty() {
            return Some("a note: it holds Okta's request and no row to send".to_owned());
        }
        let other = rows.iter().any(|row| spelling_of(row) != Some(naming));
        other.then(|| {
            "its columns are named for the other ingestion API, and the workspace would not know \
             them; send it with that API's settings"
                .to_owned()
        })
    }
}

/// The API that a row was written for, told by the column that every row has.
fn spelling_of(row: &RawValue) -> Option<ColumnNaming> {
    let row: std::collections::HashMap<&str, &RawValue> = serde_json::from_str(row.get()).ok()?;
    let named = format!("{DOMAIN}{}", Kind::Text.suffix());
    match (row.contains_key(DOMAIN), row.contains_key(named.as_str())) {
        (true, false) => Some(ColumnNaming::Unsuffixed),
        (false, true) => Some(ColumnNaming::Full),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn letter(rows: &str) -> DeadLetter {
        let now = "2026-11-21T12:04:58Z".parse().unwrap();
        let letter = DeadLetter::new("400 \"no\"\nat all", rows.as_bytes(), now);
        DeadLetter::read(&letter.to_bytes()).unwrap()
    }

    #[test]
    fn a_letter_keeps_its_rows_to_the_byte() {
        let row = r#"{"domain":"acme.okta.com", "asNumber":1.0,"uuid":"u"}"#;
        let letter = letter(&format!("[{row}]"));
        assert_eq!(letter.rows()[0].get(), row);
        assert_eq!(letter.reason, "400 \"no\" at all");
        let again = letter.refused_again(&letter.rows(), "413");
        let again = DeadLetter::read(&again.to_bytes()).unwrap();
        assert_eq!((again.tries, again.reason.as_str()), (2, "413"));
        assert_eq!(again.rows()[0].get(), row);
        assert_eq!(again.refused_at, letter.refused_at);
    }

    #[test]
    fn only_rows_of_this_road_are_fit_to_be_sent() {
        let inferred = letter(r#"[{"domain":"a","uuid":"u"}]"#);
        let named = letter(r#"[{"domain_s":"a","TimeGenerated":"t"}]"#);
        assert_eq!(inferred.unfit_for(ColumnNaming::Unsuffixed), None);
        assert_eq!(named.unfit_for(ColumnNaming::Full), None);
        for (letter, naming) in [
            (&inferred, ColumnNaming::Full),
            (&named, ColumnNaming::Unsuffixed),
            (&letter("[{}]"), ColumnNaming::Full),
        ] {
            let why = letter.unfit_for(naming).unwrap();
            assert!(why.contains("other ingestion API"), "{why}");
        }
    }

    #[test]
    fn a_note_holds_no_row() {
        let note = letter("\"https://acme.okta.com/api/v1/logs?after=1\"");
        assert_eq!(note.rows().len(), 0);
        assert!(
            note.unfit_for(ColumnNaming::Full)
                .unwrap()
                .contains("a note")
        );
    }

    proptest! {
        #[test]
        fn no_document_makes_reading_panic(bytes: Vec<u8>, rows: String) {
            let _ = DeadLetter::read(&bytes);
            let letter = DeadLetter::new("x", rows.as_bytes(), Utc::now());
            let _ = (letter.rows(), letter.unfit_for(ColumnNaming::Full));
        }
    }
}
