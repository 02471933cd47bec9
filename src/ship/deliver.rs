//! The delivering half of a run: post a page's batches, save the place.

use chrono::Utc;
use okta_rows::EventId;
use tokio::sync::mpsc;

use super::checkpointer::Checkpointer;
use super::lanes::Delivery;
use super::page_reader::{PageBatches, ReadStats};
use super::post::{Posted, Poster};
use super::report::{RunError, RunReport};
use super::set_aside::SetAside;
use super::shipper::{Observer, Shipper};
use crate::log_analytics::batch::Batch;
use crate::log_analytics::buffer_pool::BufferPool;
use crate::log_analytics::post_error::PostError;
use crate::net::retry::Limits;
use crate::state::dead_letter::DeadLetter;
use crate::telemetry::Log;

pub(super) struct Deliverer<'a> {
    shipper: &'a Shipper,
    pub(super) checkpointer: Checkpointer<'a>,
    poster: Poster<'a>,
    log: &'a Log,
    observer: Observer<'a>,
    report: &'a mut RunReport,
    rows_tried: usize,
    rows_refused: usize,
}

impl<'a> Deliverer<'a> {
    pub(super) fn new(
        shipper: &'a Shipper,
        checkpointer: Checkpointer<'a>,
        limits: &'a Limits,
        log: &'a Log,
        observer: Observer<'a>,
        report: &'a mut RunReport,
    ) -> Deliverer<'a> {
        report.set_place(&checkpointer.place);
        Deliverer {
            shipper,
            checkpointer,
            poster: Poster::new(shipper.sink.as_ref(), limits, log),
            log,
            observer,
            report,
            rows_tried: 0,
            rows_refused: 0,
        }
    }

    /// Takes what only the reader could count.
    pub(super) fn count(&mut self, read: &ReadStats) {
        self.report.pages += read.pages;
        self.report.okta_requests += read.requests;
        self.report.okta_429s += read.rate_limited;
        self.report.retries += read.retries + self.poster.take_retries();
        self.report.repeats += read.repeats;
        self.report.cut_rows += read.cut_rows;
    }

    /// Delivers page after page until no more come, and gives the buffers of their batches back.
    pub(super) async fn run(
        &mut self,
        mut inbox: mpsc::Receiver<Delivery<PageBatches>>,
        buffers: &BufferPool,
    ) -> Result<(), RunError> {
        while let Some(mut delivery) = inbox.recv().await {
            let batches = std::mem::take(&mut delivery.payload.batches);
            self.page(delivery, &batches).await?;
            batches
                .into_iter()
                .for_each(|batch| buffers.give_back(batch));
        }
        Ok(())
    }

    async fn page(
        &mut self,
        delivery: Delivery<PageBatches>,
        batches: &[Batch],
    ) -> Result<(), RunError> {
        let mut accepted = Vec::new();
        for event in &delivery.payload.set_aside {
            self.keep_oversize(event).await?;
            accepted.extend(event.id);
        }
        if let Some((_, since)) = delivery.split {
            self.log.lanes_split(self.shipper.okta.domain(), since);
        }
        let known = delivery.payload.known;
        let posted = self.post(batches, known, &mut accepted).await;
        match &posted {
            Ok(()) => self.checkpointer.go_on(delivery.after).await?,
            Err(_) if accepted.is_empty() => {}
            Err(_) => {
                let place = delivery.in_part(&self.checkpointer.place, &accepted);
                self.checkpointer.go_on(place).await?;
            }
        }
        self.checkpointer.remember(&accepted).await?;
        posted?;
        if delivery.joins {
            self.log.lanes_joined(self.shipper.okta.domain());
        }
        self.report.set_place(&self.checkpointer.place);
        (self.observer)(self.report);
        Ok(())
    }

    /// Posts a page's batches; where the workspace does not take one, its halves, down to the rows
    /// at fault, which are set aside. If no row of the page is accepted, now or before, then it is
    /// not the rows. `accepted` receives what is settled, also where this fails.
    async fn post(
        &mut self,
        batches: &[Batch],
        accepted_before: usize,
        accepted: &mut Vec<EventId>,
    ) -> Result<(), RunError> {
        let rows: usize = batches.iter().map(|batch| batch.rows().len()).sum();
        // What is accepted of this page already counts beside what is refused of it now: else a
        // run that ended between the two would leave the refused rows alone for ever.
        self.rows_tried += rows + accepted_before;
        let lease = self.checkpointer.lease.as_ref();
        let all = self.poster.all(lease, batches).await;
        let (mut parts, mut failed) = (Vec::new(), None);
        for (batch, posted) in batches.iter().zip(all) {
            match posted {
                Ok(Posted::Accepted) => self.accepted(batch, accepted),
                Ok(Posted::Refused(error)) => parts.push((batch.clone(), error)),
                // Of several failures the first says most: the others may be told to stop by it.
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let refused = self.halve(parts, accepted).await?;
        if refused.len() == rows && rows > 0 && accepted_before == 0 {
            return Err(self.refused(refused));
        }
        self.set_aside(refused, accepted).await
    }

    /// Posts the halves of refused batches until what is left are single rows.
    async fn halve(
        &mut self,
        mut parts: Vec<(Batch, PostError)>,
        accepted: &mut Vec<EventId>,
    ) -> Result<Vec<(Batch, PostError)>, RunError> {
        let mut rows = Vec::new();
        while let Some((part, error)) = parts.pop() {
            let Some((first, second)) = part.halves() else {
                rows.push((part, error));
                if self.are_too_many(rows.len()) {
                    return Err(self.refused(rows));
                }
                continue;
            };
            for half in [second, first] {
                let lease = self.checkpointer.lease.as_ref();
                match self.poster.one(lease, &half).await? {
                    Posted::Accepted => self.accepted(&half, accepted),
                    Posted::Refused(error) => parts.push((half, error)),
                }
            }
        }
        Ok(rows)
    }

    fn accepted(&mut self, batch: &Batch, accepted: &mut Vec<EventId>) {
        self.report.posts += 1;
        self.report.events += batch.rows().len() as u64;
        self.report.posted_bytes += batch.body().len() as u64;
        if self.shipper.sink.rewrites_old_times() {
            self.report.old_rows += batch.rows().iter().filter(|row| row.old).count() as u64;
        }
        accepted.extend(batch.rows().iter().map(|row| row.id));
        (self.observer)(self.report);
    }

    /// More than 1 % of the run's rows, and more than one row.
    fn are_too_many(&self, refused: usize) -> bool {
        self.rows_refused + refused > (self.rows_tried / 100).max(1)
    }

    fn refused(&self, mut refused: Vec<(Batch, PostError)>) -> RunError {
        let count = self.rows_refused + refused.len();
        match refused.pop() {
            Some((_, refusal)) => RunError::Refused {
                refused: count,
                rows: self.rows_tried,
                refusal,
            },
            None => unreachable!("no row was refused"),
        }
    }

    /// Makes dead letters of rows whose neighbours were accepted.
    async fn set_aside(
        &mut self,
        refused: Vec<(Batch, PostError)>,
        accepted: &mut Vec<EventId>,
    ) -> Result<(), RunError> {
        for (row, error) in &refused {
            for id in row.rows().iter().map(|row| row.id) {
                self.keep(&format!("{id}.json"), &error.message, row.body())
                    .await?;
                accepted.push(id);
            }
        }
        self.rows_refused += refused.len();
        Ok(())
    }

    async fn keep_oversize(&mut self, event: &SetAside) -> Result<(), RunError> {
        let (name, content) = (format!("{}.json", event.name), event.content.as_bytes());
        self.keep(&name, &event.reason, content).await
    }

    async fn keep(&mut self, name: &str, reason: &str, rows: &[u8]) -> Result<(), RunError> {
        let letter = DeadLetter::new(reason, rows, Utc::now()).to_bytes();
        let lease = &mut self.checkpointer.lease;
        lease.keep_dead_letter(name, letter).await?;
        self.log.dead_letter(name, reason);
        self.report.dead_letters += 1;
        Ok(())
    }
}
