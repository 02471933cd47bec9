//! How a log line is written: JSON for the Functions host, text for people. Each value is cleaned
//! on its way out.

use std::fmt;

use chrono::{SecondsFormat, Utc};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Level, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

use super::shown;

/// One object: `timestamp`, `level`, then the event's fields.
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
        let level = event.metadata().level();
        write!(line, r#"{{"timestamp":"{now}","level":"{level}""#)?;
        for (name, value) in fields.0 {
            write!(line, ",{}:{value}", Value::from(name))?;
        }
        writeln!(line, "}}")
    }
}

/// `warning: text`, without fields: the text says it all.
pub(super) struct TextLines {
    pub(super) colour: bool,
}

impl<S, N> FormatEvent<S, N> for TextLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> fmt::Result {
        let (word, colour) = match *event.metadata().level() {
            Level::ERROR => ("error: ", "\x1b[31m"),
            Level::WARN => ("warning: ", "\x1b[33m"),
            _ => ("", ""),
        };
        match self.colour && !colour.is_empty() {
            true => write!(line, "{colour}{word}\x1b[0m")?,
            false => write!(line, "{word}")?,
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = fields.0.iter().find(|(name, _)| *name == "message");
        let message = message.and_then(|(_, text)| text.as_str());
        writeln!(line, "{}", message.unwrap_or_default())
    }
}

/// The fields of one event, their texts as they may be shown.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn push(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.push((field.name(), value.into()));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push(field, shown::line(&format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, shown::line(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value);
    }
}
