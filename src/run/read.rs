//! The reading half of a run: follow Okta's links, make batches, keep Okta's pace.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Shipper;
use super::intake::{Intake, Odd, Repeats};
use super::progress::PageInWork;
use crate::batch::{Batch, Batcher};
use crate::event::page::encode_page;
use crate::event::row::RowEncoder;
use crate::okta::cursor::MAX_PAGE;
use crate::okta::rate::RateShare;
use crate::okta::{Client, Cursor, OktaError, Page};
use crate::retry::{Failure, Limits, Retries, Verdict};
use crate::telemetry::Log;

/// Smallest page asked for because Okta was slow; an oversize page goes down to 1.
const SMALLEST_FOR_TIME: u32 = 50;

/// What the reader hands over: one page, and the batches that it filled.
pub(super) struct PageRead {
    pub(super) page: PageInWork,
    pub(super) batches: Vec<Batch>,
    pub(super) newest: Option<DateTime<Utc>>,
    /// A lone event over the cap: where it would have been read.
    pub(super) oversize: Option<OktaError>,
}

/// Why no further page comes.
pub(super) enum ReadEnd {
    CaughtUp,
    BudgetSpent,
    RateSpent(Duration),
    Stopped,
    /// The delivering half ended.
    NobodyListens,
    Failed(OktaError),
}

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

pub(super) struct ReadReport {
    pub(super) end: ReadEnd,
    pub(super) stats: ReadStats,
}

pub(super) struct Reader<'a> {
    client: &'a Client,
    limits: &'a Limits,
    log: &'a Log,
    share: RateShare,
    encoder: RowEncoder,
    batcher: Batcher,
    spans_pages: bool,
    repeats: Repeats,
    cursor: Cursor,
    /// Events to ask for; below [`MAX_PAGE`] only after pages that were too slow or too large.
    page_limit: u32,
    body: Vec<u8>,
    /// Okta's clock when it answered first, or up to a second later, since its `Date` has whole
    /// seconds: what is younger is the next run's work.
    began: Option<DateTime<Utc>>,
    stats: ReadStats,
}

