//! Every event becomes one row, and all of the event is in it.
//!
//! The encoder is held against [`reference`], a second reading of the row's contract that is slow
//! and has no optimisation to go wrong, over events that are [`generate`]d, made by the sandbox's
//! org, and published by others.

use okta_rows::ColumnNaming;
use okta_rows::EventId;
use okta_rows::{PageError, RowSink, encode_page};
use okta_rows::{Row, RowEncoder};
use serde_json::{Map, Value};

use self::json::Json;

mod columns;
mod cuts;
mod damaged_pages;
mod generate;
mod json;
mod pages;
mod reference;
mod shapes;
mod whole;

const HOST: &str = "acme.okta.com";
const BOTH: [ColumnNaming; 2] = [ColumnNaming::Unsuffixed, ColumnNaming::Full];

/// A row with what the encoder said of it.
#[derive(Debug)]
struct Made {
    id: EventId,
    has_uuid: bool,
    published: Option<String>,
    truncated: usize,
    json: String,
}

impl Made {
    /// The row, of which no key may be there twice.
    fn row(&self) -> Map<String, Value> {
        let row: Map<String, Value> = serde_json::from_str(&self.json)
            .unwrap_or_else(|problem| panic!("the row is no JSON ({problem}): {}", self.json));
        let keys = Json(self.json.clone()).entries().expect("an object").len();
        assert_eq!(keys, row.len(), "a key twice in {}", self.json);
        row
    }

    /// A value as text; empty where the row has none.
    fn text(&self, name: &str) -> String {
        self.row()
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }
}

#[derive(Default)]
struct Rows {
    buffer: Vec<u8>,
    made: Vec<Made>,
}

impl RowSink for Rows {
    fn buffer(&mut self) -> &mut Vec<u8> {
        self.buffer.clear();
        &mut self.buffer
    }

    fn row(&mut self, row: &Row<'_>) {
        self.made.push(Made {
            id: row.id,
            has_uuid: row.has_uuid,
            published: row.published.map(str::to_owned),
            truncated: row.truncated,
            json: String::from_utf8(self.buffer.clone()).expect("a row is UTF-8"),
        });
    }
}

fn encode(page: &[u8], naming: ColumnNaming) -> Result<Vec<Made>, PageError> {
    let mut rows = Rows::default();
    encode_page(page, &mut RowEncoder::new(naming, HOST), &mut rows)?;
    Ok(rows.made)
}

/// The row of one event.
fn made(event: &str, naming: ColumnNaming) -> Made {
    let mut rows = encode(format!("[{event}]").as_bytes(), naming).expect("a page of one event");
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

fn inferred(event: &str) -> Made {
    made(event, ColumnNaming::Unsuffixed)
}

/// Holds the encoder against the reference for both APIs, and looks for every leaf.
fn is_one_whole_row(event: &str) {
    for naming in BOTH {
        let made = made(event, naming);
        let mut expected = reference::row(event, HOST, naming);
        reference::settle_cuts(&mut expected, &made.row());
        assert_eq!(made.row(), expected, "{naming:?} row of {event}");
        let said = expected
            .get("truncated")
            .or_else(|| expected.get("truncated_d"));
        assert_eq!(
            made.truncated as u64,
            said.and_then(Value::as_u64).unwrap_or(0),
            "{event}"
        );
    }
    whole::holds_every_leaf(event, &inferred(event));
}
