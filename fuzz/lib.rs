//! What must hold of the rows of a page, whatever the page was.

use std::collections::HashSet;

use okta_rows::EventId;
use okta_rows::ColumnNaming;
use okta_rows::{PageError, RowSink, encode_page};
use okta_rows::{Row, RowEncoder};
use okta_rows::schema::MAX_VALUE;
use serde_json::value::RawValue;

/// Both roads' spellings.
pub const SPELLINGS: [ColumnNaming; 2] = [ColumnNaming::Unsuffixed, ColumnNaming::Full];

/// One row with what the encoder said of it.
#[derive(Debug)]
pub struct Written {
    /// The row's own bytes.
    pub json: String,
    /// The event's identity.
    pub id: EventId,
    /// Whether it came from the event.
    pub has_uuid: bool,
    /// `published`, if it is a time.
    pub published: Option<String>,
    /// Bytes cut.
    pub truncated: usize,
}

/// Keeps rows apart, as no production sink does: a row that ran into its neighbour would show.
#[derive(Debug, Default)]
struct Rows {
    buffer: Vec<u8>,
    written: Vec<Written>,
}

impl RowSink for Rows {
    fn buffer(&mut self) -> &mut Vec<u8> {
        self.buffer.clear();
        &mut self.buffer
    }

    fn row(&mut self, row: &Row<'_>) {
        let json = std::mem::take(&mut self.buffer);
        self.written.push(Written {
            json: String::from_utf8(json).expect("a row is UTF-8"),
            id: row.id,
            has_uuid: row.has_uuid,
            published: row.published.map(str::to_owned),
            truncated: row.truncated,
        });
    }
}

/// Encodes `page` for one road.
pub fn rows(page: &[u8], naming: ColumnNaming) -> Result<Vec<Written>, PageError> {
    let mut encoder = RowEncoder::new(naming, "acme.okta.com");
    let mut rows = Rows::default();
    encode_page(page, &mut encoder, &mut rows)?;
    Ok(rows.written)
}

/// What the encoder remembers of an event changes no other's row.
fn check_alone(events: &[&RawValue], naming: ColumnNaming, together: &[Written]) {
    for (event, written) in events.iter().zip(together) {
        let page = format!("[{event}]");
        let alone = rows(page.as_bytes(), naming).expect("a page of one event");
        let alone: Vec<&str> = alone.iter().map(|row| row.json.as_str()).collect();
        assert_eq!(alone, [written.json.as_str()], "of {event}");
    }
}

/// Holds the rows of `page` against its events, on both roads.
///
/// # Panics
/// Something does not hold.
pub fn check_page(page: &[u8]) {
    let events: Option<Vec<&RawValue>> = serde_json::from_slice(page).ok();
    let [inferred, named] = SPELLINGS.map(|naming| rows(page, naming));
    let (Ok(inferred), Ok(named)) = (&inferred, &named) else {
        assert!(
            events.is_none(),
            "a list was taken for none: {inferred:?} {named:?}"
        );
        assert!(
            inferred.is_err() && named.is_err(),
            "the roads do not agree"
        );
        return;
    };
    if let Some(events) = &events {
        for (naming, together) in SPELLINGS.into_iter().zip([inferred, named]) {
            check_alone(events, naming, together);
        }
    }
    let events = events.expect("what is no list was taken for one");
    assert_eq!(
        (inferred.len(), named.len()),
        (events.len(), events.len()),
        "rows"
    );
    for (one, other) in inferred.iter().zip(named) {
        assert_eq!(one.has_uuid, other.has_uuid);
        assert_eq!(one.published, other.published);
    }
    for row in inferred.iter().chain(named) {
        check_row(row);
    }
}

/// A JSON object, each name once, no value over the limit.
fn check_row(row: &Written) {
    let fields = fields(&row.json);
    let mut names = HashSet::new();
    for (name, value) in &fields {
        assert!(names.insert(name), "{name} stands twice in {}", row.json);
        assert!(value.len() <= MAX_VALUE, "{name} has {} bytes", value.len());
    }
    let tells = names.iter().any(|name| name.starts_with("truncated"));
    assert_eq!(tells, row.truncated > 0, "cut or not: {}", row.json);
    if let Some(published) = &row.published {
        assert!(
            row.json.contains(published.as_str()),
            "{published} is not in {}",
            row.json
        );
    }
}

/// The fields of a row in order, doubles included; texts are decoded.
fn fields(row: &str) -> Vec<(String, String)> {
    struct Fields;
    impl<'de> serde::de::Visitor<'de> for Fields {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a row")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut fields = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                fields.push((name, text(value)));
            }
            Ok(fields)
        }
    }
    use serde::de::Deserializer as _;
    let mut json = serde_json::Deserializer::from_str(row);
    let fields = json
        .deserialize_map(Fields)
        .unwrap_or_else(|problem| panic!("no JSON object ({problem}): {row}"));
    json.end()
        .unwrap_or_else(|problem| panic!("{problem}: {row}"));
    fields
}

/// A text's own characters; anything else, and a text of half a surrogate pair, as it stands.
fn text(value: &RawValue) -> String {
    serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned())
}
