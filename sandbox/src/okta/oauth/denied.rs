//! Refusals of the authorization server.

/// An error in OAuth's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Denied {
    pub(super) status: u16,
    pub(super) error: &'static str,
    pub(super) description: String,
    /// For `use_dpop_nonce`.
    pub(super) nonce: Option<String>,
}

impl Denied {
    pub(super) fn new(status: u16, error: &'static str, description: &str) -> Self {
        Self {
            status,
            error,
            description: description.to_owned(),
            nonce: None,
        }
    }

    pub(super) fn client(description: &str) -> Self {
        Self::new(401, "invalid_client", description)
    }

    pub(super) fn proof(description: &str) -> Self {
        Self::new(400, "invalid_dpop_proof", description)
    }
}
