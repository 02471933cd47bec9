//! A private key out of PEM text, as settings hold it: line breaks real, escaped, or turned into
//! spaces by a form field.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice};

use crate::okta::api::credential::private_key::error::PrivateKeyError;
use crate::okta::api::credential::private_key::key_pair::KeyPair;

const BEGIN: &str = "-----BEGIN ";

/// The first block that holds a private key; tools write others before it (`EC PARAMETERS`).
pub(super) fn read(text: &str) -> Result<KeyPair, PrivateKeyError> {
    let text = text.replace("\\r", "").replace("\\n", "\n");
    let blocks = || text.split(BEGIN).skip(1);
    let label = |block: &str| block.split("-----").next().unwrap_or_default().to_owned();
    let private = blocks().find(|block| label(block).ends_with("PRIVATE KEY"));
    let block = private
        .or_else(|| blocks().next())
        .ok_or(PrivateKeyError::NoKey)?;
    let label = label(block);
    check_label(&label)?;
    let (_, inner) = block.split_once("-----").ok_or(PrivateKeyError::CutShort)?;
    let (inner, _) = inner
        .split_once("-----END ")
        .ok_or(PrivateKeyError::CutShort)?;
    // RFC 1421 headers: the traditional way to say that a passphrase protects the key.
    if inner.contains("Proc-Type:") {
        return Err(PrivateKeyError::Encrypted);
    }
    let base64: String = inner.split_whitespace().collect();
    // Wiped when it is dropped.
    let der: SecretSlice<u8> = match STANDARD.decode(base64) {
        Ok(der) => der.into(),
        Err(_) => return Err(PrivateKeyError::NotBase64),
    };
    KeyPair::from_der(&label, der.expose_secret())
}

fn check_label(label: &str) -> Result<(), PrivateKeyError> {
    match label {
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => Ok(()),
        "ENCRYPTED PRIVATE KEY" => Err(PrivateKeyError::Encrypted),
        "OPENSSH PRIVATE KEY" => Err(PrivateKeyError::OpenSsh),
        "CERTIFICATE" => Err(PrivateKeyError::Certificate),
        _ if label.ends_with("PUBLIC KEY") => Err(PrivateKeyError::Public),
        _ if label.ends_with("PRIVATE KEY") => Err(PrivateKeyError::OtherKind),
        _ => Err(PrivateKeyError::NoKey),
    }
}
