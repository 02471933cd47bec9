//! The id that rows are counted by: the property `uuid`.

use std::borrow::Cow;
use std::fmt;

/// Reads 8-4-4-4-12 or 32 hexadecimal digits, as the service does before it types a value `_g`.
pub(super) fn guid(text: &str) -> Option<u128> {
    let digits: Cow<'_, str> = match text.len() {
        32 => Cow::Borrowed(text),
        36 => {
            let groups: Vec<&str> = text.split('-').collect();
            let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
            (lengths == [8, 4, 4, 4, 12]).then(|| Cow::Owned(groups.concat()))?
        }
        _ => return None,
    };
    // `from_str_radix` alone would let a leading sign pass.
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then_some(())?;
    u128::from_str_radix(&digits, 16).ok()
}

/// Lower case, with hyphens: the form in which the service stores a `_g` value.
pub(super) fn hyphenated(guid: u128) -> String {
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        guid >> 96,
        (guid >> 80) & 0xffff,
        (guid >> 64) & 0xffff,
        (guid >> 48) & 0xffff,
        guid & 0xffff_ffff_ffff
    )
}

/// The value of a row's `uuid`, small enough to count a million of them. Two spellings of one
/// GUID are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventId {
    /// A GUID, as its 128 bits.
    Guid(u128),
    /// Any other text.
    Text(Box<str>),
}

impl From<&str> for EventId {
    fn from(text: &str) -> Self {
        guid(text).map_or_else(|| Self::Text(text.into()), Self::Guid)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guid(guid) => formatter.write_str(&hyphenated(*guid)),
            Self::Text(text) => formatter.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_guid_are_one_id() {
        let plain = EventId::from("ADE033042EB23B2FD57E5CFE92C81793");
        assert_eq!(plain, EventId::from("ade03304-2eb2-3b2f-d57e-5cfe92c81793"));
        assert_eq!(plain.to_string(), "ade03304-2eb2-3b2f-d57e-5cfe92c81793");
    }

    #[test]
    fn what_only_resembles_a_guid_stays_text() {
        for text in [
            "+de033042eb23b2fd57e5cfe92c81793",
            "ade033042-eb2-3b2f-d57e-5cfe92c81793",
            "ade03304-2eb2-3b2f-d57e-5cfe92c8179g",
            "Xs2U@2gG-a1efe2jvOEjJQAACDI",
            "",
        ] {
            assert_eq!(guid(text), None, "{text}");
            assert_eq!(EventId::from(text).to_string(), text);
        }
    }
}
