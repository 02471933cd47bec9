//! Pages as bytes. The next page is prepared while the client reads this one.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::OnceCell;

use super::locks::locked;
use super::log::Entry;
use super::query::Wanted;

/// Mean size of a made event and some.
const ROOM: usize = 3_000;
/// The page that the client has and may ask for again, and the next one.
const READY_PAGES: usize = 2;

/// A body as it goes over the wire.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) body: Bytes,
    pub(super) gzip: bool,
}

impl Page {
    /// The events as one JSON array.
    pub(super) fn render(entries: &[Entry], gzip: bool) -> Self {
        Self::of_json(json_array(entries), gzip)
    }

    pub(super) fn of_json(json: Vec<u8>, gzip: bool) -> Self {
        let packed = if gzip { pack(&json) } else { None };
        Self {
            gzip: packed.is_some(),
            body: packed.unwrap_or(json).into(),
        }
    }
}

/// The events as the text of one JSON array.
pub(super) fn json_array(entries: &[Entry]) -> Vec<u8> {
    let mut json = Vec::with_capacity(entries.len() * ROOM + 2);
    json.push(b'[');
    for (place, entry) in entries.iter().enumerate() {
        if place > 0 {
            json.push(b',');
        }
        entry.write(&mut json);
    }
    json.push(b']');
    json
}

fn pack(json: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(json.len() / 4), Compression::fast());
    encoder.write_all(json).ok()?;
    encoder.finish().ok()
}

/// Identifies a full page, which never changes because the log only grows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageKey {
    pub(super) from: u64,
    pub(super) limit: usize,
    pub(super) wanted: Wanted,
    pub(super) gzip: bool,
}

/// Full pages, made or being made, oldest first.
#[derive(Debug, Default)]
pub(super) struct ReadyPages(Mutex<VecDeque<(PageKey, Arc<OnceCell<Page>>)>>);

impl ReadyPages {
    /// The page of this key: at once if it is ready, and never made twice at the same time.
    pub(super) async fn page(&self, key: PageKey, entries: Vec<Entry>) -> Page {
        let gzip = key.gzip;
        let slot = self.slot(key);
        slot.get_or_init(|| render_aside(entries, gzip))
            .await
            .clone()
    }

    /// Returns when the page from this position on is made; for tests that mean to meet it there.
    #[cfg(test)]
    pub(super) async fn wait_until_ready(&self, from: u64) {
        let ready = || {
            locked(&self.0)
                .iter()
                .any(|(key, slot)| key.from == from && slot.initialized())
        };
        while !ready() {
            tokio::task::yield_now().await;
        }
    }

    fn slot(&self, key: PageKey) -> Arc<OnceCell<Page>> {
        let mut slots = locked(&self.0);
        if let Some((_, slot)) = slots.iter().find(|(known, _)| *known == key) {
            return Arc::clone(slot);
        }
        let slot = Arc::new(OnceCell::new());
        if slots.len() >= READY_PAGES {
            slots.pop_front();
        }
        slots.push_back((key, Arc::clone(&slot)));
        slot
    }
}

/// Renders where no connection waits for the thread.
pub(super) async fn render_aside(entries: Vec<Entry>, gzip: bool) -> Page {
    let rendered = tokio::task::spawn_blocking(move || Page::render(&entries, gzip)).await;
    // Only a runtime that is shutting down gives no page, and then nobody waits for it.
    rendered.unwrap_or(Page {
        body: Bytes::new(),
        gzip: false,
    })
}
