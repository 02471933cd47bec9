//! Reads pages of Okta's log, smaller ones where they are too slow or too large, and has rows made
//! of them.

use chrono::{DateTime, TimeDelta, Utc};
use okta_rows::{RowEncoder, encode_page};
use url::Url;

use super::lanes::Lanes;
use super::lanes::page_read::{LaneName, PageRead, Reached};
use super::page_rows::{Mentioned, PageRows};
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
    pub(super) stats: ReadStats,
}

/// A page's rows, in batches.
pub(super) struct PageBatches {
    pub(super) batches: Vec<Batch>,
    /// Events left out that the workspace accepted already, or gets by the other lane.
    pub(super) known: usize,
    /// The request that gave the page.
    pub(super) cursor: Cursor,
    /// A lone event over the cap: why it could not be read.
    pub(super) oversize: Option<OktaError>,
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
            batcher: Batcher::new(sink.limits(), buffers),
            body: Vec::new(),
            page_limit: MAX_PAGE,
            began: None,
            stats: ReadStats::default(),
        }
    }

    /// Reads a lane's next page, smaller where it would be too large.
    pub(super) async fn read(
        &mut self,
        lanes: &mut Lanes<PageBatches>,
        lane: LaneName,
    ) -> Result<(PageRead, PageBatches, Page), OktaError> {
        loop {
            match self.read_of_this_size(lanes, lane).await {
                Err(OktaError {
                    kind: OktaErrorKind::PageTooLarge { .. },
                    ..
                }) if self.page_limit > 1 => {
                    self.page_limit /= 2;
                    self.log
                        .page_halved(self.client.domain(), self.page_limit, "too large");
                }
                // Without a link past it, it can only be tried again.
                Err(error) if let Some(next) = past(&error) => {
                    return Ok(oversize(lanes.cursor(lane), next, error));
                }
                Ok(read) => {
                    self.page_limit = (self.page_limit * 2).min(MAX_PAGE);
                    return Ok(read);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn read_of_this_size(
        &mut self,
        lanes: &mut Lanes<PageBatches>,
        lane: LaneName,
    ) -> Result<(PageRead, PageBatches, Page), OktaError> {
        let mut retries = Retries::new(self.limits);
        let mut slow = 0;
        loop {
            self.stats.requests += 1;
            let error = match self.try_read(lanes, lane).await {
                Ok(read) => return Ok(read),
                Err(error) => error,
            };
            self.stats.rate_limited +=
                u64::from(matches!(error.kind, OktaErrorKind::RateLimited { .. }));
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
        let head = page::read(self.client, &request, &mut self.body).await?;
        self.began.get_or_insert(latest(&head));
        let mut rows = PageRows::new(&mut self.batcher, lanes.filter(lane), Utc::now());
        if let Err(problem) = encode_page(&self.body, &mut self.encoder, &mut rows) {
            self.batcher.discard_page();
            let problem = problem.to_string();
            let kind = OktaErrorKind::UnreadablePage { problem };
            return Err(OktaError::new(self.client.domain(), kind));
        }
        // An event of the future would, for good, be the newest.
        let newest = rows.newest().min(Some(latest(&head)));
        let PageRows {
            ids,
            rows,
            known,
            without_uuid,
            cut,
            ..
        } = rows;
        let next = head.next.clone();
        let next = next.filter(|next| !next.is_same_place(&cursor));
        let is_short = ids.len() < usize::try_from(asked).unwrap_or(usize::MAX);
        let page = PageRead {
            date: head.date.unwrap_or_else(Utc::now),
            reached: self.reached(&head, next.as_ref(), ids.len(), newest.filter(|_| is_short)),
            next,
            newest,
            ids,
            rows,
        };
        self.note(&page, without_uuid, cut);
        let batches = PageBatches {
            batches: self.batcher.finish_page(),
            known,
            cursor,
            oversize: None,
        };
        Ok((page, batches, head))
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
    fn note(&mut self, page: &PageRead, without_uuid: Mentioned, cut: Mentioned) {
        self.stats.pages += u64::from(!page.ids.is_empty());
        self.stats.repeats += (page.ids.len() - page.rows.len()) as u64;
        self.stats.cut_rows += cut.count;
        let org = self.client.domain();
        if let Some(first) = without_uuid.first {
            self.log.events_without_uuid(org, without_uuid.count, first);
        }
        if let Some(first) = cut.first {
            self.log.values_cut(org, cut.count, first);
        }
    }
}

/// Okta's clock when it answered, or up to a second later: `Date` has whole seconds.
fn latest(head: &Page) -> DateTime<Utc> {
    head.date.unwrap_or_else(Utc::now) + TimeDelta::seconds(1)
}

/// The position after a page that is too large to be read, if Okta named one.
fn past(error: &OktaError) -> Option<Cursor> {
    match &error.kind {
        OktaErrorKind::PageTooLarge {
            next: Some(next), ..
        } => Some(Cursor::new(Url::clone(next))),
        _ => None,
    }
}

/// Stands for a page whose only event is over the cap.
fn oversize(cursor: &Cursor, next: Cursor, error: OktaError) -> (PageRead, PageBatches, Page) {
    let head = Page {
        next: Some(next),
        rate: None,
        date: None,
    };
    let page = PageRead {
        ids: Vec::new(),
        rows: Vec::new(),
        date: Utc::now(),
        next: head.next.clone(),
        newest: None,
        reached: Reached::More,
    };
    let batches = PageBatches {
        batches: Vec::new(),
        known: 0,
        cursor: cursor.clone(),
        oversize: Some(error),
    };
    (page, batches, head)
}
