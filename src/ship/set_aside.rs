//! Events of Okta's that have no row, as they are kept for people.

use okta_rows::{EventId, UnreadableEvent};
use serde_json::Value;

use super::refusals::Refused;
use crate::okta::api::error::OktaError;
use crate::okta::log::cursor::Cursor;

/// Most bytes that are kept of an event.
const MOST_KEPT: usize = 1_000_000;

/// The only event of a page over the cap.
pub(super) fn oversize(at: &Cursor, error: &OktaError) -> Refused {
    let url = at.url().as_str();
    Refused {
        event: None,
        file: format!("oversize-{}.json", EventId::digest(url.as_bytes())),
        reason: error.to_string(),
        rows: Value::from(url).to_string().into(),
    }
}

/// The only event of a page that cannot be read.
pub(super) fn unreadable_page(body: &[u8], error: &OktaError) -> Refused {
    of_text(EventId::digest(body), body, error.to_string(), None)
}

/// An event that is no JSON.
pub(super) fn unreadable(event: &UnreadableEvent, org: &str) -> Refused {
    let reason = format!("{org} sent an event that is no JSON: {}", event.problem);
    of_text(event.id, &event.raw, reason, Some(event.id))
}

fn of_text(name: EventId, raw: &[u8], mut reason: String, event: Option<EventId>) -> Refused {
    let kept = raw.get(..MOST_KEPT).unwrap_or(raw);
    if kept.len() < raw.len() {
        reason += &format!(
            "; of its {} bytes the first {MOST_KEPT} are kept",
            raw.len()
        );
    }
    let text = String::from_utf8_lossy(kept);
    if matches!(text, std::borrow::Cow::Owned(_)) {
        reason += "; bytes that are no UTF-8 are shown as U+FFFD";
    }
    Refused {
        event,
        file: format!("unreadable-{name}.json"),
        reason,
        rows: Value::from(text).to_string().into(),
    }
}
