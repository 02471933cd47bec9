//! Faults of the org, scripted request by request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::locks::locked;
use crate::stall::StallPoint;

/// What goes wrong with one request to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An error in Okta's shape. The headers come on top of the usual ones and replace them where
    /// they share a name.
    Status {
        /// The HTTP status.
        status: u16,
        /// Okta's code; its summary is the one that Okta gives this code.
        code: &'static str,
        /// Name and value.
        headers: Vec<(&'static str, String)>,
    },
    /// An error of this status with an HTML body, as a proxy in front of Okta sends.
    Html(u16),
    /// 429 with a `Retry-After` of this many seconds, which Okta does not document.
    RetryAfter(u32),
    /// 302 to this URL.
    Redirect(String),
    /// A TCP reset instead of an answer.
    ResetBeforeHeaders,
    /// A TCP reset when half of the body is on its way; as resets do, it may overtake some of it.
    ResetMidBody,
    /// A page that ends half way through its JSON; lengths and compression are consistent.
    CutBody,
    /// A page with a bare word among its events.
    BadJson,
    /// The events inside an object.
    NotAnArray,
    /// No answer until [`Faults::release`], then the one that would have come.
    Stall,
    /// The page in pieces.
    SlowBody {
        /// Bytes of a piece.
        chunk: usize,
        /// Wait before each piece.
        delay: Duration,
    },
    /// Events without end; uncompressed.
    EndlessBody,
    /// A page padded to more than this many bytes of JSON, unless only one event was asked for.
    Oversize(usize),
    /// No events, though there may be some, and a link that leads to them.
    EmptyPageWithNext,
    /// The page, with a `next` that leads to itself.
    NextIsSelf,
    /// The page, without a `next`.
    NoNext,
    /// The page, with this as `next`.
    NextElsewhere(String),
    /// The page, with a new link to this position of the log as `next`.
    NextAt(u64),
    /// The page, with this value, of whatever bytes, as its only `Link` header.
    Link(Vec<u8>),
    /// These bytes in the page's place, with its links.
    Body(Vec<u8>),
    /// Every `after` handed out so far is unknown from now on, in this request too.
    ExpireCursors,
}

impl Fault {
    /// An error in Okta's shape with the usual headers.
    #[must_use]
    pub fn status(status: u16, code: &'static str) -> Self {
        Self::Status {
            status,
            code,
            headers: Vec::new(),
        }
    }

    /// The rate limit is spent, whatever was used of it.
    #[must_use]
    pub fn rate_limited() -> Self {
        let headers = vec![("x-rate-limit-remaining", "0".to_owned())];
        Self::Status {
            status: 429,
            code: "E0000047",
            headers,
        }
    }

    /// Too many requests at once: a 429 whose limit and remainder are both 0.
    #[must_use]
    pub fn concurrency_limited() -> Self {
        let zero = |name| (name, "0".to_owned());
        let headers = vec![zero("x-rate-limit-limit"), zero("x-rate-limit-remaining")];
        Self::Status {
            status: 429,
            code: "E0000047",
            headers,
        }
    }
}

/// The script of one org, to be written from a test. Clones share it.
#[derive(Clone, Debug)]
pub struct Faults(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    script: Mutex<Script>,
    stall: StallPoint,
}

#[derive(Debug, Default)]
struct Script {
    requests: u64,
    next: VecDeque<Fault>,
    numbered: BTreeMap<u64, VecDeque<Fault>>,
    always: Option<Fault>,
}

impl Faults {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// For the next request to the log that nothing else was scripted for; first in, first out.
    pub fn push(&self, fault: Fault) {
        locked(&self.0.script).next.push_back(fault);
    }

    /// For the next `count` requests.
    pub fn push_n(&self, count: usize, fault: Fault) {
        locked(&self.0.script)
            .next
            .extend(std::iter::repeat_n(fault, count));
    }

    /// For the request to the log with this number, counted from 1 since the org's start.
    pub fn on_request(&self, number: u64, fault: Fault) {
        locked(&self.0.script)
            .numbered
            .entry(number)
            .or_default()
            .push_back(fault);
    }

    /// For every request that nothing else was scripted for.
    pub fn always(&self, fault: Fault) {
        locked(&self.0.script).always = Some(fault);
    }

    /// Forgets everything scripted. Requests that stall go on stalling.
    pub fn clear(&self) {
        let mut script = locked(&self.0.script);
        *script = Script {
            requests: script.requests,
            ..Script::default()
        };
    }

    /// Lets every request that stalls now have its answer.
    pub fn release(&self) {
        self.0.stall.release();
    }

    /// Waits until that many requests stall at the same time.
    pub async fn wait_for_stalled(&self, count: usize) {
        self.0.stall.wait_for(count).await;
    }

    /// Waits until no request stalls: all were released or their connections ended.
    pub async fn wait_for_none_stalled(&self) {
        self.0.stall.wait_for_none().await;
    }

    /// Counts one request and says what befalls it.
    pub(super) fn next(&self) -> Option<Fault> {
        let mut script = locked(&self.0.script);
        script.requests += 1;
        let number = script.requests;
        let numbered = script
            .numbered
            .get_mut(&number)
            .and_then(VecDeque::pop_front);
        numbered
            .or_else(|| script.next.pop_front())
            .or_else(|| script.always.clone())
    }

    /// Returns when released.
    pub(super) async fn stall(&self) {
        self.0.stall.stall().await;
    }
}
