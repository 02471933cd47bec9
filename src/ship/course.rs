//! One lane's reading: where it stands, the page under way, what it leaves out.

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::handover::ReadStats;
use super::intake::{Intake, Odd, Repeats};
use super::seam::{Met, Seam};
use crate::log_analytics::batch::{Batch, Batcher, Spares};
use crate::log_analytics::sink::Sink;
use crate::net::retry::{Limits, Retries};
use crate::okta::api::client::Client;
use crate::okta::api::error::{OktaError, OktaErrorKind};
use crate::okta::log::cursor::Cursor;
use crate::okta::log::cursor::MAX_PAGE;
use crate::okta::log::page::{self, Page};
use crate::telemetry::Log;
use okta_rows::EventId;
use okta_rows::RowEncoder;
use okta_rows::{PageError, encode_page};

/// Smallest page asked for because Okta was slow; an oversize page goes down to 1.
const SMALLEST_FOR_TIME: u32 = 50;

/// A page whose newest event is no older than this, by Okta's clock, is of the last moments.
const MOMENTS: TimeDelta = TimeDelta::minutes(1);

/// What every request of a run has in common, whatever the lane.
pub(super) struct Asking<'a> {
    pub(super) client: &'a Client,
    pub(super) limits: &'a Limits,
    pub(super) log: &'a Log,
    pub(super) encoder: RowEncoder,
    /// Okta's clock when it answered first, or up to a second later, since its `Date` has whole
    /// seconds: what is younger is the next run's work.
    pub(super) began: Option<DateTime<Utc>>,
    pub(super) stats: ReadStats,
}

/// The reading of one lane.
pub(super) struct Course {
    cursor: Cursor,
    repeats: Repeats,
    batcher: Batcher,
    /// Events to ask for; below [`MAX_PAGE`] only after pages that were too slow or too large.
    page_limit: u32,
    body: Vec<u8>,
}

/// One page, read and encoded.
pub(super) struct Encoded {
    /// The number that its rows carry.
    pub(super) number: u64,
    pub(super) head: Page,
    /// Events that were asked for.
    asked: u32,
    pub(super) events: usize,
    pub(super) rows: usize,
    pub(super) ids: Vec<EventId>,
    pub(super) met: Met,
    pub(super) repeated: Vec<EventId>,
    pub(super) newest: Option<DateTime<Utc>>,
    pub(super) oversize: Option<OktaError>,
    left_out: u64,
    without_uuid: Odd,
    cut: Odd,
}

impl Course {
    /// Reading goes on from `cursor` and leaves `repeats` out.
    pub(super) fn new(
        cursor: Cursor,
        repeats: Repeats,
        sink: &dyn Sink,
        spares: &Spares,
    ) -> Course {
        Course {
            cursor,
            repeats,
            batcher: Batcher::with_spares(sink.limits(), spares.clone()),
            page_limit: MAX_PAGE,
            body: Vec::new(),
        }
    }

    /// The request for the page under way, or for the next one.
    pub(super) fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// The request after `page`; `None` when Okta named none, or this one again.
    pub(super) fn after(&self, page: &Encoded) -> Option<Cursor> {
        let next = page.head.next.clone();
        next.filter(|next| !next.is_same_place(&self.cursor))
    }

    /// Leaves the page under way behind.
    pub(super) fn go_on(&mut self, next: Option<Cursor>) {
        match next {
            Some(next) => self.cursor = next,
            None => self.repeats.comes_again(),
        }
    }

    /// The batches to post now: the full ones, or all of them.
    pub(super) fn batches(&mut self, all: bool) -> Vec<Batch> {
        match all {
            true => self.batcher.flush(),
            false => self.batcher.closed(),
        }
    }

