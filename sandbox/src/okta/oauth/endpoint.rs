//! `POST /oauth2/v1/token`.

use std::collections::HashMap;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::app::{Dpop, ServiceApp};
use super::assertion;
use super::authorization_server::{AuthorizationServer, Issued, TokenRequest};
use super::denied::Denied;
use super::proof::{self, Expected};
use crate::okta::locks::locked;

/// Where the org authorization server gives tokens.
pub(in crate::okta) const TOKEN_PATH: &str = "/oauth2/v1/token";

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What the token endpoint says.
#[derive(Debug)]
pub(in crate::okta) struct TokenAnswer {
    pub(in crate::okta) status: u16,
    pub(in crate::okta) body: String,
    pub(in crate::okta) nonce: Option<String>,
}

impl AuthorizationServer {
    /// Answers one request, whose body is `form`, and takes it down.
    pub(in crate::okta) fn token(
        &self,
        base: &str,
        method: &Method,
        headers: &HeaderMap,
        form: &[u8],
        now: DateTime<Utc>,
    ) -> TokenAnswer {
        let result = self.grant(base, method, headers, form, now);
        let (status, error) = match &result {
            Ok(_) => (200, None),
            Err(denied) => (denied.status, Some(denied.error.to_owned())),
        };
        self.note(headers, form, status, error);
        match result {
            Ok(body) => TokenAnswer {
                status: 200,
                body,
                nonce: None,
            },
            Err(denied) => TokenAnswer {
                status: denied.status,
                body: json!({ "error": denied.error, "error_description": denied.description })
                    .to_string(),
                nonce: denied.nonce,
            },
        }
    }

    /// Takes down a request, also one that a fault answered.
    pub(in crate::okta) fn note(
        &self,
        headers: &HeaderMap,
        form: &[u8],
        status: u16,
        error: Option<String>,
    ) {
        let fields = fields(form).unwrap_or_default();
        let header = fields
            .get("client_assertion")
            .and_then(|assertion| jsonwebtoken::decode_header(assertion).ok());
        locked(&self.requests).push(TokenRequest {
            algorithm: header.as_ref().map(|header| format!("{:?}", header.alg)),
            key_id: header.and_then(|header| header.kid),
            proof: headers.contains_key("dpop"),
            status,
            error,
        });
    }

    fn grant(
        &self,
        base: &str,
        method: &Method,
        headers: &HeaderMap,
        form: &[u8],
        now: DateTime<Utc>,
    ) -> Result<String, Denied> {
        let invalid = |description| Denied::new(400, "invalid_request", description);
        let kind = headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes());
        if method != Method::POST || kind != Some(b"application/x-www-form-urlencoded") {
            return Err(invalid("The request must be a form by POST."));
        }
        let fields = fields(form).ok_or_else(|| invalid("A parameter comes twice."))?;
        let field = |name| fields.get(name).map_or("", String::as_str);
        if field("grant_type") != "client_credentials" {
            let words = "The authorization grant type is not supported.";
            return Err(Denied::new(400, "unsupported_grant_type", words));
        }
        let url = format!("{base}{TOKEN_PATH}");
        let app = locked(&self.app).clone();
        let app = app.ok_or_else(|| Denied::client("Invalid value for 'client_id' parameter."))?;
        if field("client_assertion_type") != ASSERTION_TYPE {
            return Err(Denied::client("The client_assertion_type is invalid."));
        }
        assertion::check(self, &app, field("client_assertion"), &url, now)?;
        let bound_to = self.proof(&app, headers, &url, now)?;
        let scopes = granted(&app, field("scope"))?;
        let kind = match bound_to {
            Some(_) => "DPoP",
            None => "Bearer",
        };
        let scope = scopes.join(" ");
        let token = self.issue(Issued {
            scopes,
            expires_at: now + app.token_life,
            bound_to,
        });
        Ok(json!({
            "token_type": kind,
            "expires_in": app.token_life.num_seconds(),
            "access_token": token,
            "scope": scope,
        })
        .to_string())
    }

    /// The thumbprint of the key that the token is to be bound to.
    fn proof(
        &self,
        app: &ServiceApp,
        headers: &HeaderMap,
        url: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, Denied> {
        let proof = match (single(headers, "dpop")?, app.dpop) {
            (None, Dpop::Optional) => return Ok(None),
            (None, _) => return Err(Denied::proof("The DPoP proof JWT header is missing.")),
            (Some(proof), _) => proof,
        };
        let expected = Expected {
            method: "POST",
            url,
            token: None,
            nonce: matches!(
                app.dpop,
                Dpop::RequiredWithNonce | Dpop::RequiredWithNonceEverywhere
            ),
            now,
        };
        proof::check(self, proof, &expected).map(Some)
    }
}

/// The value of a header that may come once at most.
pub(super) fn single<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Denied> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Denied::proof("There is more than one DPoP header."));
    }
    Ok(first.map(|value| value.to_str().unwrap_or_default()))
}

fn granted(app: &ServiceApp, asked: &str) -> Result<Vec<String>, Denied> {
    let asked: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
    let denied = |words| Err(Denied::new(400, "invalid_scope", words));
    if asked.is_empty() {
        return denied("No scopes were requested.");
    }
    if asked.iter().any(|scope| !app.scopes.contains(scope)) {
        return denied("The requested scopes are not granted to the client.");
    }
    Ok(asked)
}

/// The fields of a form; `None` where one comes twice.
fn fields(form: &[u8]) -> Option<HashMap<String, String>> {
    let mut fields = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(form) {
        if fields
            .insert(name.into_owned(), value.into_owned())
            .is_some()
        {
            return None;
        }
    }
    Some(fields)
}
