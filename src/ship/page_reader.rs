//! Reads pages of Okta's log, smaller ones where they are too slow or too large, and has rows made
//! of them.

use chrono::{DateTime, TimeDelta, Utc};
use okta_rows::{PageError, RowEncoder, encode_damaged_page, encode_page};
use url::Url;

use super::lanes::Lanes;
use super::lanes::page_read::{LaneName, PageRead, Reached};
use super::page_rows::{EncodedPage, Mentioned, OddEvents, PageRows};
use super::refusals::Refused;
use super::set_aside;
use super::shipper::Shipper;
use crate::log_analytics::batch::Batch;
use crate::log_analytics::batcher::Batcher;
use crate::log_analytics::buffer_pool::BufferPool;
use crate::net::retry::{Limits, Retries};
use crate::okta::api::client::Client;
use crate::okta::api::error::{OktaError, OktaErrorKind};
use crate::okta::log::cursor::{Cursor, MAX_PAGE};
use crate::okta::log::page::{self, Page};
use crate::telemetry::Log;

/// Smallest page asked for because Okta was slow; an oversize page goes down to 1.
const SMALLEST_FOR_TIME: u32 = 50;

/// A page whose newest event is no older than this, by Okta's clock, has reached the present.
const PRESENT: TimeDelta = TimeDelta::minutes(1);

/// What only the reader can count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadStats {
    pub(super) pages: u64,
    pub(super) requests: u64,
    pub(super) rate_limited: u64,
    pub(super) retries: u64,
    pub(super) repeats: u64,
    pub(super) cut_rows: u64,
}

pub(super) struct PageReader<'a> {
    client: &'a Client,
    limits: &'a Limits,
    log: &'a Log,
    encoder: RowEncoder,
    batcher: Batcher,
    body: Vec<u8>,
    /// Events to ask for; below [`MAX_PAGE`] only after pages that were too slow or too large.
    page_limit: u32,
    /// Okta's clock when it answered first, or up to a second later, since its `Date` has whole
    /// seconds: what is younger is the next run's work.
    began: Option<DateTime<Utc>>,
    /// The last page of each lane, and the cursor that follows it.
    pages_before: Vec<(Cursor, Vec<Batch>)>,
    buffers: BufferPool,
    filter: Option<&'a str>,
    /// Why the last request failed, while it is tried again.
    pub(super) failing: Option<OktaError>,
    pub(super) stats: ReadStats,
}

/// A page's rows, in batches.
pub(super) struct PageBatches {
    pub(super) batches: Vec<Batch>,
    /// Events left out that the workspace accepted already, or gets by the other lane.
    pub(super) known: usize,
    /// Events that have no row: over the cap, or no JSON.
    pub(super) set_aside: Vec<Refused>,
    /// The page is full, and nothing leads on from it.
    pub(super) no_way_on: Option<OktaError>,
}

