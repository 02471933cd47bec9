//! What became of a post that was not accepted.

use std::time::Duration;

use crate::net::retry::{Failure, Verdict};

/// Why a batch was not accepted, in words that say what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PostError {
    /// The decision.
    pub outcome: Outcome,
    /// What happened, to what, and what to do next.
    pub message: String,
}

/// The decision that a failed post asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It may pass: the same bytes again.
    Retry {
        /// How long the service asks to wait, if it does.
        after: Option<Duration>,
    },
    /// Rows or their number are the matter: halve the batch, and set a lone row aside.
    Split,
    /// The setting, not the batch, is the matter: no batch would be accepted.
    Stop,
}

impl Failure for PostError {
    fn verdict(&self) -> Verdict {
        match self.outcome {
            Outcome::Retry { after: None } => Verdict::Retry,
            Outcome::Retry { after: Some(wait) } => Verdict::RetryAfter(wait),
            Outcome::Split | Outcome::Stop => Verdict::Stop,
        }
    }
}
