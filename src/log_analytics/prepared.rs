//! A batch as it goes over the wire.

use std::time::Duration;

use bytes::Bytes;

/// The body of a post. Every try of one batch sends the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// What is sent: compressed where the API takes gzip.
    pub body: Bytes,
    /// Bytes of the JSON array before compression.
    pub plain_len: usize,
    /// How long to wait for the answer, where the sink's own time is too short.
    pub answer_within: Option<Duration>,
}

impl Prepared {
    /// A JSON array that is sent as it is, without a copy.
    pub fn uncompressed(json: &Bytes) -> Prepared {
        Prepared {
            body: json.clone(),
            plain_len: json.len(),
            answer_within: None,
        }
    }
}
