//! An event's identity.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// An event's identity: its `uuid`, or 16 bytes of its row's SHA-256 where it has none that reads
/// as one.
///
/// Written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(Uuid);

impl EventId {
    /// The bytes of a hyphenated or bare UUID; `None` for any other text.
    pub fn from_uuid(uuid: &str) -> Option<EventId> {
        // The parser takes URNs and braces as well.
        let is_one = matches!(uuid.len(), 32 | 36);
        is_one.then(|| Uuid::try_parse(uuid).ok())?.map(EventId)
    }

    /// An identity for an event without `uuid`: the same bytes give the same one.
    pub fn digest(bytes: &[u8]) -> EventId {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let [id, _] = digest.as_chunks().0 else {
            unreachable!("32 bytes are twice 16")
        };
        EventId(Uuid::from_bytes(*id))
    }

    /// The inverse of [`EventId::as_bytes`].
    pub fn from_bytes(bytes: [u8; 16]) -> EventId {
        EventId(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes that identify the event, in the order of the UUID's digits.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The UUID as the Data Collector stores it: hyphenated, in lower case, here in quotation marks.
    pub(crate) fn quoted(&self) -> [u8; 38] {
        let mut quoted = [b'"'; 38];
        if let Some(inside) = quoted.get_mut(1..37) {
            self.0.hyphenated().encode_lower(inside);
        }
        quoted
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.simple().encode_lower(&mut [0; 32]))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.simple().encode_lower(&mut [0; 32]))
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EventId, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        EventId::from_uuid(&text)
            .filter(|_| text.len() == 32)
            .ok_or_else(|| de::Error::custom("an event id has 32 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_its_sixteen_bytes_whatever_its_spelling() {
        let hyphenated = EventId::from_uuid("2A992F80-d1ad-4f62-900e-8c68bb72a21b");
        assert_eq!(
            hyphenated,
            EventId::from_uuid("2a992f80d1ad4f62900e8c68bb72a21b")
        );
        assert_eq!(
            hyphenated.unwrap().to_string(),
            "2a992f80d1ad4f62900e8c68bb72a21b"
        );
        assert_eq!(EventId::from_uuid("aa-11"), None);
    }

    #[test]
    fn an_id_survives_the_checkpoint() {
        let id = EventId::from_uuid("2a992f80-d1ad-4f62-900e-8c68bb72a21b").unwrap();
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"2a992f80d1ad4f62900e8c68bb72a21b\"");
        assert_eq!(serde_json::from_str::<EventId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<EventId>("\"2a99\"").is_err());
    }

    #[test]
    fn guids_are_stored_in_one_form() {
        for text in [
            "2A992F80-D1AD-4f62-900e-8c68bb72a21b",
            "2a992f80d1ad4f62900e8c68bb72a21b",
        ] {
            let quoted = EventId::from_uuid(text).unwrap().quoted();
            assert_eq!(&quoted, b"\"2a992f80-d1ad-4f62-900e-8c68bb72a21b\"");
        }
        for text in [
            "2a992f80",
            "{2a992f80d1ad4f62900e8c68bb72a2}",
            "2a992f80d1ad4f62900e-8c68bb72a21b---",
        ] {
            assert_eq!(EventId::from_uuid(text), None);
        }
    }
}
