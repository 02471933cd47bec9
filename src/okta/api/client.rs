//! One request to an org, from its credential to the last byte of its answer.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, LINK};
use reqwest::{Method, Response, StatusCode};
use url::Url;

use crate::okta::api::credential::Credential;
use crate::okta::api::credential::authorization::Authorization;
use crate::okta::api::domain::{OktaDomain, shown_target};
use crate::okta::api::error::{OktaError, OktaErrorKind};
use crate::okta::api::inflate::ReadOutcome;
use crate::okta::api::rate::{self, RateLimit};
use crate::okta::api::resource::Resource;
use crate::okta::api::{body, classify, link};
use crate::telemetry::shown;

/// One attempt, from the request to the last byte: Okta itself gives up a query after 30 s.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(45);

/// What to ask an org.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    /// An address of the client's org: the credential goes there.
    pub(crate) url: &'a Url,
    pub(crate) resource: &'static Resource,
    /// The status of a success.
    pub(crate) success: StatusCode,
    /// Most bytes that the answer's body may have, after decompression.
    pub(crate) max_bytes: usize,
}

/// What came with an answer's body.
pub(crate) struct ResponseHead {
    /// The link to the next page. It leads to the request's own path at the same org.
    pub(crate) next: Option<Url>,
    pub(crate) rate: Option<RateLimit>,
    pub(crate) date: Option<DateTime<Utc>>,
}

/// A client for one org.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    domain: OktaDomain,
    credential: Arc<Credential>,
}

impl Client {
    /// A client that calls `domain` with `credential`; opens no connection yet.
    pub fn new(http: reqwest::Client, domain: OktaDomain, credential: Credential) -> Client {
        Client {
            http,
            domain,
            credential: Arc::new(credential),
        }
    }

    /// How this client signs its requests.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The org this client calls.
    pub fn domain(&self) -> &OktaDomain {
        &self.domain
    }

    /// Reads the answer to `request` into `body`, replacing what is there. A service app whose
    /// access token is refused gets a new one and tries once more.
    ///
    /// # Errors
    /// [`OktaError`]; `body` then holds nothing of use.
    pub(crate) async fn send(
        &self,
        request: &Request<'_>,
        body: &mut Vec<u8>,
    ) -> Result<ResponseHead, OktaError> {
        let authorization = self.authorize(request).await?;
        match self.attempt(request, &authorization, body).await {
            Err(OktaErrorKind::Unauthorized(..))
                if self.credential.refused(&authorization).await =>
            {
                let authorization = self.authorize(request).await?;
                self.attempt(request, &authorization, body).await
            }
            result => result,
        }
        .map_err(|kind| OktaError::new(&self.domain, kind))
    }

    async fn authorize(&self, request: &Request<'_>) -> Result<Authorization, OktaError> {
        self.credential
            .authorize(&self.http, &self.domain, &request.method, request.url)
            .await
    }

    async fn attempt(
        &self,
        request: &Request<'_>,
        authorization: &Authorization,
        body: &mut Vec<u8>,
    ) -> Result<ResponseHead, OktaErrorKind> {
        body.clear();
        let transport = |error| classify::transport(&error, ATTEMPT_LIMIT);
        let call = self
            .http
            .request(request.method.clone(), request.url.clone());
        let call = authorization
            .put_on(call)
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "gzip")
            .timeout(ATTEMPT_LIMIT);
        let response = call.send().await.map_err(transport)?;
        self.credential.observe_headers(response.headers());
        if response.status() != request.success {
            return Err(self.refusal(request, response).await);
        }
        let head = self.head(request, &response)?;
        let outcome = body::read(response, body, request.max_bytes).await;
        match outcome.map_err(transport)? {
            ReadOutcome::Complete => Ok(head),
            ReadOutcome::TooLarge => Err(OktaErrorKind::PageTooLarge {
                resource: request.resource,
                limit: request.max_bytes,
                next: head.next.map(Box::new),
            }),
            ReadOutcome::Damaged => Err(OktaErrorKind::UnreadablePage {
                problem: "its compression is damaged".to_owned(),
            }),
        }
    }

    fn head(
        &self,
        request: &Request<'_>,
        response: &Response,
    ) -> Result<ResponseHead, OktaErrorKind> {
        let headers = response.headers();
        Ok(ResponseHead {
            next: self.next(request, headers, response.url())?,
            rate: RateLimit::read(headers, Utc::now()),
            date: rate::date(headers),
        })
    }

    fn next(
        &self,
        request: &Request<'_>,
        headers: &HeaderMap,
        base: &Url,
    ) -> Result<Option<Url>, OktaErrorKind> {
        let lines = headers.get_all(LINK).iter();
        let lines: Vec<Cow<'_, str>> = lines
            .map(|line| String::from_utf8_lossy(line.as_bytes()))
            .collect();
        let lines = || lines.iter().map(Cow::as_ref);
        let Some(target) = link::target(lines(), "next") else {
            // Which relation such a line has is not known.
            let is_unclear = |line: &str| {
                line.contains(char::REPLACEMENT_CHARACTER) && link::target([line], "self").is_none()
            };
            return match lines().any(is_unclear) {
                true => Err(unreadable_link()),
                false => Ok(None),
            };
        };
        if !target.is_ascii() {
            return Err(unreadable_link());
        }
        let foreign = |target: String| OktaErrorKind::ForeignLink {
            resource: request.resource,
            target,
        };
        let next = base
            .join(target)
            .map_err(|_| foreign(shown::excerpt(target, 200)))?;
        match self.domain.has(&next, request.url.path()) {
            true => Ok(Some(next)),
            false => Err(foreign(shown_target(&next))),
        }
    }

    async fn refusal(&self, request: &Request<'_>, response: Response) -> OktaErrorKind {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = body::read_error(response).await;
        let caller = self.credential.caller();
        classify::refusal(request.resource, caller, status, &headers, &body)
    }
}

fn unreadable_link() -> OktaErrorKind {
    OktaErrorKind::UnusableLink {
        problem: "holds bytes beyond ASCII".to_owned(),
    }
}
