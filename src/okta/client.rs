//! One request for one page.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, LINK, LOCATION};
use reqwest::{Response, StatusCode};
use url::Url;

use super::rate::{self, RateLimit};
use super::{Credential, Cursor, OktaDomain, OktaError, link};

/// Largest page that is read, in bytes after decompression: three usual pages of 1000 events.
pub const MAX_PAGE_BYTES: usize = 8_000_000;

/// Most of an error's body that is read.
const MAX_ERROR_BYTES: usize = 64_000;

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
    /// Okta's name for this answer, to quote to its support.
    pub request_id: Option<String>,
}

/// Whether a body stayed within its cap.
enum Fits {
    Yes,
    No,
}

/// A client for one org's System Log.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    domain: OktaDomain,
    credential: Credential,
}

impl Client {
    /// A client that calls `domain` with `credential`; opens no connection yet.
    pub fn new(http: reqwest::Client, domain: OktaDomain, credential: Credential) -> Client {
        Client {
            http,
            domain,
            credential,
        }
    }

    /// The org this client calls.
    pub fn domain(&self) -> &OktaDomain {
        &self.domain
    }

    /// Reads the page at `cursor` into `body`, replacing what is there.
    ///
    /// # Errors
    /// [`OktaError`]; `body` then holds nothing of use.
    pub async fn page(&self, cursor: &Cursor, body: &mut Vec<u8>) -> Result<Page, OktaError> {
        body.clear();
        if !cursor.belongs_to(&self.domain) {
            return Err(OktaError::ForeignCursor {
                org: self.org(),
                target: place(cursor.url()),
            });
        }
        let request = self
            .http
            .get(cursor.url().clone())
            .header(AUTHORIZATION, self.credential.authorization()?)
            .header(ACCEPT, "application/json")
            .timeout(WHOLE_ATTEMPT);
        let attempt = async {
            let response = request
                .send()
                .await
                .map_err(|error| self.transport(&error))?;
            if response.status() != StatusCode::OK {
                return Err(self.refusal(response, cursor).await);
            }
            let page = self.head(response.headers(), response.url())?;
            match self.read(response, body, MAX_PAGE_BYTES).await? {
                Fits::Yes => Ok(page),
                Fits::No => Err(OktaError::PageTooLarge {
                    org: self.org(),
                    limit: MAX_PAGE_BYTES,
                    page: Box::new(page),
                }),
            }
        };
        attempt.await
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
        let id = headers
            .get("x-okta-request-id")
            .and_then(|id| id.to_str().ok());
        Ok(Page {
            next,
            rate: RateLimit::read(headers, Utc::now()),
            date: rate::date(headers),
            request_id: id.map(str::to_owned),
        })
    }

    async fn read(
        &self,
        mut response: Response,
        body: &mut Vec<u8>,
        most: usize,
    ) -> Result<Fits, OktaError> {
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.transport(&error))?
        {
            if body.len() + chunk.len() > most {
                return Ok(Fits::No);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Fits::Yes)
    }

    async fn refusal(&self, response: Response, cursor: &Cursor) -> OktaError {
        let status = response.status();
        let headers = response.headers().clone();
        if status.is_redirection() {
            let to = headers
                .get(LOCATION)
                .and_then(|to| to.to_str().ok())
                .unwrap_or("nowhere");
            let location = to
                .split('?')
                .next()
                .unwrap_or(to)
                .chars()
                .take(200)
                .collect();
            return OktaError::Redirected {
                org: self.org(),
                location,
            };
        }
        let rate = RateLimit::read(&headers, Utc::now());
        let retry_after = crate::retry::named_wait(&headers);
        let mut body = Vec::new();
        // What cannot be read of an error's body does not change what the status says.
        let _ = self.read(response, &mut body, MAX_ERROR_BYTES).await;
        OktaError::of_status(
            &self.org(),
            status,
            cursor.is_from_okta(),
            rate,
            retry_after,
            &body,
        )
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

    fn transport(&self, error: &reqwest::Error) -> OktaError {
        let slow = error.is_timeout() && !error.is_connect();
        let problem = if slow {
            format!(
                "did not answer within {} s; if it lasts, look at status.okta.com",
                WHOLE_ATTEMPT.as_secs()
            )
        } else if error.is_connect() {
            format!(
                "cannot be reached ({}); is OKTA_DOMAIN right, and may this host reach it?",
                root_cause(error)
            )
        } else {
            format!(
                "broke its answer off ({}); if it lasts, does a proxy or a firewall stand in between?",
                root_cause(error)
            )
        };
        OktaError::Transport {
            org: self.org(),
            slow,
            problem,
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

/// The innermost cause: outer layers repeat the URL, whose query is nobody's business.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// An HTTP client for calls to `base`: no redirects, and no proxy for plain http, which only
/// leads to this machine. Each call brings its own time-out.
///
/// # Errors
/// When the TLS roots of this machine cannot be used.
pub fn http_client(base: &Url) -> reqwest::Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .user_agent(concat!("okta-sentinel/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .pool_max_idle_per_host(2)
        .tcp_nodelay(true);
    match base.scheme() {
        "http" => client.no_proxy(),
        _ => client,
    }
    .build()
}
