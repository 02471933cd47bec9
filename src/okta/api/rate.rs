//! Okta's rate limit, and the part of it that we take.
//!
//! Every answer names the limit of its window, what remains of it, and when the window ends, in
//! epoch seconds of Okta's clock: the wait is taken against the answer's own `Date`, so a wrong
//! clock here does not matter. Others call this API too; we leave them their share.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;

/// Longest wait for a window to end that is believed; windows last 60 seconds.
const LONGEST_WINDOW: Duration = Duration::from_secs(120);

/// `X-Rate-Limit-*` of one answer, with the time at which it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a window allows this caller.
    pub limit: u32,
    /// Requests left in the window, shared with every other caller of the same principal.
    pub remaining: u32,
    /// From the answer's `Date` to the end of the window.
    pub resets_in: Duration,
}

impl RateLimit {
    /// Reads the headers; `None` when Okta (or a stand-in) sent none.
    pub(crate) fn read(headers: &HeaderMap, now: DateTime<Utc>) -> Option<RateLimit> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        let limit = u32::try_from(number("x-rate-limit-limit")?).ok()?;
        let remaining = u32::try_from(number("x-rate-limit-remaining")?.max(0)).ok()?;
        let date = date(headers).unwrap_or(now).timestamp();
        let seconds = number("x-rate-limit-reset")
            .unwrap_or(date)
            .saturating_sub(date)
            .max(0);
        let resets_in = Duration::from_secs(seconds.unsigned_abs()).min(LONGEST_WINDOW);
        Some(RateLimit {
            limit,
            remaining,
            resets_in,
        })
    }

    /// A 429 with nothing allowed and nothing left: too many requests at once, not too many a
    /// minute. Its reset is only a suggestion.
    pub(crate) fn is_concurrency(&self) -> bool {
        self.limit == 0 && self.remaining == 0
    }
}

/// When the answer was given, by the server's clock.
pub(crate) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let date = headers.get(reqwest::header::DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(date)
        .ok()
        .map(|date| date.with_timezone(&Utc))
}

/// The part of the rate limit that this program may use: more than 0, at most 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateShare(f64);

impl RateShare {
    /// `None` outside 0 < share <= 1.
    pub fn new(share: f64) -> Option<RateShare> {
        (share > 0.0 && share <= 1.0).then_some(RateShare(share))
    }

    /// How long to wait before the next request. Zero while our share of the window lasts; one
    /// request a window is always ours, so that even a tiny share goes on.
    pub fn pause(self, rate: RateLimit) -> Duration {
        let reserved = f64::from(rate.limit) * (1.0 - self.0);
        if rate.limit == 0 || f64::from(rate.remaining) > reserved {
            return Duration::ZERO;
        }
        rate.resets_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(limit: u32, remaining: u32) -> RateLimit {
        RateLimit {
            limit,
            remaining,
            resets_in: Duration::from_secs(30),
        }
    }

    #[test]
    fn half_of_the_window_is_left_to_others() {
        let share = RateShare::new(0.5).unwrap();
        assert_eq!(share.pause(rate(60, 31)), Duration::ZERO);
        assert_eq!(share.pause(rate(60, 30)), Duration::from_secs(30));
        assert_eq!(share.pause(rate(60, 0)), Duration::from_secs(30));
        let all = RateShare::new(1.0).unwrap();
        assert_eq!(all.pause(rate(60, 1)), Duration::ZERO);
        assert_eq!(all.pause(rate(60, 0)), Duration::from_secs(30));
    }

    #[test]
    fn the_wait_is_taken_against_oktas_own_clock() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("date", "Sat, 21 Nov 2026 12:00:00 GMT"),
            ("x-rate-limit-limit", "60"),
            ("x-rate-limit-remaining", "7"),
            ("x-rate-limit-reset", "1795262425"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let far_off = DateTime::from_timestamp(0, 0).unwrap();
        let read = RateLimit::read(&headers, far_off).unwrap();
        assert_eq!(
            read,
            RateLimit {
                limit: 60,
                remaining: 7,
                resets_in: Duration::from_secs(25)
            }
        );
    }

    #[test]
    fn a_reset_that_has_passed_is_no_wait() {
        let mut headers = HeaderMap::new();
        headers.insert("x-rate-limit-limit", "60".parse().unwrap());
        headers.insert("x-rate-limit-remaining", "0".parse().unwrap());
        headers.insert("x-rate-limit-reset", "1".parse().unwrap());
        assert_eq!(
            RateLimit::read(&headers, Utc::now()).unwrap().resets_in,
            Duration::ZERO
        );
    }

    #[test]
    fn shares_outside_the_whole_are_refused() {
        for wrong in [0.0, -0.1, 1.1, f64::NAN] {
            assert!(RateShare::new(wrong).is_none());
        }
    }
}
