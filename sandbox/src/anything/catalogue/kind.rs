//! What a kind of odd answer is.

use fastrand::Rng;

use super::super::odd::{Call, End, Odd};

/// The API that takes the rows of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// The HTTP Data Collector API.
    DataCollector,
    /// The Logs Ingestion API.
    LogsIngestion,
}

/// Draws one odd answer for a case that ships by this API.
pub(in super::super) type Draw = fn(&mut Rng, Api) -> Odd;

/// A kind of odd answer.
#[derive(Debug)]
pub struct Kind {
    /// Its name: the end, and what is odd.
    pub name: &'static str,
    /// Where it is given.
    pub end: End,
    /// The calls that it answers.
    pub calls: &'static [Call],
    /// Whether it may cost a run up to 128 MB: a page of odd shape.
    pub odd_page: bool,
    /// Draws one.
    pub(in super::super) draw: Draw,
}
