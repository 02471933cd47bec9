//! The `after` tokens that the org handed out; no other token is good.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::events::rng::mix;

/// Where a token leads.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A position in the log.
    Polling(u64),
    /// An offset in the answer to a bounded request, which was fixed when it began.
    Bounded {
        positions: Arc<[u64]>,
        offset: usize,
    },
}

#[derive(Debug)]
struct Issued {
    place: Place,
    scope: String,
    at: Instant,
}

/// All tokens that are still good.
#[derive(Debug)]
pub(super) struct Cursors {
    issued: HashMap<String, Issued>,
    count: u64,
    lifetime: Option<Duration>,
}

impl Cursors {
    pub(super) fn new(lifetime: Option<Duration>) -> Self {
        Self {
            issued: HashMap::new(),
            count: 0,
            lifetime,
        }
    }

    /// A token never handed out before: a time and a count when polling, else an id, as Okta's.
    pub(super) fn issue(&mut self, place: Place, scope: String, persisted: i64) -> String {
        self.count += 1;
        let count = self.count;
        let token = match place {
            Place::Polling(_) => format!("{persisted}_{count}"),
            Place::Bounded { .. } => {
                let (high, low) = (mix(count), mix(!count));
                let [a, b, c] = [high >> 32, high >> 16 & 0xffff, high & 0xffff];
                format!(
                    "{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}",
                    low >> 48,
                    low & 0xffff_ffff_ffff
                )
            }
        };
        self.issued.insert(
            token.clone(),
            Issued {
                place,
                scope,
                at: Instant::now(),
            },
        );
        token
    }

    /// Where a token leads; nowhere if it is unknown, too old, or of a request of another scope.
    pub(super) fn look_up(&self, token: &str, scope: &str) -> Option<Place> {
        let issued = self.issued.get(token)?;
        let alive = self
            .lifetime
            .is_none_or(|lifetime| issued.at.elapsed() < lifetime);
        (alive && issued.scope == scope).then(|| issued.place.clone())
    }

    /// Makes every token handed out so far unknown.
    pub(super) fn expire(&mut self) {
        self.issued.clear();
    }
}
