//! Events of Okta's that have no row, as they are kept for people.

use okta_rows::{EventId, UnreadableEvent};
use serde_json::Value;

use crate::okta::api::error::OktaError;
use crate::okta::log::cursor::Cursor;

/// Most bytes that are kept of an event.
const MOST_KEPT: usize = 1_000_000;

/// An event that is kept as a dead letter before the cursor goes past it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SetAside {
    /// Its name among the dead letters: the same for the same event.
    pub(super) name: String,
    /// Why it has no row.
    pub(super) reason: String,
    /// What is known of it, as JSON: its text, or the request that leads to it.
    pub(super) content: String,
    /// By what it is left out where it comes again; none if it was not read.
    pub(super) id: Option<EventId>,
}

impl SetAside {
    /// The only event of a page over the cap.
    pub(super) fn oversize(at: &Cursor, error: &OktaError) -> SetAside {
        let url = at.url().as_str();
        SetAside {
            name: format!("oversize-{}", EventId::digest(url.as_bytes())),
            reason: error.to_string(),
            content: Value::from(url).to_string(),
            id: None,
        }
    }

    /// The only event of a page that cannot be read.
    pub(super) fn unreadable_page(body: &[u8], error: &OktaError) -> SetAside {
        SetAside::of_text(EventId::digest(body), body, error.to_string(), None)
    }

    /// An event that is no JSON.
    pub(super) fn unreadable(event: &UnreadableEvent, org: &str) -> SetAside {
        let reason = format!("{org} sent an event that is no JSON: {}", event.problem);
        SetAside::of_text(event.id, &event.raw, reason, Some(event.id))
    }

    fn of_text(name: EventId, raw: &[u8], mut reason: String, id: Option<EventId>) -> SetAside {
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
        SetAside {
            name: format!("unreadable-{name}"),
            reason,
            content: Value::from(text).to_string(),
            id,
        }
    }
}
