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

/// Posts of one batch, at most, whose connection breaks before the answer: each may be taken.
const MOST_BROKEN: u32 = 3;

/// How long rows rest whose post was not answered in time, before they are posted again.
const REST: Duration = Duration::from_secs(5);

/// How long the second post of such rows waits for its answer. A run with less time than
/// [`SHORTEST_SECOND_WAIT`] leaves it to the next one.
const SECOND_WAIT: Duration = Duration::from_secs(120);
const SHORTEST_SECOND_WAIT: Duration = Duration::from_secs(60);

/// What became of a batch.
pub(super) enum Posted {
    Accepted,
    /// The rows or their number are at fault, or there was no answer in time: halves are next.
    Refused(PostError),
}

/// Whether rows were posted before without an answer in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    NotYet,
    Once,
}

impl Silence {
    /// After a batch was refused for this reason.
    pub(super) fn of(refused: &PostError) -> Silence {
        match refused.outcome {
            Outcome::NoAnswer => Silence::Once,
            _ => Silence::NotYet,
        }
    }
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
        let posted = self.one(lease, batch, Silence::NotYet).await;
        failed.fetch_or(posted.is_err(), Ordering::Relaxed);
        posted
    }

    /// Posts one batch until it is accepted, there is no point in trying, or the time for a run's
    /// last post is used up.
    pub(super) async fn one(
        &self,
        lease: &dyn StateLease,
        batch: &Batch,
        silence: Silence,
    ) -> Result<Posted, RunError> {
        self.may_begin()?;
        self.unless_told_to_end(self.tries(lease, batch, silence))
            .await
    }

    /// Tries whether the workspace takes anything: by the API's own probe, and where it has none,
    /// by a `row` of the health table.
    pub(super) async fn probe(&self, row: &str) -> Result<(), RunError> {
        self.may_begin()?;
        let probe = async {
            let probed = match self.sink.probe(&tables::OKTA).await {
                Some(probed) => probed.map(drop),
                None => {
                    let body = self.sink.prepare(&Batch::of_one(row.as_bytes()));
                    self.sink.post(&tables::CONNECTOR_HEALTH, &body).await
                }
            };
            probed.map_err(RunError::from)
        };
        self.unless_told_to_end(probe).await
    }

    async fn unless_told_to_end<T>(
        &self,
        call: impl Future<Output = Result<T, RunError>>,
    ) -> Result<T, RunError> {
        tokio::select! {
            done = call => done,
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

    async fn tries(
        &self,
        lease: &dyn StateLease,
        batch: &Batch,
        mut silence: Silence,
    ) -> Result<Posted, RunError> {
        let mut body = self.sink.prepare(batch);
        let is_large = body.plain_len > SLOW_SPLIT_BYTES && batch.rows().len() > 1;
        let mut retries = Retries::new(self.limits);
        let (mut slow, mut broken) = (0, 0);
        loop {
            if silence == Silence::Once {
                body.answer_within = Some(self.second_wait().ok_or(RunError::OutOfTime)?);
            }
            // A run that lost its lease would duplicate the new holder's posts.
            lease.check()?;
            let Err(error) = self.sink.post(&tables::OKTA, &body).await else {
                return Ok(Posted::Accepted);
            };
            slow += u32::from(error.outcome == Outcome::Slow);
            broken += u32::from(error.outcome == Outcome::Broken);
            match error.outcome {
                Outcome::Split => return Ok(Posted::Refused(error)),
                Outcome::Slow if slow > 1 && is_large => return Ok(Posted::Refused(error)),
                Outcome::NoAnswer => {
                    if silence == Silence::Once || !self.rest(&error).await {
                        return Err(self.failed(error));
                    }
                    if batch.rows().len() > 1 {
                        return Ok(Posted::Refused(error));
                    }
                    silence = Silence::Once;
                    continue;
                }
                Outcome::Broken if broken == MOST_BROKEN => return Err(self.failed(error)),
                _ => {}
            }
            let tell = |pause| self.log.trying_again(&error, pause);
            if !retries.wait_to_retry(&error, tell).await {
                return Err(self.failed(error));
            }
            self.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Rests after a silence; false where the run has no time for a second one.
    async fn rest(&self, error: &PostError) -> bool {
        if self.second_wait().is_none() {
            return false;
        }
        self.log.trying_again(error, REST);
        let rested = self.limits.pause(REST).await;
        self.retries.fetch_add(u64::from(rested), Ordering::Relaxed);
        rested
    }

    /// How long a second post may wait for its answer, if the run has the time.
    fn second_wait(&self) -> Option<Duration> {
        let left = self
            .limits
            .deadline
            .saturating_duration_since(Instant::now());
        (left >= SHORTEST_SECOND_WAIT).then(|| left.min(SECOND_WAIT))
    }

    fn failed(&self, error: PostError) -> RunError {
        match self.limits.stop.is_cancelled() {
            true => RunError::Stopped,
            false => error.into(),
        }
    }
}
