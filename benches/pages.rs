//! Full pages of Okta's log to measure with.

use std::path::Path;
use std::time::Duration;

use chrono::DateTime;
use sandbox::okta::events::EventMaker;

/// Events of a full page.
pub(super) const EVENTS: u64 = 1_000;

/// The page of this number of a generated log.
pub(super) fn generated(seed: u64, number: u64) -> Vec<u8> {
    let maker = EventMaker::new(seed, DateTime::UNIX_EPOCH, Duration::from_secs(1));
    let events = (number * EVENTS..(number + 1) * EVENTS).map(|event| maker.event(event));
    let events: Vec<_> = events.collect();
    [b"[", events.join(&b","[..]).as_slice(), b"]"].concat()
}

/// A page of the events that others have published, in turn. Most
/// have lost their ids, so each gets a new one. `None` where the file is not there.
pub(super) fn published() -> Option<Vec<u8>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/okta-events/panther-analysis-okta-events.ndjson");
    let text = std::fs::read_to_string(file).ok()?;
    let events = text.lines().cycle().take(EVENTS as usize).enumerate();
    let events = events.filter_map(|(number, line)| {
        let mut event: serde_json::Map<_, _> = serde_json::from_str(line).ok()?;
        let uuid = format!("00000000-0000-4000-8000-{number:012}");
        event.insert("uuid".to_owned(), uuid.into());
        serde_json::to_string(&event).ok()
    });
    let events: Vec<_> = events.collect();
    Some(format!("[{}]", events.join(",")).into_bytes())
}
