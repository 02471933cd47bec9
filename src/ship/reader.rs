//! The reading half of a run: one request at a time, the lane that is due, at Okta's pace.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::lanes::page_read::{LaneName, PageRead};
use super::lanes::{Circle, Delivery, Lanes, Next};
use super::page_reader::{PageBatches, PageReader, ReadStats};
use crate::net::retry::Limits;
use crate::okta::api::domain::OktaDomain;
use crate::okta::api::error::{OktaError, OktaErrorKind};
use crate::okta::api::rate::{RateLimit, RateShare};
use crate::okta::log::page::Page;
use crate::telemetry::Log;

/// How long to wait where Okta says that its rate limit is spent, and not for how long.
const RATE_WINDOW: Duration = Duration::from_secs(60);

/// Why no further page comes.
pub(super) enum ReadEnd {
    CaughtUp,
    BudgetSpent,
    RateSpent(Duration),
    Stopped,
    /// The delivering half ended.
    NobodyListens,
    Failed(LaneName, OktaError),
}

pub(super) struct Reader<'a> {
    pub(super) pages: PageReader<'a>,
    pub(super) lanes: Lanes<PageBatches>,
    pub(super) share: RateShare,
    pub(super) org: &'a OktaDomain,
    pub(super) limits: &'a Limits,
    pub(super) log: &'a Log,
}

impl Reader<'_> {
    /// Reads pages until there is a reason to stop; a page is read only when there is room for it.
    pub(super) async fn run(
        mut self,
        deliveries: mpsc::Sender<Delivery<PageBatches>>,
    ) -> (ReadEnd, ReadStats) {
        let end = self.follow(&deliveries).await;
        (end, self.pages.stats)
    }

    async fn follow(&mut self, deliveries: &mpsc::Sender<Delivery<PageBatches>>) -> ReadEnd {
        loop {
            let Ok(room) = deliveries.reserve().await else {
                return ReadEnd::NobodyListens;
            };
            let Next::Read(lane) = self.lanes.next(Instant::now()) else {
                return ReadEnd::CaughtUp;
            };
            let (mut page, mut batches, head) = match self.read_in_time(lane, deliveries).await {
                Ok(read) => read,
                Err(end) => return end,
            };
            let mut no_way_on = batches.no_way_on.take();
            if let Some(circle) = self.lanes.break_circle(lane, &mut page) {
                no_way_on = Some(self.circle(circle, &mut batches));
            }
            let read = self.lanes.page_read(lane, page, batches, Instant::now());
            let mut read = read.into_iter();
            if let Some(delivery) = read.next() {
                room.send(delivery);
            }
            for delivery in read {
                if deliveries.send(delivery).await.is_err() {
                    return ReadEnd::NobodyListens;
                }
            }
            if let Some(error) = no_way_on {
                return ReadEnd::Failed(lane, error);
            }
            if self.lanes.next(Instant::now()) == Next::CaughtUp {
                return ReadEnd::CaughtUp;
            }
            if let Some(end) = self.keep_pace(head.rate).await {
                return end;
            }
        }
    }

    /// Takes out of a page what is delivered already.
    fn circle(&self, circle: Circle, page: &mut PageBatches) -> OktaError {
        let problem = match circle {
            Circle::Place => "the next page is one that this run has read",
            Circle::Events => {
                page.batches.clear();
                page.set_aside.clear();
                "a page has no other events than those that this run has read"
            }
        };
        OktaError::new(self.org, OktaErrorKind::LinksInCircle { problem })
    }

    /// Reads a page, unless the run ends before it is there.
    async fn read_in_time(
        &mut self,
        lane: LaneName,
        deliveries: &mpsc::Sender<Delivery<PageBatches>>,
    ) -> Result<(PageRead, PageBatches, Page), ReadEnd> {
        let limits = self.limits;
        if limits.stop.is_cancelled() {
            return Err(ReadEnd::Stopped);
        }
        if Instant::now() >= limits.deadline {
            return Err(ReadEnd::BudgetSpent);
        }
        let read = self.pages.read(&mut self.lanes, lane);
        let read = tokio::select! {
            () = deliveries.closed() => return Err(ReadEnd::NobodyListens),
            () = limits.stop.cancelled() => return Err(ReadEnd::Stopped),
            // Okta may take most of a minute over one answer; the run has no such minute left.
            () = tokio::time::sleep_until(limits.deadline) => None,
            read = read => Some(read),
        };
        let Some(read) = read else {
            // What failed until the end did not just take long.
            return Err(match self.pages.failing.take() {
                Some(error) => self.failed(lane, error),
                None => ReadEnd::BudgetSpent,
            });
        };
        read.map_err(|error| self.failed(lane, error))
    }

    async fn keep_pace(&mut self, rate: Option<RateLimit>) -> Option<ReadEnd> {
        let pause = self.share.pause(rate?);
        if !pause.is_zero() {
            self.log.rate_paused(self.org, pause);
            self.lanes.paused();
        }
        if self.limits.pause(pause).await {
            return None;
        }
        Some(match self.limits.stop.is_cancelled() {
            true => ReadEnd::Stopped,
            false => ReadEnd::RateSpent(pause),
        })
    }

    fn failed(&self, lane: LaneName, error: OktaError) -> ReadEnd {
        if self.limits.stop.is_cancelled() {
            return ReadEnd::Stopped;
        }
        match error.kind {
            OktaErrorKind::RateLimited { wait, .. } => {
                ReadEnd::RateSpent(wait.unwrap_or(RATE_WINDOW))
            }
            _ => ReadEnd::Failed(lane, error),
        }
    }
}
