//! Faults of the workspace, as a script.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::event_id::EventId;
use super::refusal::Refusal;
use crate::stall::StallPoint;
use axum::http::StatusCode;

/// One thing that goes wrong with one post. A post uses up a fault once its headers and its
/// signature were found good, so that a scripted fault cannot hide a wrong request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The whole body is read, nothing is stored, and this is the answer.
    Status {
        /// The HTTP status; one out of range counts as 500.
        status: u16,
        /// The service's word for it, as in its error body.
        code: &'static str,
        /// Seconds for a `Retry-After` header.
        retry_after: Option<u64>,
    },
    /// The whole body is read, nothing is stored, and this is the answer: that of a proxy, or of
    /// another service.
    Foreign {
        /// The HTTP status; one out of range counts as 500.
        status: u16,
        /// The header `Content-Type`, if there is a body.
        content_type: &'static str,
        /// The body.
        body: &'static str,
    },
    /// The connection is reset while the body is still on its way; nothing is stored.
    ResetBeforeBodyRead,
    /// The rows are stored, then the connection is reset: the client never learns of it.
    ResetAfterAccept,
    /// The rows are stored, the answer is withheld until [`Faults::release`].
    AcceptThenStall,
    /// The post waits, unread, until [`Faults::release`]; then it is an ordinary post.
    Stall,
    /// The rows are stored, the answer comes this much later.
    SlowAnswer(Duration),
}

impl Fault {
    /// A web page of this status.
    #[must_use]
    pub fn web_page(status: u16) -> Self {
        Self::Foreign {
            status,
            content_type: "text/html; charset=utf-8",
            body: "<!DOCTYPE html><html><body>Please sign in</body></html>",
        }
    }

    /// An answer of this status and nothing more.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self::Foreign {
            status,
            content_type: "",
            body: "",
        }
    }

    /// An answer of this status and code.
    #[must_use]
    pub fn status(status: u16, code: &'static str) -> Self {
        Self::Status {
            status,
            code,
            retry_after: None,
        }
    }

    /// 429, with a `Retry-After` of these seconds when given.
    #[must_use]
    pub fn throttled(retry_after: Option<u64>) -> Self {
        Self::Status {
            status: 429,
            code: "TooManyRequests",
            retry_after,
        }
    }

    /// 503 `ServiceUnavailable`.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::status(503, "ServiceUnavailable")
    }

    /// 403 `InvalidAuthorization`, as after the key was rotated.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::status(403, "InvalidAuthorization")
    }
}

/// The script of one workspace; clones write the same script.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Script>);

#[derive(Debug, Default)]
struct Script {
    lines: Mutex<Lines>,
    stall: StallPoint,
}

#[derive(Debug, Default)]
struct Lines {
    next: VecDeque<Fault>,
    always: Option<Fault>,
    poison: HashSet<EventId>,
    largest: Option<u64>,
    latency: Duration,
}

impl Faults {
    /// The next post that has none yet gets `fault`.
    pub fn push(&self, fault: Fault) {
        self.lines().next.push_back(fault);
    }

    /// The next `count` posts get `fault`.
    pub fn push_n(&self, fault: &Fault, count: usize) {
        self.lines()
            .next
            .extend(std::iter::repeat_n(fault.clone(), count));
    }

    /// Every post gets `fault` once those pushed are used up.
    pub fn always(&self, fault: Fault) {
        self.lines().always = Some(fault);
    }

    /// Posts that hold a row with this `uuid` are refused with 400.
    pub fn poison(&self, id: &str) {
        self.lines().poison.insert(EventId::from(id));
    }

    /// Bodies over `bytes` on the wire are refused unread, as each API does beyond its
    /// own limit: 404 of the Data Collector, 413 of a rule.
    pub fn refuse_larger_than(&self, bytes: u64) {
        self.lines().largest = Some(bytes);
    }

    /// Every answer takes at least this long.
    pub fn set_latency(&self, latency: Duration) {
        self.lines().latency = latency;
    }

    /// Forgets the whole script and lets stalled posts go on.
    pub fn clear(&self) {
        *self.lines() = Lines::default();
        self.release();
    }

    /// Lets the posts that are stalled now go on.
    pub fn release(&self) {
        self.0.stall.release();
    }

    /// Resolves once `count` posts are stalled at the same time.
    pub async fn wait_for_stalled(&self, count: usize) {
        self.0.stall.wait_for(count).await;
    }

    pub(super) fn take(&self) -> Option<Fault> {
        let mut lines = self.lines();
        lines.next.pop_front().or_else(|| lines.always.clone())
    }

    pub(super) fn latency(&self) -> Duration {
        self.lines().latency
    }

    pub(super) fn largest(&self) -> Option<u64> {
        self.lines().largest
    }

    pub(super) fn veto(&self, ids: &[EventId]) -> Result<(), Refusal> {
        let lines = self.lines();
        if !lines.poison.is_empty() && ids.iter().any(|id| lines.poison.contains(id)) {
            return Err(Refusal::data_format("a record of this post cannot be read"));
        }
        Ok(())
    }

    pub(super) async fn stall(&self) {
        self.0.stall.stall().await;
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn refusal(status: u16, code: &'static str, retry_after: Option<u64>) -> Refusal {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let refusal = Refusal::new(status, code, "scripted by the test");
    Refusal {
        retry_after,
        ..refusal
    }
}