/// One page, read and encoded.
struct Encoded {
    head: Page,
    /// Events that were asked for.
    asked: u32,
    events: usize,
    rows: usize,
    repeated: Vec<crate::event::EventId>,
    newest: Option<DateTime<Utc>>,
    oversize: Option<OktaError>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        shipper: &'a Shipper,
        limits: &'a Limits,
        log: &'a Log,
        cursor: Cursor,
        repeats: Repeats,
    ) -> Reader<'a> {
        let sink = &shipper.sink;
        Reader {
            client: &shipper.okta,
            limits,
            log,
            share: shipper.share,
            encoder: RowEncoder::new(sink.spelling(), shipper.okta.domain().host()),
            batcher: Batcher::new(sink.limits()),
            spans_pages: sink.spans_pages(),
            repeats,
            cursor,
            page_limit: MAX_PAGE,
            body: Vec::new(),
            began: None,
            stats: ReadStats::default(),
        }
    }

    /// Reads pages until there is a reason to stop; a page is read only when there is room for it.
    pub(super) async fn run(mut self, pages: mpsc::Sender<PageRead>) -> ReadReport {
        let end = self.follow(&pages).await;
        ReadReport {
            end,
            stats: self.stats,
        }
    }

    async fn follow(&mut self, pages: &mpsc::Sender<PageRead>) -> ReadEnd {
        for number in 0.. {
            let Ok(room) = pages.reserve().await else {
                return ReadEnd::NobodyListens;
            };
            if let Some(end) = self.over() {
                return end;
            }
            let read = tokio::select! {
                () = pages.closed() => return ReadEnd::NobodyListens,
                () = self.limits.stop.clone().cancelled_owned() => return ReadEnd::Stopped,
                // Okta may take most of a minute over one answer; the run has no such minute left.
                () = tokio::time::sleep_until(self.limits.deadline) => return ReadEnd::BudgetSpent,
                read = self.page(number) => read,
            };
            let encoded = match read {
                Ok(encoded) => encoded,
                Err(error) => return self.failed(error),
            };
            let next = encoded
                .head
                .next
                .clone()
                .filter(|next| !next.is_same_place(&self.cursor));
            let last = self.is_last(&encoded, next.as_ref());
            let batches = match self.spans_pages && !last {
                true => self.batcher.closed(),
                false => self.batcher.flush(),
            };
            let Encoded {
                head,
                rows,
                repeated,
                newest,
                oversize,
                ..
            } = encoded;
            let cursor = self.cursor.clone();
            let page = PageInWork {
                number,
                cursor,
                next: next.clone(),
                rows,
                repeated,
                newest,
            };
            room.send(PageRead {
                page,
                batches,
                newest,
                oversize,
            });
            match next {
                Some(next) => self.cursor = next,
                None => return ReadEnd::CaughtUp,
            }
            if last {
                return ReadEnd::CaughtUp;
            }
            if let Some(end) = self.keep_pace(&head).await {
                return end;
            }
        }
        ReadEnd::BudgetSpent
    }

    fn over(&self) -> Option<ReadEnd> {
        if self.limits.stop.is_cancelled() {
            return Some(ReadEnd::Stopped);
        }
        (Instant::now() >= self.limits.deadline).then_some(ReadEnd::BudgetSpent)
    }

    /// Whether the end of the log is reached: an empty page, no further link, or a short page
    /// with events younger than this run, which could otherwise chase new events for ever.
    fn is_last(&self, page: &Encoded, next: Option<&Cursor>) -> bool {
        let short = page.events < usize::try_from(page.asked).unwrap_or(usize::MAX);
        let younger = page
            .newest
            .zip(self.began)
            .is_some_and(|(newest, began)| newest >= began);
        let empty = page.events == 0 && page.oversize.is_none();
        next.is_none() || empty || (short && younger)
    }

    async fn keep_pace(&self, head: &Page) -> Option<ReadEnd> {
        let pause = self.share.pause(head.rate?);
        if !pause.is_zero() {
            self.log.rate_paused(self.client.domain(), pause);
        }
        if self.limits.pause(pause).await {
            return None;
        }
        Some(if self.limits.stop.is_cancelled() {
            ReadEnd::Stopped
        } else {
            ReadEnd::RateSpent(pause)
        })
    }

    fn failed(&self, error: OktaError) -> ReadEnd {
        if self.limits.stop.is_cancelled() {
            return ReadEnd::Stopped;
        }
        match (&error, error.verdict()) {
            (OktaError::RateLimited { .. }, Verdict::RetryAfter(wait)) => ReadEnd::RateSpent(wait),
            (OktaError::RateLimited { .. }, _) => ReadEnd::RateSpent(Duration::from_secs(60)),
            _ => ReadEnd::Failed(error),
        }
    }

    /// Reads the page at the cursor, smaller where it would be too large.
    async fn page(&mut self, number: u64) -> Result<Encoded, OktaError> {
        self.repeats.turn();
        loop {
            let result = self.page_of_this_size(number).await;
            match result {
                Err(OktaError::PageTooLarge { .. }) if self.page_limit > 1 => {
                    self.page_limit /= 2;
                    self.log
                        .page_halved(self.client.domain(), self.page_limit, "too large");
                }
                // Without a link past it, it can only be tried again.
                Err(OktaError::PageTooLarge { org, limit, page }) if page.next.is_some() => {
                    let head = (*page).clone();
                    let error = OktaError::PageTooLarge { org, limit, page };
                    return Ok(Encoded {
                        head,
                        asked: 1,
                        events: 0,
                        rows: 0,
                        repeated: Vec::new(),
                        newest: None,
                        oversize: Some(error),
                    });
                }
                Ok(encoded) => {
                    self.page_limit = (self.page_limit * 2).min(MAX_PAGE);
                    return Ok(encoded);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn page_of_this_size(&mut self, number: u64) -> Result<Encoded, OktaError> {
        let mut retries = Retries::new(self.limits, self.log);
        let mut slow = 0;
        loop {
            self.stats.requests += 1;
            let error = match self.try_page(number).await {
                Ok(encoded) => return Ok(encoded),
                Err(error) => error,
            };
            self.stats.rate_limited += u64::from(matches!(error, OktaError::RateLimited { .. }));
            slow += u32::from(error.asks_for_smaller_pages());
            if slow >= 2 && error.asks_for_smaller_pages() && self.page_limit > SMALLEST_FOR_TIME {
                self.page_limit = (self.page_limit / 2).max(SMALLEST_FOR_TIME);
                self.log
                    .page_halved(self.client.domain(), self.page_limit, "too slow");
                // Another request, and its own minute: two answers that Okta took its 30 s over
                // have used the first one's up.
                (slow, retries) = (0, Retries::new(self.limits, self.log));
            }
            if !retries.again(&error).await {
                return Err(error);
            }
            self.stats.retries += 1;
        }
    }

    /// One request, and its events in the batcher.
    async fn try_page(&mut self, number: u64) -> Result<Encoded, OktaError> {
        // A link repeats the size that its page was asked for with, so that without a word about
        // it one page that was too large would make all others small.
        let asked = self.page_limit;
        let place = match self.cursor.limit() == asked {
            true => self.cursor.clone(),
            false => self.cursor.with_limit(asked),
        };
        let head = self.client.page(&place, &mut self.body).await?;
        // `Date` has whole seconds. An event of the future would, for good, be the newest.
        let latest = head.date.unwrap_or_else(Utc::now) + TimeDelta::seconds(1);
        self.began.get_or_insert(latest);
        self.batcher.page(number);
        let mut intake = Intake::new(&mut self.batcher, &mut self.repeats);
        let walked = encode_page(&self.body, &mut self.encoder, &mut intake);
        let (without_uuid, cut, left_out) = (intake.without_uuid, intake.cut, intake.left_out);
        let encoded = Encoded {
            head,
            asked,
            events: intake.events,
            rows: intake.rows,
            newest: intake.newest().min(Some(latest)),
            repeated: std::mem::take(&mut intake.repeated),
            oversize: None,
        };
        if let Err(problem) = walked {
            self.batcher.forget_page(number);
            self.repeats.again();
            let org = self.client.domain().to_string();
            return Err(OktaError::UnreadablePage {
                org,
                problem: problem.to_string(),
            });
        }
        self.note(encoded.events, left_out, without_uuid, cut);
        Ok(encoded)
    }

    fn note(&mut self, events: usize, left_out: u64, without_uuid: Odd, cut: Odd) {
        self.stats.pages += u64::from(events > 0);
        self.stats.repeats += left_out;
        self.stats.cut_rows += cut.count;
        if let Some(first) = without_uuid.first {
            self.log
                .events_without_uuid(self.client.domain(), without_uuid.count, first);
        }
        if let Some(first) = cut.first {
            self.log.values_cut(self.client.domain(), cut.count, first);
        }
    }
}
