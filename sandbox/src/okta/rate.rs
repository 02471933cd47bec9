//! The rate limit of the log: so many requests in a window that starts with its first request.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

/// Told to clients of an org that limits nobody.
const GENEROUS: u32 = 100_000;

/// One bucket of Okta's.
#[derive(Debug)]
pub(super) struct RateLimit {
    per_window: Option<u32>,
    window: Duration,
    opened: Option<(Instant, DateTime<Utc>)>,
    used: u32,
}

/// What the headers of one answer say about the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// Seconds of the Unix epoch, rounded up: the window is over by then.
    pub(super) reset: i64,
    pub(super) exceeded: bool,
}

impl RateLimit {
    pub(super) fn new(per_window: Option<u32>, window: Duration) -> Self {
        Self {
            per_window,
            window,
            opened: None,
            used: 0,
        }
    }

    /// Counts one request; `now` and `date` are the same moment by two clocks.
    pub(super) fn take(&mut self, now: Instant, date: DateTime<Utc>) -> Allowance {
        let open = self
            .opened
            .filter(|(since, _)| now.duration_since(*since) < self.window);
        if open.is_none() {
            self.used = 0;
        }
        let (_, opened) = *self.opened.insert(open.unwrap_or((now, date)));
        self.used = self.used.saturating_add(1);
        let limit = self.per_window.unwrap_or(GENEROUS);
        let window = i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX);
        Allowance {
            limit,
            remaining: limit.saturating_sub(self.used),
            reset: opened
                .timestamp_millis()
                .saturating_add(window)
                .saturating_add(999)
                / 1000,
            exceeded: self.per_window.is_some() && self.used > limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_opens_with_its_first_request_and_refuses_what_is_over_the_limit() {
        let mut rate = RateLimit::new(Some(2), Duration::from_secs(60));
        let (start, date) = (Instant::now(), DateTime::UNIX_EPOCH);
        let at = |seconds| {
            (
                start + Duration::from_secs(seconds),
                date + Duration::from_secs(seconds),
            )
        };
        let mut take = |seconds| {
            let (now, date) = at(seconds);
            let taken = rate.take(now, date);
            (taken.remaining, taken.reset, taken.exceeded)
        };
        assert_eq!(take(10), (1, 70, false));
        assert_eq!(take(69), (0, 70, false));
        assert_eq!(take(69), (0, 70, true));
        assert_eq!(take(70), (1, 130, false));
    }

    #[test]
    fn an_org_without_a_limit_still_sends_one() {
        let mut rate = RateLimit::new(None, Duration::from_secs(60));
        let taken = rate.take(Instant::now(), DateTime::UNIX_EPOCH);
        assert_eq!(
            (taken.limit, taken.remaining, taken.exceeded),
            (GENEROUS, GENEROUS - 1, false)
        );
    }
}
