//! One request for one page.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, LINK};
use reqwest::{Response, StatusCode};
use url::Url;

use crate::okta::api::credential::Authorization;
use crate::okta::api::credential::Credential;
use crate::okta::api::domain::OktaDomain;
use crate::okta::api::error::OktaError;
use crate::okta::api::error::Refused;
use crate::okta::api::rate::{self, RateLimit};
use crate::okta::api::wire::{self, Fits};
use crate::okta::log::cursor::Cursor;
use crate::okta::log::link;

pub(crate) use crate::okta::api::wire::root_cause;

/// Largest page that is read, in bytes after decompression: three usual pages of 1000 events.
pub const MAX_PAGE_BYTES: usize = 8_000_000;

/// One attempt, from the request to the last byte: Okta itself gives up a query after 30 s.
const WHOLE_ATTEMPT: Duration = Duration::from_secs(45);

/// What came with a page's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The place after this page, if Okta named one. It belongs to this org.
    pub next: Option<Cursor>,
    /// What remains of Okta's rate limit.
    pub rate: Option<RateLimit>,
    /// Okta's clock when it answered.
    pub date: Option<DateTime<Utc>>,
}

/// A client for one org's System Log.
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

    /// How this client proves who asks.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The org this client calls.
    pub fn domain(&self) -> &OktaDomain {
        &self.domain
    }

    /// Reads the page at `cursor` into `body`, replacing what is there. A service app whose access
    /// token is refused gets a new one and tries once more.
    ///
    /// # Errors
    /// [`OktaError`]; `body` then holds nothing of use.
    pub async fn page(&self, cursor: &Cursor, body: &mut Vec<u8>) -> Result<Page, OktaError> {
        if !cursor.belongs_to(&self.domain) {
            return Err(OktaError::ForeignCursor {
                org: self.org(),
                target: place(cursor.url()),
            });
        }
        let authorization = self.authorize(cursor).await?;
        match self.attempt(cursor, &authorization, body).await {
            Err(OktaError::Unauthorized { .. })
                if self.credential.refused(&authorization).await =>
            {
                let authorization = self.authorize(cursor).await?;
                self.attempt(cursor, &authorization, body).await
            }
            result => result,
        }
    }

    async fn authorize(&self, cursor: &Cursor) -> Result<Authorization, OktaError> {
        self.credential
            .authorize(&self.http, &self.domain, cursor.url())
            .await
    }

    async fn attempt(
        &self,
        cursor: &Cursor,
        authorization: &Authorization,
        body: &mut Vec<u8>,
    ) -> Result<Page, OktaError> {
        body.clear();
        let request = self.http.get(cursor.url().clone());
        let request = authorization
            .put_on(request)
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "gzip")
            .timeout(WHOLE_ATTEMPT);
        let silent = |error| wire::transport(self.org(), &error, WHOLE_ATTEMPT);
        let response = request.send().await.map_err(silent)?;
        self.credential.hear(response.headers()).await;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(response, cursor).await);
        }
        let page = self.head(response.headers(), response.url())?;
        let fits = wire::read(response, body, MAX_PAGE_BYTES).await;
        match fits.map_err(silent)? {
            Fits::Yes => Ok(page),
            Fits::No => Err(OktaError::PageTooLarge {
                org: self.org(),
                limit: MAX_PAGE_BYTES,
                page: Box::new(page),
            }),
            Fits::Damaged => Err(OktaError::UnreadablePage {
                org: self.org(),
                problem: "its compression is damaged".to_owned(),
            }),
        }
    }

    fn head(&self, headers: &HeaderMap, base: &Url) -> Result<Page, OktaError> {
        let links = headers
            .get_all(LINK)
            .iter()
            .filter_map(|line| line.to_str().ok());
        let next = match link::target(links, "next") {
            Some(target) => {
                let url = base.join(target).map_err(|_| self.foreign_text(target))?;
                let next = Cursor::new(url);
                if !next.belongs_to(&self.domain) {
                    return Err(self.foreign(next.url()));
                }
                Some(next)
            }
            None => None,
        };
        Ok(Page {
            next,
            rate: RateLimit::read(headers, Utc::now()),
            date: rate::date(headers),
        })
    }

    async fn refusal(&self, response: Response, cursor: &Cursor) -> OktaError {
        let status = response.status();
        let headers = response.headers().clone();
        if status.is_redirection() {
            return wire::redirected(self.org(), &headers);
        }
        let refused = Refused {
            status,
            rate: RateLimit::read(&headers, Utc::now()),
            retry_after: crate::net::retry::retry_after(&headers),
            from_okta: cursor.is_from_okta(),
            proof_challenged: wire::proof_challenged(&headers),
            caller: self.credential.caller(),
        };
        let body = wire::read_error(response).await;
        OktaError::of(&self.org(), &refused, &body)
    }

    fn org(&self) -> String {
        self.domain.to_string()
    }

    fn foreign(&self, url: &Url) -> OktaError {
        self.foreign_text(&place(url))
    }

    fn foreign_text(&self, target: &str) -> OktaError {
        OktaError::ForeignLink {
            org: self.org(),
            target: target.chars().take(200).collect(),
        }
    }
}

/// Where a URL leads, without what may be a secret in it.
fn place(url: &Url) -> String {
    let user = match url.username().is_empty() && url.password().is_none() {
        true => "",
        false => "\u{2026}@",
    };
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}"));
    let port = port.unwrap_or_default();
    let text = format!("{}://{user}{host}{port}{}", url.scheme(), url.path());
    text.chars().take(200).collect()
}

/// An HTTP client for calls to `base`: no redirects, and no proxy for plain http, which only
/// leads to this machine. Each call brings its own time-out, and inflates what it asks to have
/// compressed.
///
/// # Errors
/// When the TLS roots of this machine cannot be used.
pub fn http_client(base: &Url) -> reqwest::Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .user_agent(concat!("okta-sentinel/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .pool_max_idle_per_host(2)
        .no_gzip()
        .no_deflate()
        .tcp_nodelay(true);
    match base.scheme() {
        "http" => client.no_proxy(),
        _ => client,
    }
    .build()
}