    /// Reads the page at the cursor, smaller where it would be too large.
    pub(super) async fn page(
        &mut self,
        number: u64,
        seam: Option<&Seam>,
        asking: &mut Asking<'_>,
    ) -> Result<Encoded, OktaError> {
        self.repeats.turn();
        loop {
            let result = self.page_of_this_size(number, seam, asking).await;
            match result {
                Err(OktaError {
                    kind: OktaErrorKind::PageTooLarge { .. },
                    ..
                }) if self.page_limit > 1 => {
                    self.page_limit /= 2;
                    let org = asking.client.domain();
                    asking.log.page_halved(org, self.page_limit, "too large");
                }
                // Without a link past it, it can only be tried again.
                Err(OktaError {
                    org,
                    kind:
                        OktaErrorKind::PageTooLarge {
                            resource,
                            limit,
                            next: Some(next),
                        },
                }) => {
                    let head = Page {
                        next: Some(Cursor::new(Url::clone(&next))),
                        rate: None,
                        date: None,
                    };
                    let next = Some(next);
                    let kind = OktaErrorKind::PageTooLarge {
                        resource,
                        limit,
                        next,
                    };
                    return Ok(Encoded::oversize(number, head, OktaError { org, kind }));
                }
                Ok(encoded) => {
                    self.page_limit = (self.page_limit * 2).min(MAX_PAGE);
                    return Ok(encoded);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn page_of_this_size(
        &mut self,
        number: u64,
        seam: Option<&Seam>,
        asking: &mut Asking<'_>,
    ) -> Result<Encoded, OktaError> {
        let mut retries = Retries::new(asking.limits, asking.log);
        let mut slow = 0;
        loop {
            asking.stats.requests += 1;
            let error = match self.try_page(number, seam, asking).await {
                Ok(encoded) => return Ok(encoded),
                Err(error) => error,
            };
            asking.stats.rate_limited +=
                u64::from(matches!(error.kind, OktaErrorKind::RateLimited { .. }));
            slow += u32::from(error.asks_for_smaller_pages());
            if slow >= 2 && error.asks_for_smaller_pages() && self.page_limit > SMALLEST_FOR_TIME {
                self.page_limit = (self.page_limit / 2).max(SMALLEST_FOR_TIME);
                let org = asking.client.domain();
                asking.log.page_halved(org, self.page_limit, "too slow");
                // Another request, and its own minute: two answers that Okta took its 30 s over
                // have used the first one's up.
                (slow, retries) = (0, Retries::new(asking.limits, asking.log));
            }
            if !retries.again(&error).await {
                return Err(error);
            }
            asking.stats.retries += 1;
        }
    }

    /// One request, and its events in the batcher.
    async fn try_page(
        &mut self,
        number: u64,
        seam: Option<&Seam>,
        asking: &mut Asking<'_>,
    ) -> Result<Encoded, OktaError> {
        // A link repeats the size that its page was asked for with, so that without a word about
        // it one page that was too large would make all others small.
        let asked = self.page_limit;
        let place = match self.cursor.limit() == asked {
            true => self.cursor.clone(),
            false => self.cursor.with_limit(asked),
        };
        let head = page::read(asking.client, &place, &mut self.body).await?;
        asking.began.get_or_insert(latest(&head));
        let encoded = self.encode(number, head, asked, seam, &mut asking.encoder);
        encoded.map_err(|problem| {
            let problem = problem.to_string();
            OktaError::new(
                asking.client.domain(),
                OktaErrorKind::UnreadablePage { problem },
            )
        })
    }

    /// Takes the page under way back and makes its rows again: the seam has grown.
    pub(super) fn again(
        &mut self,
        page: Encoded,
        seam: &Seam,
        encoder: &mut RowEncoder,
    ) -> Result<Encoded, PageError> {
        if page.oversize.is_some() {
            return Ok(page);
        }
        self.batcher.forget_page(page.number);
        self.repeats.again();
        self.encode(page.number, page.head, page.asked, Some(seam), encoder)
    }

    fn encode(
        &mut self,
        number: u64,
        head: Page,
        asked: u32,
        seam: Option<&Seam>,
        encoder: &mut RowEncoder,
    ) -> Result<Encoded, PageError> {
        self.batcher.page(number);
        let mut intake = Intake::new(&mut self.batcher, &mut self.repeats, seam, Utc::now());
        let walked = encode_page(&self.body, encoder, &mut intake);
        let encoded = Encoded {
            number,
            asked,
            events: intake.events,
            rows: intake.rows,
            // An event of the future would, for good, be the newest.
            newest: intake.newest().min(Some(latest(&head))),
            met: Met {
                events: intake.events,
                ..intake.met
            },
            ids: intake.ids,
            repeated: intake.repeated,
            oversize: None,
            left_out: intake.left_out,
            without_uuid: intake.without_uuid,
            cut: intake.cut,
            head,
        };
        if let Err(problem) = walked {
            self.batcher.forget_page(number);
            self.repeats.again();
            return Err(problem);
        }
        Ok(encoded)
    }
}

/// Okta's clock when it answered, or up to a second later: `Date` has whole seconds.
fn latest(head: &Page) -> DateTime<Utc> {
    head.date.unwrap_or_else(Utc::now) + TimeDelta::seconds(1)
}

impl Encoded {
    fn oversize(number: u64, head: Page, error: OktaError) -> Encoded {
        Encoded {
            number,
            head,
            asked: 1,
            events: 0,
            rows: 0,
            ids: Vec::new(),
            met: Met::default(),
            repeated: Vec::new(),
            newest: None,
            oversize: Some(error),
            left_out: 0,
            without_uuid: Odd::default(),
            cut: Odd::default(),
        }
    }

    /// Whether fewer events were asked for than a page may hold.
    pub(super) fn is_cut_down(&self) -> bool {
        self.asked < MAX_PAGE
    }

    /// Whether the end of the log is reached: an empty page, no further link, or a short page
    /// with events younger than this run, which could otherwise chase new events for ever.
    pub(super) fn is_last(&self, next: Option<&Cursor>, began: Option<DateTime<Utc>>) -> bool {
        let empty = self.events == 0 && self.oversize.is_none();
        next.is_none()
            || empty
            || (self.is_short() && began.is_some_and(|began| self.is_from(began)))
    }

    /// Whether it has what was stored up to the last moments, and little can come after it.
    pub(super) fn is_news(&self) -> bool {
        self.is_short() && self.is_from(latest(&self.head) - MOMENTS)
    }

    fn is_short(&self) -> bool {
        self.events < usize::try_from(self.asked).unwrap_or(usize::MAX)
    }

    /// Whether it has an event published at this time or later.
    fn is_from(&self, time: DateTime<Utc>) -> bool {
        self.newest.is_some_and(|newest| newest >= time)
    }
}

impl Asking<'_> {
    /// Counts a page that is handed over, and tells what is odd on it.
    pub(super) fn note(&mut self, page: &Encoded) {
        self.stats.pages += u64::from(page.events > 0);
        self.stats.repeats += page.left_out;
        self.stats.cut_rows += page.cut.count;
        let org = self.client.domain();
        if let Some(first) = page.without_uuid.first {
            let count = page.without_uuid.count;
            self.log.events_without_uuid(org, count, first);
        }
        if let Some(first) = page.cut.first {
            self.log.values_cut(org, page.cut.count, first);
        }
    }
}
