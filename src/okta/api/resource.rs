//! What a request is about, in the words that an error needs.

/// One of Okta's resources. The feature that makes the request says what its errors should say.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// As Okta's documentation names it: `System Log`.
    pub name: &'static str,
    /// The path it is at: `/api/v1/logs`.
    pub path: &'static str,
    /// One entry of its list: `event`.
    pub entry: &'static str,
    /// The OAuth scope that a service app needs.
    pub scope: &'static str,
    /// The admin role that the caller needs.
    pub role: &'static str,
    /// The settings that a request is made of, which a 400 is about.
    pub settings: &'static str,
    /// What a refusal of the credential leaves as it was, a sentence.
    pub unchanged: &'static str,
}
