//! Judges the handler's answers by the host's rules.

use serde_json::{Map, Value};

use super::wire::Answer;

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A 2xx answer with the JSON object the host expects.
    Succeeded {
        /// Lines for the function's log.
        logs: Vec<String>,
        /// Values for output bindings.
        outputs: Map<String, Value>,
        /// The `ReturnValue`, null when there was none.
        return_value: Value,
    },
    /// Anything else the host recognises as an end.
    Failed {
        /// As the host writes it.
        reason: String,
    },
    /// No end by `functionTimeout`; the handler was killed and started again.
    TimedOut,
}

impl Outcome {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed {
            reason: reason.into(),
        }
    }
}

/// Judges an answer. None is the host's blind spot: an answer that parses to nothing sets neither
/// a result nor an error, and the invocation hangs until its timeout.
pub(super) fn judge(answer: &Answer) -> Option<Outcome> {
    if !(200..300).contains(&answer.status) {
        return Some(Outcome::failed(format!(
            "Response status code does not indicate success: {} ({}).",
            answer.status, answer.reason
        )));
    }
    if answer.body.is_empty() {
        return None;
    }
    if !is_json(answer.header("content-type")) {
        return Some(Outcome::failed(
            "Invalid HttpResponseMessage: UnsupportedMediaType for reading a JSON result",
        ));
    }
    if answer.body.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    match serde_json::from_slice(&answer.body) {
        Ok(Value::Null) => None,
        Ok(Value::Object(result)) => Some(read(result).unwrap_or_else(Outcome::failed)),
        Ok(_) => Some(Outcome::failed("the answer is JSON but no object")),
        Err(problem) => Some(Outcome::failed(format!("the answer is no JSON: {problem}"))),
    }
}

fn is_json(content_type: Option<&str>) -> bool {
    let media_type = content_type
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    ["application/json", "text/json"]
        .iter()
        .any(|json| media_type.trim().eq_ignore_ascii_case(json))
}

/// Keys are matched without regard to case, unknown ones are ignored.
fn read(result: Map<String, Value>) -> Result<Outcome, String> {
    let (mut logs, mut outputs, mut return_value) = (Vec::new(), Map::new(), Value::Null);
    for (key, value) in result {
        match (key.to_ascii_lowercase().as_str(), value) {
            ("logs" | "outputs", Value::Null) => {}
            ("logs", Value::Array(lines)) => logs = texts(lines)?,
            ("logs", _) => return Err("Logs is not an array of strings".to_owned()),
            ("outputs", Value::Object(values)) => outputs = values,
            ("outputs", _) => return Err("Outputs is no object".to_owned()),
            ("returnvalue", value) => return_value = value,
            _ => {}
        }
    }
    Ok(Outcome::Succeeded {
        logs,
        outputs,
        return_value,
    })
}

fn texts(lines: Vec<Value>) -> Result<Vec<String>, String> {
    let text = |line| match line {
        Value::String(text) => Ok(text),
        other => Err(format!("Logs holds {other}, which is no string")),
    };
    lines.into_iter().map(text).collect()
}
