//! The only place that waits between tries of one call.
//!
//! A call is retried for at most [`RETRY_LIMIT`], with capped exponential backoff and full jitter;
//! a wait that the server names is not counted against that, only against the run's deadline.
//! When the next try would come too late the loop ends at once: the next run is the retry.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long one call is retried, waits that a server names aside.
pub const RETRY_LIMIT: Duration = Duration::from_secs(60);

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Longest wait that a server may name; what is longer is cut to it.
const LONGEST_NAMED_WAIT: u64 = 3_600;

/// `Retry-After` in seconds; the form with a date is not in use at the services we call.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds: u64 = seconds.parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_NAMED_WAIT)))
}

/// What a failure asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// It may pass: try again after a pause of ours.
    Retry,
    /// The server says when to come again.
    RetryAfter(Duration),
    /// Trying again cannot help.
    Stop,
}

/// A failure that knows what it asks for.
pub trait Failure {
    /// The decision, made where the failure was understood.
    fn retry_decision(&self) -> RetryDecision;
}

/// Until when a run may go on, and whether it was told to end.
#[derive(Clone, Debug)]
pub struct Limits {
    /// No try begins after this.
    pub deadline: Instant,
    /// Set when the process is to end.
    pub stop: CancellationToken,
}

impl Limits {
    /// Waits until `grace` after the deadline, or after the run is told to end.
    pub async fn over(&self, grace: Duration) {
        let told = async {
            self.stop.cancelled().await;
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            () = told => {}
            () = tokio::time::sleep_until(self.deadline + grace) => {}
        }
    }

    /// Waits, unless the wait would pass the deadline or the run is told to end: then false.
    pub async fn pause(&self, pause: Duration) -> bool {
        if pause.is_zero() {
            return !self.stop.is_cancelled();
        }
        if Instant::now() + pause >= self.deadline {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = self.stop.cancelled() => false,
        }
    }
}

/// The tries of one call. Ask [`Retries::wait_to_retry`] after each failure.
#[derive(Debug)]
pub struct Retries<'a> {
    limits: &'a Limits,
    ours_until: Instant,
    /// Most that the next pause of ours may take.
    longest: Duration,
    /// Tries made again so far.
    pub count: u64,
}

impl<'a> Retries<'a> {
    /// The first try begins now.
    pub fn new(limits: &'a Limits) -> Retries<'a> {
        Retries {
            limits,
            ours_until: Instant::now() + RETRY_LIMIT,
            longest: FIRST_PAUSE,
            count: 0,
        }
    }

    /// Waits as long as `failure` asks for, and hands the pause to `tell` before; false, at once,
    /// when there is to be no other try.
    pub async fn wait_to_retry(
        &mut self,
        failure: &impl Failure,
        tell: impl FnOnce(Duration),
    ) -> bool {
        let pause = match failure.retry_decision() {
            RetryDecision::Stop => return false,
            RetryDecision::Retry => {
                let pause = self.backoff();
                if Instant::now() + pause >= self.ours_until {
                    return false;
                }
                pause
            }
            RetryDecision::RetryAfter(wait) => {
                // A second of jitter keeps several apps from coming back together, and a server
                // that names no real wait, again and again, is given longer ones all the same.
                let pause = wait.max(self.backoff()) + jitter(Duration::from_secs(1));
                self.ours_until += pause;
                pause
            }
        };
        if Instant::now() + pause < self.limits.deadline {
            tell(pause);
        }
        let again = self.limits.pause(pause).await;
        self.count += u64::from(again);
        again
    }

    fn backoff(&mut self) -> Duration {
        let most = self.longest;
        self.longest = (most * 2).min(LONGEST_PAUSE);
        most / 4 + jitter(most * 3 / 4)
    }
}

fn jitter(most: Duration) -> Duration {
    most.mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no luck")]
    struct Fails(RetryDecision);

    impl Failure for Fails {
        fn retry_decision(&self) -> RetryDecision {
            self.0
        }
    }

    fn limits(seconds: u64) -> Limits {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        Limits {
            deadline,
            stop: CancellationToken::new(),
        }
    }

    async fn tries(limits: &Limits, decision: RetryDecision) -> (u64, Duration) {
        let start = Instant::now();
        let mut retries = Retries::new(limits);
        while retries.wait_to_retry(&Fails(decision), |_| ()).await {}
        (retries.count + 1, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_is_retried_for_a_minute_at_most() {
        let (tries, took) = tries(&limits(480), RetryDecision::Retry).await;
        assert!(tries > 4, "{tries} tries");
        assert!(took < RETRY_LIMIT, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_the_server_names_counts_against_the_deadline_only() {
        let wait = RetryDecision::RetryAfter(Duration::from_secs(100));
        let (tries, took) = tries(&limits(480), wait).await;
        assert_eq!(tries, 5);
        assert!(took < Duration::from_secs(410), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_of_no_time_does_not_make_a_storm_of_tries() {
        let (tries, took) = tries(&limits(480), RetryDecision::RetryAfter(Duration::ZERO)).await;
        assert!((20..80).contains(&tries), "{tries} tries in {took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lasting_failure_is_tried_once() {
        assert_eq!(tries(&limits(480), RetryDecision::Stop).await.0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_waited_for_that_comes_after_the_deadline() {
        let (tries, took) = tries(
            &limits(5),
            RetryDecision::RetryAfter(Duration::from_secs(6)),
        )
        .await;
        assert_eq!((tries, took), (1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_told_to_end_stops_waiting() {
        let limits = limits(480);
        let stop = limits.stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            stop.cancel();
        });
        let (_, took) = tries(&limits, RetryDecision::RetryAfter(Duration::from_secs(100))).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
}
