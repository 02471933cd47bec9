//! Why a text is not a key to sign in with.

/// Why a text is not a key to sign in with. The text itself is never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    #[error(
        "the value is neither a private key in PEM (-----BEGIN PRIVATE KEY-----) nor a JWK ({{\"kty\":...}}); paste the whole key that was saved when it was made in Okta"
    )]
    NoKey,
    /// A PEM block that has no end.
    #[error(
        "the PEM text is cut short: a BEGIN line has no END line; paste the key whole, its line breaks real or written as \\n"
    )]
    CutShort,
    /// A PEM block that holds something else than base64.
    #[error(
        "what stands between the BEGIN and END lines is not base64; paste the key again, whole"
    )]
    NotBase64,
    /// The half that everybody may know.
    #[error("the value is a public key; paste the private key that belongs to it")]
    Public,
    #[error("the value is a certificate; paste the private key that belongs to it")]
    Certificate,
    /// A key under a passphrase, which nobody is there to type.
    #[error(
        "the key is protected by a passphrase; take that off: openssl pkcs8 -topk8 -nocrypt -in key.pem"
    )]
    Encrypted,
    #[error("the key is in OpenSSH's own format; turn it into PEM: ssh-keygen -p -m PKCS8 -f key")]
    OpenSsh,
    /// RSA that cannot be used.
    #[error("the RSA key cannot be used; it must be whole and have 2048 to 8192 bits")]
    Rsa,
    /// A curve that Okta's ES256 is not signed with, or a damaged key.
    #[error(
        "the elliptic-curve key cannot be used; it must be whole and on the curve P-256 (prime256v1)"
    )]
    Curve,
    /// Ed25519, DSA, symmetric keys.
    #[error("the key is neither RSA nor on the curve P-256; make one of these in Okta")]
    OtherKind,
    /// A JSON object that is no JWK.
    #[error("the value begins as a JWK and is not one; paste the JSON object whole, from {{ to }}")]
    NotAJwk,
    #[error("the value is a set of keys; paste the one private key alone, from {{ to }}")]
    JwkSet,
}
