//! The managed identity of a function app: the token endpoint that App Service gives it, in the
//! shape of Microsoft's "How to use managed identities for App Service", REST endpoint reference.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::workspace::refusal::Refusal;
use crate::workspace::request::text;

/// Where tokens are given.
pub(in crate::workspace) const TOKEN_PATH: &str = "/msi/token";

const API_VERSION: &str = "2019-08-01";

/// One request for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// Whom the token is for.
    pub resource: String,
    /// The user-assigned identity that was asked for.
    pub client_id: Option<String>,
    /// The status of the answer.
    pub status: u16,
}

/// The identity of one function app; clones are the same one.
#[derive(Clone, Debug)]
pub struct Identity {
    client_id: String,
    secret: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    life: TimeDelta,
    issued: HashMap<String, Issued>,
    requests: Vec<TokenRequest>,
    faults: VecDeque<u16>,
}

#[derive(Clone, Debug)]
struct Issued {
    audience: String,
    expires_at: DateTime<Utc>,
}

impl Identity {
    pub(in crate::workspace) fn new(client_id: &str) -> Identity {
        Identity {
            client_id: client_id.to_owned(),
            secret: "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a".to_owned(),
            state: Arc::new(Mutex::new(State {
                life: TimeDelta::hours(24),
                issued: HashMap::new(),
                requests: Vec::new(),
                faults: VecDeque::new(),
            })),
        }
    }

    /// The client id, by which it may be asked for.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// What App Service sets `IDENTITY_HEADER` to.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.secret
    }

    /// Tokens from now on live this long.
    pub fn set_life(&self, life: TimeDelta) {
        self.state().life = life;
    }

    /// Every token given so far is refused from now on, whatever its own end says.
    pub fn revoke_tokens(&self) {
        self.state().issued.clear();
    }

    /// The next request for a token has this status for an answer.
    pub fn fail_next(&self, status: u16) {
        self.state().faults.push_back(status);
    }

    /// Every request for a token, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<TokenRequest> {
        self.state().requests.clone()
    }

    /// Gives a token and the time of its end, or the status of a refusal; takes the request down.
    ///
    /// # Errors
    /// The status of the answer, where it is not 200.
    pub fn issue(
        &self,
        resource: &str,
        client_id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(String, DateTime<Utc>), u16> {
        let mut state = self.state();
        let known = client_id.is_none_or(|id| id == self.client_id);
        let status = match state.faults.pop_front() {
            Some(status) => status,
            None if known && resource.starts_with("https://") => 200,
            None => 400,
        };
        state.requests.push(TokenRequest {
            resource: resource.to_owned(),
            client_id: client_id.map(str::to_owned),
            status,
        });
        if status != 200 {
            return Err(status);
        }
        let token = format!("eyJ0eXAiOiJKV1QifQ.sandbox-{}", state.requests.len());
        // Whole seconds, as the endpoint writes them.
        let end = (now + state.life).timestamp();
        let expires_at = DateTime::from_timestamp(end, 0).unwrap_or(now);
        let issued = Issued {
            audience: resource.to_owned(),
            expires_at,
        };
        state.issued.insert(token.clone(), issued);
        Ok((token, expires_at))
    }

    /// Whether a call that carries this header is of this identity, and meant for `audience`.
    pub(super) fn judge(
        &self,
        authorization: Option<&str>,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let refuse =
            |message: &str| Refusal::new(StatusCode::UNAUTHORIZED, "InvalidToken", message);
        let token = authorization.and_then(|header| header.strip_prefix("Bearer "));
        let token = token.ok_or_else(|| refuse("there is no bearer token"))?;
        let issued = self.state().issued.get(token).cloned();
        let issued =
            issued.ok_or_else(|| refuse("this token was not issued here, or it was revoked"))?;
        if issued.expires_at <= now {
            return Err(refuse("the token has expired"));
        }
        match issued.audience == audience {
            true => Ok(()),
            false => Err(refuse("the token is for another audience")),
        }
    }

    pub(in crate::workspace) fn answer(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Response {
        let query: HashMap<String, String> =
            url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let of = |name: &str| query.get(name).map(String::as_str);
        if method != Method::GET {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        if text(headers, "x-identity-header") != Some(&self.secret) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let (Some(API_VERSION), Some(resource)) = (of("api-version"), of("resource")) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        match self.issue(resource, of("client_id"), Utc::now()) {
            Ok((token, end)) => Json(json!({
                "access_token": token,
                "client_id": self.client_id,
                "expires_on": end.timestamp().to_string(),
                "resource": resource,
                "token_type": "Bearer",
            }))
            .into_response(),
            Err(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
                (status, Json(json!({ "statusCode": status.as_u16() }))).into_response()
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
