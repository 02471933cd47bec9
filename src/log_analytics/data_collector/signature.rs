//! The Data Collector API's shared-key signature.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use crate::net::checked_text::is_guid;
use crate::net::hmac_key::HmacKey;

/// The key that signs posts to a workspace. Printing it does not show it.
#[derive(Clone, Debug)]
pub struct WorkspaceKey(HmacKey);

/// Why a text is not a key. The text itself is never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkspaceKeyError {
    /// The id in the key's place.
    #[error("the value is a GUID, as the workspace's id is; copy the primary key instead")]
    Guid,
    /// A copy that lost its end, which double-clicking a key does.
    #[error("the value is base64 without its end (a key ends in = or ==); copy the key whole")]
    Truncated,
    /// Anything else.
    #[error("the value is not base64; copy the workspace's primary or secondary key")]
    NotBase64,
}

impl WorkspaceKey {
    /// The signature of a post of `length` bytes made at `date` (as [`http_date`] writes it).
    /// The body itself is not signed.
    pub fn sign(&self, length: usize, date: &str) -> String {
        let text = format!("POST\n{length}\napplication/json\nx-ms-date:{date}\n/api/logs");
        self.0.sign(&text)
    }
}

impl FromStr for WorkspaceKey {
    type Err = WorkspaceKeyError;

    fn from_str(text: &str) -> Result<WorkspaceKey, WorkspaceKeyError> {
        if is_guid(text) {
            return Err(WorkspaceKeyError::Guid);
        }
        match STANDARD.decode(text) {
            Ok(key) if !key.is_empty() => Ok(WorkspaceKey(HmacKey::new(key))),
            _ if lacks_padding(text) => Err(WorkspaceKeyError::Truncated),
            _ => Err(WorkspaceKeyError::NotBase64),
        }
    }
}

/// Whether `text` is base64 that stops before the end of a group of four characters.
fn lacks_padding(text: &str) -> bool {
    let of_alphabet = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let unpadded = text.strip_suffix('=').unwrap_or(text);
    !text.len().is_multiple_of(4) && !unpadded.is_empty() && unpadded.chars().all(of_alphabet)
}

/// RFC 1123 in English with a literal `GMT`: `Sat, 21 Nov 2026 12:00:00 GMT`.
pub fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";

    fn signer() -> WorkspaceKey {
        KEY.parse().unwrap()
    }

    fn at(text: &str) -> String {
        http_date(
            DateTime::parse_from_rfc3339(text)
                .unwrap()
                .with_timezone(&Utc),
        )
    }

    // Computed with Python's hmac module, the first one with openssl too.
    #[test]
    fn known_posts_have_their_known_signatures() {
        let date = at("2026-11-21T12:00:00Z");
        assert_eq!(date, "Sat, 21 Nov 2026 12:00:00 GMT");
        assert_eq!(
            signer().sign(1024, &date),
            "jgyT/L6qUUke9MUFIYzoPZFXqxB7xOV8ffkUD+8G0l8="
        );
        assert_eq!(
            signer().sign(53, &date),
            "Y7efk/sNlekVbMmZkmb1hgKgTKaU63fR/10owWHnfpY="
        );
        let date = at("2026-11-02T08:09:10Z");
        assert_eq!(date, "Mon, 02 Nov 2026 08:09:10 GMT");
        assert_eq!(
            signer().sign(2, &date),
            "w2aofxfRfCDkJO/jwtlcmvbB3WmeKpe+P2ic+PiSnQg="
        );
    }

    #[test]
    fn a_key_that_lost_its_end_is_told_so() {
        for lost in 1..=3 {
            let cut = KEY.get(..KEY.len() - lost).unwrap();
            assert_eq!(
                cut.parse::<WorkspaceKey>().unwrap_err(),
                WorkspaceKeyError::Truncated
            );
        }
    }

    #[test]
    fn a_printed_key_shows_nothing_of_it() {
        let printed = format!("{:?}", signer());
        assert!(
            !printed.contains("AAEC") && !printed.contains("1, 2, 3"),
            "{printed}"
        );
    }
}
