//! The headers that prove who makes one request.

use std::sync::Arc;

use reqwest::RequestBuilder;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use crate::net::http::secret_header;

/// How requests name an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Dpop,
}

/// An OAuth access token.
#[derive(Debug)]
pub(super) struct AccessToken {
    pub(super) scheme: Scheme,
    pub(super) secret: SecretString,
}

/// What one request is sent with. Printing it shows no secret: both headers are marked.
#[derive(Debug)]
pub struct Authorization {
    header: HeaderValue,
    proof: Option<HeaderValue>,
    token: Option<Arc<AccessToken>>,
}

impl Authorization {
    pub(super) fn by_api_token(header: HeaderValue) -> Authorization {
        Authorization {
            header,
            proof: None,
            token: None,
        }
    }

    /// `None` for a token that no HTTP header may carry.
    pub(super) fn by_access_token(
        token: Arc<AccessToken>,
        proof: Option<HeaderValue>,
    ) -> Option<Authorization> {
        let scheme = match token.scheme {
            Scheme::Bearer => "Bearer ",
            Scheme::Dpop => "DPoP ",
        };
        Some(Authorization {
            header: secret_header(scheme, token.secret.expose_secret())?,
            proof,
            token: Some(token),
        })
    }

    /// The access token in it, if it is one.
    pub(super) fn token(&self) -> Option<&Arc<AccessToken>> {
        self.token.as_ref()
    }

    /// Puts the headers on a request.
    pub fn put_on(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header(AUTHORIZATION, self.header.clone());
        match &self.proof {
            Some(proof) => request.header("DPoP", proof.clone()),
            None => request,
        }
    }
}
