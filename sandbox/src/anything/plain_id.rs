//! Ids as they are compared.

/// An id, or a text that may hold one, so that both spellings of a GUID are equal.
pub(super) fn plain_id(text: &str) -> String {
    text.to_ascii_lowercase().replace('-', "")
}
