//! The org behind the server: which events a request gets and which links go with them.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use super::config::{EndOfStream, OrgConfig, PageOrder};
use super::cursor::{Cursors, Place};
use super::events::EventMaker;
use super::events::rng::mix;
use super::fault::Faults;
use super::journal::Journal;
use super::locks::{locked, reading, writing};
use super::log::{Entry, Log, Selection};
use super::oauth::authorization_server::AuthorizationServer;
use super::page::{PageKey, ReadyPages};
use super::query::{Query, Reading, Start};
use super::rate::RateLimit;
use super::refusal::Refusal;

pub(super) const LOGS_PATH: &str = "/api/v1/logs";

/// All that the org knows, shared by its connections and its owner.
#[derive(Debug)]
pub(super) struct Org {
    pub(super) config: OrgConfig,
    /// Scheme, host and port.
    pub(super) base: String,
    pub(super) maker: EventMaker,
    pub(super) log: RwLock<Log>,
    pub(super) cursors: Mutex<Cursors>,
    pub(super) rate: Mutex<RateLimit>,
    pub(super) oauth: AuthorizationServer,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    pub(super) ready: ReadyPages,
    /// Turns true when the org's owner is gone.
    pub(super) stopped: watch::Receiver<bool>,
    answers: AtomicU64,
    /// Milliseconds by which the clock was put forward.
    put_forward: AtomicI64,
}

/// What a request gets.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) entries: Vec<Entry>,
    pub(super) next: Option<String>,
    /// Of a full page when polling: such a page can be kept.
    pub(super) key: Option<PageKey>,
    /// Another answer to the same request, without its events, starts here too.
    pub(super) here: Place,
}

impl Org {
    pub(super) fn new(config: OrgConfig, base: String, stopped: watch::Receiver<bool>) -> Self {
        let span = config
            .spacing
            .saturating_mul(u32::try_from(config.events).unwrap_or(u32::MAX));
        let now = Utc::now() + config.clock_skew;
        let first = config
            .first_published
            .unwrap_or_else(|| now - config.idle_for - span);
        let maker = EventMaker::new(config.seed, first, config.spacing);
        Self {
            maker,
            log: RwLock::new(Log::new(maker, config.events)),
            cursors: Mutex::new(Cursors::new(config.cursor_lifetime)),
            rate: Mutex::new(RateLimit::new(config.rate_limit, config.rate_window)),
            oauth: AuthorizationServer::new(config.service_app.clone()),
            faults: Faults::new(),
            journal: Journal::new(),
            ready: ReadyPages::default(),
            answers: AtomicU64::new(1),
            put_forward: AtomicI64::new(0),
            config,
            base,
            stopped,
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        let put_forward = TimeDelta::milliseconds(self.put_forward.load(Ordering::Relaxed));
        Utc::now() + self.config.clock_skew + put_forward
    }

    pub(super) fn put_clock_forward(&self, by: TimeDelta) {
        self.put_forward
            .fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }

    /// A number for each answer, for its request id.
    pub(super) fn number_answer(&self) -> u64 {
        self.answers.fetch_add(1, Ordering::Relaxed)
    }

    /// Answers the request with this query; `target` is its path and query.
    pub(super) fn answer(
        &self,
        query: &Query,
        target: &str,
        gzip: bool,
    ) -> Result<Answer, Refusal> {
        let place = match &query.start {
            Start::After(token) => locked(&self.cursors)
                .look_up(token, &query.scope())
                .ok_or_else(|| Refusal::validation("after: not a token of this request"))?,
            Start::Since(since) => self.place_since(*since, query),
        };
        Ok(match place {
            Place::Polling(from) => self.poll(from, query, target, gzip),
            Place::Bounded { positions, offset } => self.excerpt(&positions, offset, query),
        })
    }

    fn place_since(&self, since: DateTime<Utc>, query: &Query) -> Place {
        let log = reading(&self.log);
        match query.reading {
            Reading::Polling => Place::Polling(log.position_at(since)),
            Reading::Bounded { until, descending } => {
                let mut positions = log.by_published(&(since..until), &query.wanted);
                if descending {
                    positions.reverse();
                }
                Place::Bounded {
                    positions: positions.into(),
                    offset: 0,
                }
            }
        }
    }

    fn poll(&self, from: u64, query: &Query, target: &str, gzip: bool) -> Answer {
        let limit = query.limit.min(self.config.max_page);
        let Selection {
            mut entries,
            next,
            at_end,
        } = reading(&self.log).select(from, limit, &query.wanted);
        let ended = at_end && entries.is_empty();
        let link = match self.config.end_of_stream {
            EndOfStream::SameLink if ended => Some(format!("{}{target}", self.base)),
            EndOfStream::NoLink if ended => None,
            _ => Some(self.link(query, Place::Polling(next))),
        };
        let full = limit > 0 && entries.len() == limit;
        let key = full.then(|| PageKey {
            from,
            limit,
            wanted: query.wanted.clone(),
            gzip,
        });
        self.arrange(&mut entries);
        Answer {
            entries,
            next: link,
            key,
            here: Place::Polling(from),
        }
    }

    fn excerpt(&self, positions: &Arc<[u64]>, offset: usize, query: &Query) -> Answer {
        let limit = query.limit.min(self.config.max_page);
        let log = reading(&self.log);
        let wanted = positions.iter().skip(offset).take(limit);
        let entries: Vec<Entry> = wanted.filter_map(|position| log.entry(*position)).collect();
        let place = |offset| Place::Bounded {
            positions: Arc::clone(positions),
            offset,
        };
        let after = offset + entries.len();
        drop(log);
        let next = (after < positions.len()).then(|| self.link(query, place(after)));
        Answer {
            entries,
            next,
            key: None,
            here: place(offset),
        }
    }

    /// The link to a place, by a token that no answer had before.
    pub(super) fn link(&self, query: &Query, place: Place) -> String {
        let persisted = match &place {
            Place::Polling(position) => reading(&self.log).persisted_before(*position),
            Place::Bounded { .. } => 0,
        };
        let token = locked(&self.cursors).issue(place, query.scope(), persisted);
        format!("{}{LOGS_PATH}?{}", self.base, query.link(&token))
    }

    /// Makes the page after this one ready, if it is a full one.
    pub(super) fn prepare_after(self: &Arc<Self>, key: PageKey, next: u64) {
        let mut following = reading(&self.log).select(next, key.limit, &key.wanted);
        if following.entries.len() < key.limit {
            return;
        }
        self.arrange(&mut following.entries);
        let org = Arc::clone(self);
        let key = PageKey { from: next, ..key };
        tokio::spawn(async move { org.ready.page(key, following.entries).await });
    }

    fn arrange(&self, entries: &mut [Entry]) {
        match self.config.page_order {
            PageOrder::Persistence => {}
            PageOrder::Reversed => entries.reverse(),
            PageOrder::Shuffled => {
                entries.sort_by_key(|entry| mix(entry.position ^ mix(self.config.seed)));
            }
        }
    }

    pub(super) fn append(&self, append: impl FnOnce(&mut Log, DateTime<Utc>)) {
        // The clock is read inside the lock: persistence times must not fall.
        let mut log = writing(&self.log);
        append(&mut log, self.now());
    }
}
