//! Who makes a request, which decides what to do when Okta refuses it.

/// Whose permissions a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The admin who owns the API token.
    ApiToken,
    /// The OAuth service app.
    ServiceApp,
}
