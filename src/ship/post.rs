//! One batch on its way to the workspace: the same bytes until they are accepted.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::time::Instant;

use super::report::RunError;
use crate::log_analytics::batch::Batch;
use crate::log_analytics::post_error::{Outcome, PostError, SLOW_SPLIT_BYTES};
use crate::log_analytics::sink::Sink;
use crate::log_analytics::tables;
use crate::net::retry::{Limits, Retries};
use crate::state::store::StateLease;
use crate::telemetry::Log;

/// How long a post under way may take once the run's time is over or it is told to end.
pub(super) const LAST_POST: Duration = Duration::from_secs(5);

/// Calls of one page that are under way at once.
const AT_ONCE: usize = 4;

/// What became of a batch.
pub(super) enum Posted {
    Accepted,
    /// The rows or their number are at fault.
    Refused(PostError),
}

/// Posts batches to the table of events.
pub(super) struct Poster<'a> {
    sink: &'a dyn Sink,
    limits: &'a Limits,
    log: &'a Log,
    /// Tries made again so far.
    retries: AtomicU64,
}

impl<'a> Poster<'a> {
    pub(super) fn new(sink: &'a dyn Sink, limits: &'a Limits, log: &'a Log) -> Poster<'a> {
        Poster {
            sink,
            limits,
            log,
            retries: AtomicU64::new(0),
        }
    }

    /// The tries made again since this was asked last.
    pub(super) fn take_retries(&self) -> u64 {
        self.retries.swap(0, Ordering::Relaxed)
    }

    /// Posts all batches, at most [`AT_ONCE`] at the same time. After a failure no further one
    /// begins, and those under way end.
    pub(super) async fn all(
        &self,
        lease: &dyn StateLease,
        batches: &[Batch],
    ) -> Vec<Result<Posted, RunError>> {
        let failed = AtomicBool::new(false);
        let posts = batches.iter();
        // Boxed: the compiler cannot see otherwise that they may move between threads.
        let posts = posts.map(|batch| self.unless(&failed, lease, batch).boxed());
        let posts: Vec<_> = posts.collect();
        stream::iter(posts).buffered(AT_ONCE).collect().await
    }

    async fn unless(
        &self,
        failed: &AtomicBool,
        lease: &dyn StateLease,
        batch: &Batch,
    ) -> Result<Posted, RunError> {
        if failed.load(Ordering::Relaxed) {
            return Err(RunError::Stopped);
        }
        let posted = self.one(lease, batch).await;
        failed.fetch_or(posted.is_err(), Ordering::Relaxed);
        posted
    }

    /// Posts one batch until it is accepted, there is no point in trying, or the time for a run's
    /// last post is used up.
    pub(super) async fn one(
        &self,
        lease: &dyn StateLease,
        batch: &Batch,
    ) -> Result<Posted, RunError> {
        self.may_begin()?;
        tokio::select! {
            posted = self.tries(lease, batch) => posted,
            () = self.limits.over(LAST_POST) => Err(match self.limits.stop.is_cancelled() {
                true => RunError::Stopped,
                false => RunError::OutOfTime,
            }),
        }
    }

    /// No post begins once the run is told to end, or its time is over.
    fn may_begin(&self) -> Result<(), RunError> {
        if self.limits.stop.is_cancelled() {
            return Err(RunError::Stopped);
        }
        match Instant::now() < self.limits.deadline {
            true => Ok(()),
            false => Err(RunError::OutOfTime),
        }
    }

    async fn tries(&self, lease: &dyn StateLease, batch: &Batch) -> Result<Posted, RunError> {
        let body = self.sink.prepare(batch);
        let mut retries = Retries::new(self.limits);
        let mut slow = 0;
        loop {
            // A run that lost its lease would duplicate the new holder's posts.
            lease.check()?;
            let Err(error) = self.sink.post(&tables::OKTA, &body).await else {
                return Ok(Posted::Accepted);
            };
            slow += u32::from(error.outcome == Outcome::Slow);
            if error.outcome == Outcome::Split || slow > 1 && body.plain_len > SLOW_SPLIT_BYTES {
                return Ok(Posted::Refused(error));
            }
            let tell = |pause| self.log.trying_again(&error, pause);
            if !retries.wait_to_retry(&error, tell).await {
                return Err(match self.limits.stop.is_cancelled() {
                    true => RunError::Stopped,
                    false => error.into(),
                });
            }
            self.retries.fetch_add(1, Ordering::Relaxed);
        }
    }
}