impl<'a> PageReader<'a> {
    pub(super) fn new(
        shipper: &'a Shipper,
        limits: &'a Limits,
        log: &'a Log,
        buffers: BufferPool,
    ) -> PageReader<'a> {
        let sink = shipper.sink.as_ref();
        PageReader {
            client: &shipper.okta,
            limits,
            log,
            encoder: RowEncoder::new(sink.column_naming(), shipper.okta.domain().host()),
            batcher: Batcher::new(sink.limits(), buffers.clone()),
            body: Vec::new(),
            page_limit: MAX_PAGE,
            began: None,
            pages_before: Vec::new(),
            buffers,
            filter: shipper.filter.as_deref(),
            failing: None,
            stats: ReadStats::default(),
        }
    }

    /// Reads a lane's next page, smaller where it would be too large or cannot be read. An event that
    /// cannot be read alone is set aside.
    pub(super) async fn read(
        &mut self,
        lanes: &mut Lanes<PageBatches>,
        lane: LaneName,
    ) -> Result<(PageRead, PageBatches, Page), OktaError> {
        self.failing = None;
        loop {
            let error = match self.read_of_this_size(lanes, lane).await {
                Ok(read) => {
                    self.page_limit = (self.page_limit * 2).min(MAX_PAGE);
                    return Ok(read);
                }
                Err(error) => error,
            };
            let (why, next) = match &error.kind {
                OktaErrorKind::PageTooLarge { next, .. } => ("too large", next),
                OktaErrorKind::UnreadableEvents { next, .. } => ("unreadable", next),
                _ => return Err(error),
            };
            if self.page_limit > 1 {
                self.page_limit /= 2;
                let org = self.client.domain();
                self.log.page_halved(org, self.page_limit, why);
                continue;
            }
            let cursor = lanes.cursor(lane);
            let next = next.as_deref().map(|next| Cursor::new(Url::clone(next)));
            // Without a link past it, it can only be tried again.
            let Some(next) = next.filter(|next| !next.is_same_place(cursor)) else {
                return Err(error);
            };
            let event = match why {
                "too large" => set_aside::oversize(cursor, &error),
                // Else something on the way may damage every page: nothing is gone past.
                _ if !page::is_one_readable(self.client, next.clone()).await? => return Err(error),
                _ => set_aside::unreadable_page(&self.body, &error),
            };
            return Ok(without_rows(next, event));
        }
    }

    async fn read_of_this_size(
        &mut self,
        lanes: &mut Lanes<PageBatches>,
        lane: LaneName,
    ) -> Result<(PageRead, PageBatches, Page), OktaError> {
        let mut retries = Retries::new(self.limits);
        let (mut slow, mut unreadable) = (0, 0);
        loop {
            self.stats.requests += 1;
            let error = match self.try_read(lanes, lane).await {
                Ok(read) => return Ok(read),
                Err(error) => error,
            };
            self.failing = Some(error.clone());
            self.stats.rate_limited +=
                u64::from(matches!(error.kind, OktaErrorKind::RateLimited { .. }));
            // The same bytes a second time are what Okta has.
            unreadable += u32::from(matches!(error.kind, OktaErrorKind::UnreadableEvents { .. }));
            if unreadable >= 2 {
                return Err(error);
            }
            slow += u32::from(error.asks_for_smaller_pages());
            if slow >= 2 && error.asks_for_smaller_pages() && self.page_limit > SMALLEST_FOR_TIME {
                self.page_limit = (self.page_limit / 2).max(SMALLEST_FOR_TIME);
                self.log
                    .page_halved(self.client.domain(), self.page_limit, "too slow");
                // Another request, and its own minute: two answers that Okta took its 30 s over
                // have used the first one's up.
                (slow, retries) = (0, Retries::new(self.limits));
            }
            let tell = |pause| self.log.trying_again(&error, pause);
            if !retries.wait_to_retry(&error, tell).await {
                return Err(error);
            }
            self.stats.retries += 1;
        }
    }

    /// One request, and its rows in batches.
    async fn try_read(
        &mut self,
        lanes: &mut Lanes<PageBatches>,
        lane: LaneName,
    ) -> Result<(PageRead, PageBatches, Page), OktaError> {
        // A link repeats the size that its page was asked for with, so that without a word about
        // it one page that was too large would make all others small.
        let asked = self.page_limit;
        let cursor = lanes.cursor(lane).clone();
        let request = match cursor.limit() == asked {
            true => cursor.clone(),
            false => cursor.with_limit(asked),
        };
        page::check_cursor(self.client.domain(), &cursor, self.filter)?;
        let head = page::read(self.client, &request, &mut self.body).await?;
        self.began.get_or_insert(latest(&head));
        let before = self.page_before(&cursor);
        let encoded = self.encode(lanes, lane, asked, &before);
        let (rows, set_aside) = match encoded {
            Ok(encoded) => encoded,
            Err(problem) => {
                self.batcher.discard_page();
                // Another try may read it.
                self.pages_before.push((cursor, before));
                return Err(self.error(unreadable(&problem, head.next)));
            }
        };
        // An event of the future would, for good, be the newest.
        let newest = rows.newest.min(Some(latest(&head)));
        let leads_here = |next: &Cursor| next.is_same_place(&cursor);
        let next = head.next.clone().filter(|next| !leads_here(next));
        let events = rows.ids.len();
        let is_short = events < asked as usize;
        let no_way_on = (next.is_none() && !is_short).then(|| {
            let same = head.next.is_some();
            self.error(OktaErrorKind::NoWayOn { events, same })
        });
        let page = PageRead {
            date: head.date.unwrap_or_else(Utc::now),
            reached: match no_way_on {
                Some(_) => Reached::Now,
                None => self.reached(&head, next.as_ref(), events, newest.filter(|_| is_short)),
            },
            has_link: head.next.is_some(),
            next,
            newest,
            ids: rows.ids,
            rows: rows.rows,
            without_uuid: rows.without_uuid,
            has_other_content: rows.has_other_content,
        };
        self.note(&page, &rows.odd);
        let batches = self.batcher.finish_page();
        before
            .into_iter()
            .for_each(|batch| self.buffers.give_back(batch));
        self.keep(page.next.as_ref(), &batches);
        let batches = PageBatches {
            batches,
            known: rows.known,
            set_aside,
            no_way_on,
        };
        Ok((page, batches, head))
    }

    /// Has rows made of the page just read: of each event of its own if the page is no JSON.
    fn encode(
        &mut self,
        lanes: &mut Lanes<PageBatches>,
        lane: LaneName,
        asked: u32,
        page_before: &[Batch],
    ) -> Result<(EncodedPage, Vec<Refused>), PageError> {
        self.encoder.limit(asked as usize);
        let now = Utc::now();
        let filter = lanes.filter(lane);
        let mut rows = PageRows::new(&mut self.batcher, filter, page_before, now);
        let problem = match encode_page(&self.body, &mut self.encoder, &mut rows) {
            Ok(()) => return Ok((rows.finish(), Vec::new())),
            Err(problem @ PageError::Syntax { .. }) => problem,
            Err(problem) => return Err(problem),
        };
        self.batcher.discard_page();
        let filter = lanes.filter(lane);
        let mut rows = PageRows::new(&mut self.batcher, filter, page_before, now);
        let damaged = encode_damaged_page(&self.body, &mut self.encoder, &mut rows);
        let damaged = damaged.map_err(|other| match other {
            // The first one tells more.
            PageError::Syntax { .. } => problem,
            other => other,
        })?;
        let host = self.client.domain().host();
        let mut set_aside = Vec::new();
        for event in damaged.unreadable {
            if rows.set_aside(event.id) {
                set_aside.push(set_aside::unreadable(&event, host));
            }
        }
        let mut encoded = rows.finish();
        encoded.odd.replaced = Mentioned {
            count: damaged.replaced,
            first: damaged.first_replaced,
        };
        Ok((encoded, set_aside))
    }

    /// The rows of the page that led to this cursor, if it was read in this run.
    fn page_before(&mut self, cursor: &Cursor) -> Vec<Batch> {
        let at = self
            .pages_before
            .iter()
            .position(|(next, _)| next == cursor);
        at.map_or_else(Vec::new, |at| self.pages_before.swap_remove(at).1)
    }

    /// Keeps a page's rows, to compare those of the next one with.
    fn keep(&mut self, next: Option<&Cursor>, batches: &[Batch]) {
        // One page of each lane.
        if self.pages_before.len() > 1 {
            let (_, oldest) = self.pages_before.remove(0);
            oldest
                .into_iter()
                .for_each(|batch| self.buffers.give_back(batch));
        }
        if let Some(next) = next {
            self.pages_before.push((next.clone(), batches.to_vec()));
        }
    }

    fn error(&self, kind: OktaErrorKind) -> OktaError {
        OktaError::new(self.client.domain(), kind)
    }

    /// How far a page leads. The log ends with an empty page, without a further link, or with a
    /// short page that has events younger than this run, which could otherwise chase new events for
    /// ever; `newest` is given for a short page only.
    fn reached(
        &self,
        head: &Page,
        next: Option<&Cursor>,
        events: usize,
        newest: Option<DateTime<Utc>>,
    ) -> Reached {
        let is_from = |time| newest.is_some_and(|newest| newest >= time);
        if next.is_none() || events == 0 || self.began.is_some_and(is_from) {
            return Reached::End;
        }
        match is_from(latest(head) - PRESENT) {
            true => Reached::Now,
            false => Reached::More,
        }
    }

    /// Counts a page, and tells what is odd on it.
    fn note(&mut self, page: &PageRead, odd: &OddEvents) {
        self.stats.pages += u64::from(!page.ids.is_empty());
        self.stats.repeats += (page.ids.len() - page.rows.len()) as u64;
        self.stats.cut_rows += odd.cut.count;
        let (org, log) = (self.client.domain(), self.log);
        if let Some(first) = odd.without_uuid.first {
            log.events_without_uuid(org, odd.without_uuid.count, first);
        }
        if let Some(first) = odd.cut.first {
            log.values_cut(org, odd.cut.count, first);
        }
        if let Some(first) = odd.same_id.first {
            log.events_with_same_id(org, odd.same_id.count, first);
        }
        if let Some(first) = odd.replaced.first {
            log.bytes_replaced(org, odd.replaced.count, first);
        }
    }
}

