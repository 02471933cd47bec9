//! Why a post was not accepted, and what follows from it.

use std::time::Duration;

use crate::net::retry::{Failure, RetryDecision};

/// A batch whose JSON array has at most this many bytes is not slow because of its size.
pub(crate) const SLOW_SPLIT_BYTES: usize = 250_000;

/// Why a batch was not accepted, in words that say what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PostError {
    /// What to do with the batch.
    pub outcome: Outcome,
    /// What happened, to what, and what to do next.
    pub message: String,
}

/// What to do with a batch that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It may pass: send the same bytes again.
    Retry {
        /// How long the service asks to wait, if it does.
        after: Option<Duration>,
    },
    /// The service gave up (408). Send the same bytes once more; halve a batch that was slow twice
    /// and is larger than `SLOW_SPLIT_BYTES`.
    Slow,
    /// No answer came in time, and the rows may be in the table. Send halves, once, and wait longer
    /// for their answers.
    NoAnswer,
    /// The connection broke before the answer, and the rows may be in the table. Send the same
    /// bytes again, but few times.
    Broken,
    /// The rows or their number are at fault: halve the batch, and set a single row aside.
    Split,
    /// A setting is at fault: the service would accept no batch.
    Stop,
}

impl Failure for PostError {
    fn retry_decision(&self) -> RetryDecision {
        match self.outcome {
            Outcome::Retry { after: None }
            | Outcome::Slow
            | Outcome::NoAnswer
            | Outcome::Broken => RetryDecision::Retry,
            Outcome::Retry { after: Some(wait) } => RetryDecision::RetryAfter(wait),
            Outcome::Split | Outcome::Stop => RetryDecision::Stop,
        }
    }
}
