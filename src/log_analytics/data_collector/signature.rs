//! The Data Collector API's shared-key signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A workspace key, decoded, ready to sign.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// A signer for the decoded key; keys of any length are good for HMAC.
    ///
    /// # Errors
    /// Never in practice: HMAC takes keys of every length.
    pub fn new(key: &[u8]) -> Result<Signer, hmac::digest::InvalidLength> {
        Hmac::new_from_slice(key).map(Signer)
    }

    /// The signature of a post of `length` bytes made at `date` (as [`http_date`] writes it).
    /// The body itself is not signed.
    pub fn sign(&self, length: usize, date: &str) -> String {
        let mut mac = self.0.clone();
        let text = format!("POST\n{length}\napplication/json\nx-ms-date:{date}\n/api/logs");
        mac.update(text.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

/// RFC 1123 in English with a literal `GMT`: `Sat, 21 Nov 2026 12:00:00 GMT`.
pub fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        let key: Vec<u8> = (0..64).collect();
        Signer::new(&key).unwrap()
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
    fn a_printed_signer_shows_no_key() {
        assert_eq!(format!("{:?}", signer()), "Signer");
    }
}