/// Okta's clock when it answered, or up to a second later: `Date` has whole seconds.
fn latest(head: &Page) -> DateTime<Utc> {
    head.date.unwrap_or_else(Utc::now) + TimeDelta::seconds(1)
}

/// Why a page has no rows. Only a list with something wrong in it may be gone past.
fn unreadable(problem: &PageError, next: Option<Cursor>) -> OktaErrorKind {
    let next = next.map(|next| Box::new(next.url().clone()));
    let is_list = matches!(problem, PageError::Syntax { .. });
    let problem = problem.to_string();
    match is_list {
        true => OktaErrorKind::UnreadableEvents { problem, next },
        false => OktaErrorKind::UnreadablePage { problem },
    }
}

/// Stands for a page whose only event is set aside.
fn without_rows(next: Cursor, event: Refused) -> (PageRead, PageBatches, Page) {
    let head = Page {
        next: Some(next),
        rate: None,
        date: None,
    };
    let page = PageRead {
        ids: Vec::new(),
        rows: Vec::new(),
        without_uuid: Vec::new(),
        has_other_content: false,
        date: Utc::now(),
        has_link: true,
        next: head.next.clone(),
        newest: None,
        reached: Reached::More,
    };
    let batches = PageBatches {
        batches: Vec::new(),
        known: 0,
        set_aside: vec![event],
        no_way_on: None,
    };
    (page, batches, head)
}
