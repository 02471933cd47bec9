//! Okta events and the rows made of them.
use serde::{Deserialize, Serialize};

/// An event's identity: its `uuid`, or a digest where it has none that reads as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId([u8; 16]);
impl EventId {
    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> EventId {
        EventId(bytes)
    }
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}
