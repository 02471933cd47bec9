//! The requests and answers of the org, for tests to look at.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::locks::locked;

/// One request that reached the org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// Path and query as they came.
    pub target: String,
    /// What became of the `Authorization` header.
    pub authorization: Authorization,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The `Accept-Encoding` header.
    pub accept_encoding: Option<String>,
    /// Arrival by the org's clock.
    pub at: DateTime<Utc>,
    /// Which of `since` and `after` the query has.
    pub start: StartGiven,
    /// The status sent; none as long as there is no answer, and for ever after a reset before it.
    pub status: Option<u16>,
    /// Events in the answer, however much of its body got through.
    pub events: usize,
    /// Bytes of the answer's page as it goes over the wire, headers aside.
    pub page_bytes: u64,
}

/// What became of the `Authorization` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// There was none.
    Missing,
    /// It was not the org's token.
    Wrong,
    /// It was the org's token.
    Accepted,
}

/// How a request says where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartGiven {
    /// By neither parameter.
    Nowhere,
    /// By time.
    Since,
    /// By a token of an earlier answer.
    After,
}

/// Names one line of the journal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line(usize);

/// Everything that was asked and served, in order.
#[derive(Debug)]
pub(super) struct Journal {
    requests: Mutex<Vec<SeenRequest>>,
    served: Mutex<Vec<u64>>,
    count: watch::Sender<usize>,
}

impl Journal {
    pub(super) fn new() -> Self {
        let (count, _) = watch::channel(0);
        Self {
            requests: Mutex::default(),
            served: Mutex::default(),
            count,
        }
    }

    pub(super) fn arrived(&self, request: SeenRequest) -> Line {
        let mut requests = locked(&self.requests);
        requests.push(request);
        self.count.send_replace(requests.len());
        Line(requests.len() - 1)
    }

    pub(super) fn answered(&self, line: Line, status: u16, positions: &[u64]) {
        if let Some(request) = locked(&self.requests).get_mut(line.0) {
            request.status = Some(status);
            request.events = positions.len();
        }
        locked(&self.served).extend_from_slice(positions);
    }

    pub(super) fn sent_page(&self, line: Line, bytes: u64) {
        if let Some(request) = locked(&self.requests).get_mut(line.0) {
            request.page_bytes = bytes;
        }
    }

    pub(super) fn requests(&self) -> Vec<SeenRequest> {
        locked(&self.requests).clone()
    }

    pub(super) fn served(&self) -> Vec<u64> {
        locked(&self.served).clone()
    }

    pub(super) async fn arrivals(&self, count: usize) {
        // The sender lives as long as this journal, so waiting cannot fail.
        let _ = self.count.subscribe().wait_for(|seen| *seen >= count).await;
    }
}
