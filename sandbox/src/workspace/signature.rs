//! Checks the shared-key signature over a string-to-sign that is built here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::event_id::guid;
use super::refusal::Refusal;

const RFC_1123: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// How far the client's clock may be off.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(15);

/// Who may post.
pub(super) struct Verifier {
    workspace: String,
    key: Vec<u8>,
}

impl Verifier {
    pub(super) fn new(workspace: &str, key: &str) -> Result<Self, base64::DecodeError> {
        Ok(Self {
            workspace: workspace.to_ascii_lowercase(),
            key: BASE64.decode(key)?,
        })
    }

    /// Checks the `Authorization` header of a post of `length` bytes, sent at `date`.
    pub(super) fn verify(
        &self,
        authorization: &str,
        length: u64,
        date: &str,
    ) -> Result<(), Refusal> {
        let (workspace, signature) = authorization
            .strip_prefix("SharedKey ")
            .and_then(|credentials| credentials.split_once(':'))
            .ok_or_else(|| {
                Refusal::authorization("Authorization is not of the form SharedKey id:signature")
            })?;
        if guid(workspace).is_none() {
            return Err(Refusal::bad_request(
                "InvalidCustomerId",
                "the workspace id is no GUID",
            ));
        }
        if workspace.to_ascii_lowercase() != self.workspace {
            return Err(Refusal::authorization(
                "the workspace id is not this workspace's",
            ));
        }
        let signature = BASE64
            .decode(signature)
            .map_err(|_| Refusal::authorization("the signature is not base64"))?;
        if self
            .signed(length, date)
            .is_some_and(|mac| mac.verify_slice(&signature).is_ok())
        {
            return Ok(());
        }
        Err(Refusal::authorization(
            "the signature does not match the request",
        ))
    }

    fn signed(&self, length: u64, date: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        let signed = format!("POST\n{length}\napplication/json\nx-ms-date:{date}\n/api/logs");
        mac.update(signed.as_bytes());
        Some(mac)
    }
}

/// Checks `x-ms-date`: its naming to the letter, and that it is about now.
pub(super) fn check_date(date: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
    let sent = NaiveDateTime::parse_from_str(date, RFC_1123)
        .ok()
        // The parser forgives a day without its zero; the service does not.
        .filter(|sent| sent.format(RFC_1123).to_string() == date)
        .ok_or_else(|| Refusal::authorization("x-ms-date is not an RFC 1123 date in GMT"))?;
    if (now - sent.and_utc()).abs() > CLOCK_SKEW {
        return Err(Refusal::authorization(
            "x-ms-date is more than 15 minutes off",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{WORKSPACE_ID, WORKSPACE_KEY};

    /// Made with Python's hmac and, the first, with openssl.
    const VECTORS: [(u64, &str, &str); 3] = [
        (
            1024,
            "Sat, 21 Nov 2026 12:00:00 GMT",
            "jgyT/L6qUUke9MUFIYzoPZFXqxB7xOV8ffkUD+8G0l8=",
        ),
        (
            2,
            "Mon, 02 Nov 2026 08:09:10 GMT",
            "w2aofxfRfCDkJO/jwtlcmvbB3WmeKpe+P2ic+PiSnQg=",
        ),
        (
            53,
            "Sat, 21 Nov 2026 12:00:00 GMT",
            "Y7efk/sNlekVbMmZkmb1hgKgTKaU63fR/10owWHnfpY=",
        ),
    ];

    fn verify(authorization: &str, length: u64, date: &str) -> Result<(), &'static str> {
        let verifier = Verifier::new(WORKSPACE_ID, WORKSPACE_KEY).unwrap();
        verifier
            .verify(authorization, length, date)
            .map_err(|refusal| refusal.code)
    }

    #[test]
    fn signatures_of_other_implementations_are_accepted() {
        for (length, date, signature) in VECTORS {
            let authorization = format!("SharedKey {WORKSPACE_ID}:{signature}");
            assert_eq!(
                verify(&authorization, length, date),
                Ok(()),
                "{length} {date}"
            );
        }
    }

    #[test]
    fn a_length_in_characters_does_not_verify() {
        let in_characters = "nh6rM36sWfki6HnypbcVGjGO6MvqK3YoMx7PmLpMSkg=";
        let authorization = format!("SharedKey {WORKSPACE_ID}:{in_characters}");
        let refused = verify(&authorization, 53, "Sat, 21 Nov 2026 12:00:00 GMT");
        assert_eq!(refused, Err("InvalidAuthorization"));
    }

    #[test]
    fn foreign_and_malformed_workspace_ids_are_told_apart() {
        let (length, date, signature) = VECTORS[0];
        let other = format!("SharedKey 99999999-2222-3333-4444-555555555555:{signature}");
        assert_eq!(verify(&other, length, date), Err("InvalidAuthorization"));
        let malformed = format!("SharedKey acme:{signature}");
        assert_eq!(verify(&malformed, length, date), Err("InvalidCustomerId"));
    }

    #[test]
    fn dates_are_taken_to_the_letter_and_near_now_only() {
        let now = NaiveDateTime::parse_from_str("Mon, 02 Nov 2026 08:09:10 GMT", RFC_1123)
            .unwrap()
            .and_utc();
        assert!(check_date("Mon, 02 Nov 2026 08:24:10 GMT", now).is_ok());
        for wrong in [
            "Mon, 02 Nov 2026 08:24:11 GMT",
            "Mon, 02 Nov 2026 07:54:09 GMT",
            "Mon, 2 Nov 2026 08:09:10 GMT",
            "Tue, 02 Nov 2026 08:09:10 GMT",
            "Mon, 02 Nov 2026 08:09:10 +0000",
            "2026-11-02T08:09:10Z",
        ] {
            assert!(check_date(wrong, now).is_err(), "{wrong}");
        }
    }
}
