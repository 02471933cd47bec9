//! The delivering half of a run: post a page's batches, save the place.

use chrono::Utc;
use okta_rows::EventId;
use tokio::sync::mpsc;

use super::checkpointer::Checkpointer;
use super::health;
use super::lanes::Delivery;
use super::page_reader::{PageBatches, ReadStats};
use super::post::{Posted, Poster, Silence};
use super::refusals::{FEW, Refusals, Refused};
use super::report::{RunError, RunReport};
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
    refusals: Refusals,
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
            refusals: Refusals::new(shipper.set_aside_refused),
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
        if let Some((_, since)) = delivery.split {
            self.log.lanes_split(self.shipper.okta.domain(), since);
        }
        let mut accepted = Vec::new();
        let delivered = self
            .deliver(&delivery.payload, batches, &mut accepted)
            .await;
        let joins = delivery.joins;
        let saved = self.save(delivery, delivered.is_ok(), &accepted).await;
        match (delivered, saved) {
            (Ok(()), saved) => saved?,
            (Err(failed), Ok(())) => return Err(failed),
            (Err(failed), Err(unsaved)) => return Err(failed.and_unsaved(unsaved)),
        }
        if joins {
            self.log.lanes_joined(self.shipper.okta.domain());
        }
        self.report.set_place(&self.checkpointer.place);
        (self.observer)(self.report);
        Ok(())
    }

    /// Brings a page's rows to the workspace, or where they cannot be, to the dead letters.
    /// `accepted` receives what is settled, also where this fails.
    async fn deliver(
        &mut self,
        page: &PageBatches,
        batches: &[Batch],
        accepted: &mut Vec<EventId>,
    ) -> Result<(), RunError> {
        // What is accepted of this page already counts beside what is refused of it now: else a
        // run that ended between the two would leave the refused rows alone for ever.
        self.refusals.accept(page.known);
        if !batches.is_empty() {
            self.checkpointer.save_before_first_post().await?;
        }
        let refused = self.post(batches, accepted).await?;
        if accepted.is_empty() && !refused.is_empty() {
            self.probe_before_setting_aside(&refused).await?;
        }
        self.set_aside(refused, accepted).await?;
        self.set_aside(page.set_aside.clone(), accepted).await
    }

    /// Saves how far the page came: past it, or the ids of the rows accepted in part.
    async fn save(
        &mut self,
        delivery: Delivery<PageBatches>,
        is_whole: bool,
        accepted: &[EventId],
    ) -> Result<(), RunError> {
        match is_whole {
            true => self.checkpointer.go_on(delivery.after).await?,
            false if accepted.is_empty() => {}
            false => {
                let place = delivery.in_part(&self.checkpointer.place, accepted);
                self.checkpointer.go_on(place).await?;
            }
        }
        self.checkpointer.remember(accepted).await
    }

    /// Posts a page's batches; where the workspace does not take one, its halves, down to the rows
    /// at fault, which it returns.
    async fn post(
        &mut self,
        batches: &[Batch],
        accepted: &mut Vec<EventId>,
    ) -> Result<Vec<Refused>, RunError> {
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
        match failed {
            Some(error) => Err(error),
            None => self.halve(parts, accepted).await,
        }
    }

    /// Posts the halves of refused batches until what is left are single rows.
    async fn halve(
        &mut self,
        mut parts: Vec<(Batch, PostError)>,
        accepted: &mut Vec<EventId>,
    ) -> Result<Vec<Refused>, RunError> {
        let mut rows = Vec::new();
        while let Some((part, error)) = parts.pop() {
            let Some((first, second)) = part.halves() else {
                rows.push(row(&part, error));
                let undecided = parts.iter().map(|(part, _)| part.rows().len()).sum();
                if !self.refusals.may_set_aside(rows.len(), undecided) {
                    return Err(self.refusals.error(&rows, TOO_MANY));
                }
                // Before the rest of a large page is halved for nothing.
                if accepted.is_empty() && rows.len() == FEW + 1 {
                    self.probe_before_setting_aside(&rows).await?;
                }
                continue;
            };
            let silence = Silence::of(&error);
            for half in [second, first] {
                let lease = self.checkpointer.lease.as_ref();
                match self.poster.one(lease, &half, silence).await? {
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
        self.refusals.accept(batch.rows().len());
        accepted.extend(batch.rows().iter().map(|row| row.id));
        (self.observer)(self.report);
    }

    /// Where no row of a page was accepted, something may be wrong that an answer about rows does
    /// not tell: then what holds none of them is refused, too. Nobody asks where a person has
    /// decided.
    async fn probe_before_setting_aside(&self, refused: &[Refused]) -> Result<(), RunError> {
        if self.shipper.set_aside_refused {
            return Ok(());
        }
        let (sink, org) = (self.shipper.sink.as_ref(), self.shipper.okta.domain());
        let check = health::check_row(sink, org, Utc::now());
        match self.poster.probe(&check).await {
            Err(RunError::Post(_)) => Err(self.refusals.error(refused, ALL_IS_REFUSED)),
            probed => probed,
        }
    }

    /// Makes dead letters of what was refused.
    async fn set_aside(
        &mut self,
        refused: Vec<Refused>,
        accepted: &mut Vec<EventId>,
    ) -> Result<(), RunError> {
        if !self.refusals.may_set_aside(refused.len(), 0) {
            return Err(self.refusals.error(&refused, TOO_MANY));
        }
        for Refused {
            event,
            file,
            reason,
            rows,
        } in refused
        {
            self.keep(&file, &reason, &rows).await?;
            self.refusals.set_aside(1);
            accepted.extend(event);
        }
        Ok(())
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

const TOO_MANY: &str = "too many to set them aside, so a setting is wrong rather than a row";
const ALL_IS_REFUSED: &str =
    "and so is what holds none of them, so a setting is wrong rather than a row";

fn row(batch: &Batch, error: PostError) -> Refused {
    let event = batch.rows().first().map(|row| row.id);
    Refused {
        event,
        file: event.map_or_else(String::new, |id| format!("{id}.json")),
        reason: error.message,
        rows: batch.body().clone(),
    }
}
