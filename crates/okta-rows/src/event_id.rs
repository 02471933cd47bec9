//! An event's identity.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

/// An event's identity: its `uuid`, or 16 bytes of its row's SHA-256 where it has none that reads
/// as one.
///
/// Written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId([u8; 16]);

impl EventId {
    /// The bytes of a hyphenated or bare UUID; `None` for any other text.
    pub fn from_uuid(uuid: &str) -> Option<EventId> {
        parse_uuid(uuid).map(EventId)
    }

    /// An identity for an event without `uuid`: the same bytes give the same one.
    pub fn digest(bytes: &[u8]) -> EventId {
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(Sha256::digest(bytes)) {
            *to = from;
        }
        EventId(id)
    }

    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> EventId {
        EventId(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn digits(&self) -> [u8; 32] {
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            for (digit, value) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                *digit = value + if value < 10 { b'0' } else { b'a' - 10 };
            }
        }
        digits
    }
}

/// Digits are ASCII.
fn text(digits: &[u8; 32]) -> &str {
    std::str::from_utf8(digits).unwrap_or_default()
}

pub(crate) fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.as_bytes();
    let mut digits = [0; 32];
    match text.len() {
        32 => digits.copy_from_slice(text),
        36 => {
            let mut rest = text;
            let mut to = digits.as_mut_slice();
            for length in [8, 4, 4, 4, 12] {
                let (group, after) = rest.split_at_checked(length)?;
                let (room, more) = to.split_at_mut_checked(length)?;
                room.copy_from_slice(group);
                to = more;
                rest = match after.split_first() {
                    Some((b'-', after)) => after,
                    None => after,
                    Some(_) => return None,
                };
            }
        }
        _ => return None,
    }
    let mut id = [0; 16];
    let mut all = 0;
    for (byte, [high, low]) in id.iter_mut().zip(digits.as_chunks().0) {
        let (high, low) = (value_of(*high), value_of(*low));
        all |= high | low;
        *byte = high << 4 | low;
    }
    (all < 16).then_some(id)
}

/// A hexadecimal digit's value; of another byte one past 15.
const fn value_of(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => u8::MAX,
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(text(&self.digits()))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A save of the cursor may list thousands.
        serializer.serialize_str(text(&self.digits()))
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EventId, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let bare = text.len() == 32;
        parse_uuid(&text)
            .filter(|_| bare)
            .map(EventId)
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
}
