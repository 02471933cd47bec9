//! What the host posts. A run needs nothing of it, so that every shape will do: which fields are
//! there, which are null and how times are written varies between schedules, first runs, manual
//! runs and retries, and users' parsers broke on each (azure-functions-host #7391).

use std::collections::HashMap;

use axum::http::HeaderMap;
use serde_json::value::RawValue;

/// The invocation's id, which ties log lines to it; `none` where the host sent none.
pub fn id(headers: &HeaderMap) -> String {
    let id = headers
        .get("x-azure-functions-invocationid")
        .and_then(|id| id.to_str().ok());
    id.filter(|id| !id.is_empty())
        .unwrap_or("none")
        .chars()
        .take(64)
        .collect()
}

/// The fields of a JSON object. A derived struct would take an array for one as well.
type Fields = HashMap<String, Box<RawValue>>;

/// The envelope of a timer's invocation; only what is told to people is read.
#[derive(Debug, Default)]
pub struct TimerPayload {
    timer: Option<Box<RawValue>>,
}

impl TimerPayload {
    /// Reads an invocation's body; an empty one is a payload that says nothing.
    ///
    /// # Errors
    /// The body is not JSON, or is no object.
    pub fn read(body: &[u8]) -> Result<TimerPayload, serde_json::Error> {
        if body.trim_ascii().is_empty() {
            return Ok(TimerPayload::default());
        }
        let mut envelope: Fields = serde_json::from_slice(body)?;
        let data: Option<Fields> = match envelope.remove("Data") {
            Some(data) => serde_json::from_str(data.get())?,
            None => None,
        };
        // By the binding's name in `function.json`.
        let timer = data.and_then(|mut data| data.remove("timer"));
        Ok(TimerPayload { timer })
    }

    /// Whether the host fires this timer late.
    pub fn is_past_due(&self) -> bool {
        let field = |name: &str| {
            let timer = self.timer.as_deref()?;
            serde_json::from_str::<Fields>(timer.get())
                .ok()?
                .remove(name)
        };
        field("IsPastDue").is_some_and(|late| late.get() == "true")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_a_timer_is_read() {
        for (body, past_due) in [
            (
                r#"{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2026-11-21T12:00:00.0031276+00:00","Next":"2026-11-21T12:05:00+00:00","LastUpdated":"2026-11-21T12:00:00.0031276+00:00"},"IsPastDue":true}},"Metadata":{"sys":{"MethodName":"OktaSyslogTimer","UtcNow":"2026-11-21T12:05:00.0019876Z","RandGuid":"018006c4-a4dd-4430-9929-63419d84f2a2"}}}"#,
                true,
            ),
            (
                r#"{"Data":{"timer":{"ScheduleStatus":null,"IsPastDue":false}}}"#,
                false,
            ),
            (
                r#"{"Data":{"timer":{"ScheduleStatus":{"Last":"0001-01-01T00:00:00"}}}}"#,
                false,
            ),
            (
                r#"{"Data":{"timer":"\"text\""},"Metadata":{"RetryContext":{"RetryCount":1}}}"#,
                false,
            ),
            (r#"{"Data":{"timer":[true]}}"#, false),
            (r#"{"Data":{}}"#, false),
            (r#"{"Data":null}"#, false),
            ("{}", false),
            ("", false),
        ] {
            assert_eq!(
                TimerPayload::read(body.as_bytes()).unwrap().is_past_due(),
                past_due,
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_no_envelope_is_said_to_be_none() {
        for body in [
            "[",
            "[1]",
            "[[[true]]]",
            "{\"Data\":[[true]]}",
            "7",
            "\"x\"",
            "{\"Data\":7}",
        ] {
            assert!(TimerPayload::read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
