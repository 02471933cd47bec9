//! One event in, one row out.
//!
//! Known keys are written to the row as they are met, their values copied from the page as they
//! stand. What has no column goes to a catch-all: keys of `debugData` to
//! `debugContext_debugData`, the rest to `additionalFields` in the event's own nesting. `null`
//! and `{}` hold nothing and are left out; but for the ends of values that are too long, nothing
//! else is dropped.

use crate::event::{Fallback, encode_event};
use crate::items::Items;
use crate::layout::ColumnNaming;
use crate::row::Row;
use crate::row_writer::RowWriter;
use crate::scanner::Scanner;
use crate::text::{decoded, quoted};
use crate::token::{Malformed, Token};

/// Writes rows; its buffers, and what it learns of one event's shape, serve for the next.
#[derive(Debug)]
pub struct RowEncoder {
    writer: RowWriter,
    /// What every row begins with.
    opening: String,
    /// Event types whose events are handed out as they stand.
    watched: Vec<String>,
    pub(crate) most_events: usize,
}

impl RowEncoder {
    /// An encoder for events of the org at `host`.
    pub fn new(naming: ColumnNaming, host: &str) -> RowEncoder {
        let writer = RowWriter::new(naming);
        RowEncoder {
            opening: writer.layout.domain.replacen(',', "{", 1) + &quoted(host),
            writer,
            watched: Vec::new(),
            most_events: usize::MAX,
        }
    }

    /// Takes pages of at most `most_events` events from now on. Without a limit, a page of a
    /// million small values takes memory for a million rows.
    pub fn limit(&mut self, most_events: usize) {
        self.most_events = most_events;
    }

    /// Has [`Row::raw`] set for events whose `eventType` is one of these, whatever their shape:
    /// of a key that is there twice each value counts.
    ///
    /// An event is read a second time for that; where no type is watched, nothing is done.
    pub fn watch(&mut self, event_types: impl IntoIterator<Item = String>) {
        self.watched = event_types.into_iter().collect();
    }

    /// Reads one event and appends its row to `out`. An event is any JSON value: none is without
    /// a row.
    ///
    /// # Errors
    /// The page goes wrong within the event.
    pub(crate) fn encode<'r, 'page: 'r>(
        &'r mut self,
        scanner: &mut Scanner<'page>,
        out: &mut Vec<u8>,
    ) -> Result<Row<'r>, Malformed> {
        let event = *scanner;
        self.writer.begin(&self.opening);
        match encode_event(&mut self.writer, scanner) {
            Ok(()) => {}
            Err(Fallback::Malformed) => return Err(Malformed),
            Err(Fallback::WholeEvent) => {
                *scanner = event;
                self.writer.begin(&self.opening);
                self.writer.put_event(scanner)?;
            }
        }
        let text = scanner.text_since(event.at());
        let is_watched = !self.watched.is_empty() && self.is_watched(text);
        let raw = is_watched.then_some(text.as_bytes());
        Ok(self.writer.finish(raw, out))
    }

    /// Whether this event is of a watched type.
    fn is_watched(&self, event: &str) -> bool {
        let text = |text| {
            let escapes = usize::from(str::contains(text, '\\'));
            decoded(Token { text, escapes })
        };
        Items::of(event).any(|(key, value)| {
            key.is_some_and(|key| text(key) == "eventType")
                && value.starts_with('"')
                && self.watched.iter().any(|watched| *watched == text(value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape_index::EscapeIndex;

    /// The raw events of a page of which `user.session.start` is watched.
    fn raw(page: &str) -> Vec<Option<String>> {
        let mut encoder = RowEncoder::new(ColumnNaming::Full, "acme.okta.com");
        encoder.watch(["user.session.start".to_owned(), "other".to_owned()]);
        let index = EscapeIndex::of(page);
        let mut scanner = Scanner::new(page, &index);
        let mut rows = Vec::new();
        while scanner.take(b'[') || scanner.take(b',') {
            let row = encoder.encode(&mut scanner, &mut Vec::new()).unwrap();
            rows.push(row.raw.map(|raw| String::from_utf8(raw.to_vec()).unwrap()));
        }
        rows
    }

    #[test]
    fn an_event_of_a_watched_type_is_handed_out_whatever_its_shape() {
        for event in [
            r#"{"eventType":"user.session.start"}"#,
            r#"{"uuid":"1","eventType":"user.session.start","x":[{"y":1}]}"#,
            r#"{ "eventType" : "user.session.start" }"#,
            r#"{"event\u0054ype":"user.session.start"}"#,
            r#"{"eventType":"user\u002esession.start"}"#,
            r#"{"eventType":"user.session.end","eventType":"user.session.start"}"#,
            r#"{"eventType":"user.session.start","eventType":"user.session.end"}"#,
            r#"{"eventType":7,"eventType":"user.session.start"}"#,
            r#"{"actor":"none","eventType":"user.session.start"}"#,
            r#"{"actor":1e999,"eventType":"user.session.start"}"#,
            r#"{"\ud800":1,"eventType":"user.session.start"}"#,
            r#"{"eventType":"user.session.start","a":"\ud800"}"#,
            r#"{"eventType":"other"}"#,
        ] {
            let page = format!("[{event},{{}},{event}]");
            let expected = [Some(event.to_owned()), None, Some(event.to_owned())];
            assert_eq!(raw(&page), expected, "{event}");
        }
    }

    #[test]
    fn no_other_event_is_handed_out() {
        for event in [
            "null",
            r#""eventType""#,
            r#"["eventType","user.session.start"]"#,
            r#"{"eventType":"user.session.end"}"#,
            r#"{"eventType":"user.session.start2"}"#,
            r#"{"eventtype":"user.session.start"}"#,
            r#"{"eventType":["user.session.start"]}"#,
            r#"{"eventType":{"eventType":"user.session.start"}}"#,
            r#"{"target":[{"eventType":"user.session.start"}]}"#,
            r#"{"debugContext":{"debugData":{"eventType":"user.session.start"}}}"#,
            r#"{"displayMessage":"\"eventType\":\"user.session.start\""}"#,
            r#"{"eventType\\":"user.session.start"}"#,
            r#"{"\\u0065ventType":"user.session.start"}"#,
        ] {
            assert_eq!(raw(&format!("[{event}]")), [None], "{event}");
        }
    }

    #[test]
    fn where_nothing_is_watched_nothing_is_handed_out() {
        let page = r#"{"eventType":"user.session.start"}"#;
        let mut encoder = RowEncoder::new(ColumnNaming::Full, "acme.okta.com");
        let index = EscapeIndex::of(page);
        let mut scanner = Scanner::new(page, &index);
        let row = encoder.encode(&mut scanner, &mut Vec::new()).unwrap();
        assert_eq!(row.raw, None);
    }
}
