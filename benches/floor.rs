//! The least that a shipper can do: download, inflate, post as many bytes as the rows have, gzipped
//! where the API takes gzip. `cargo xtask bench` holds the program against it. It takes the program's
//! own settings, HTTP stack, inflating and gzip, and uses its buffers again; nothing is decoded,
//! nothing kept, nothing tried again, and nothing is read while something is posted.
//!
//! Rows are longer than events, and whoever ships rows has to send them. `PAGE_OF_ROWS` says how many
//! bytes the rows of a full page have: each page is posted with so many of its own first events
//! again that all is as long as rows would be. Without it, pages are posted as they came.

use std::io::Write as _;

use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use flate2::write::GzDecoder;
use okta_sentinel::log_analytics::data_collector::signature::{Signer, http_date};
use okta_sentinel::log_analytics::data_collector::workspace::WorkspaceKey;
use okta_sentinel::log_analytics::logs_ingestion::gzip::Gzip;
use okta_sentinel::okta::api::link;
use reqwest::Client;
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, LINK};
use url::Url;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let token = format!("SSWS {}", setting("OKTA_API_TOKEN")?);
    let since = (Utc::now() - TimeDelta::days(89)).format("%Y-%m-%dT%H:%M:%SZ");
    let org = setting("OKTA_DOMAIN")?;
    let org = org.trim_end_matches('/');
    let mut url = format!("{org}/api/v1/logs?since={since}&sortOrder=ASCENDING&limit=1000");
    let http = Client::builder().no_proxy().build()?;
    let mut sink = Sink::open(&http).await?;
    let page_of_rows = setting("PAGE_OF_ROWS").map_or(Ok(0), |bytes| bytes.parse())?;
    let mut owed = 0_usize;
    let mut room = Vec::with_capacity(4_000_000);
    loop {
        let request = http.get(&url).header(AUTHORIZATION, &token);
        let answer = request.header(ACCEPT_ENCODING, "gzip").send().await?;
        let answer = answer.error_for_status()?;
        let links = answer.headers().get_all(LINK);
        let links = links.iter().filter_map(|line| line.to_str().ok());
        let next = link::target(links, "next").map(str::to_owned);
        room.clear();
        let mut page = GzDecoder::new(room);
        page.write_all(&answer.bytes().await?)?;
        let mut page = page.finish()?;
        match next {
            Some(next) if page.len() > 2 => url = next,
            _ => return sink.finish(&http).await,
        }
        owed += page_of_rows;
        fill(&mut page, owed);
        owed = owed.saturating_sub(page.len());
        room = sink.post(&http, page).await?;
    }
}

/// Makes a page `bytes` long, or up to an event shorter, with its own first events. The last page of
/// a log, which need not be full, comes to twice its length at the most.
fn fill(page: &mut Vec<u8>, bytes: usize) {
    let missing = bytes.saturating_sub(page.len()).min(page.len());
    let Some(room) = page.get(1..missing) else {
        return;
    };
    if let Some(events) = last_seam(room) {
        page.pop();
        page.push(b',');
        page.extend_from_within(1..events + 1);
        page.push(b']');
    }
}

/// Where the last event that is wholly in `events` ends.
fn last_seam(events: &[u8]) -> Option<usize> {
    let mut seams = events.windows(SEAM.len());
    seams
        .rposition(|window| window == SEAM)
        .map(|seam| seam + 1)
}

/// Where pages go.
enum Sink {
    Workspace(Workspace),
    Rule(Box<Rule>),
}

impl Sink {
    async fn open(http: &Client) -> Result<Self, Failure> {
        match setting("LOGS_INGESTION_ENDPOINT") {
            Ok(endpoint) => Ok(Self::Rule(Box::new(Rule::open(http, &endpoint).await?))),
            Err(_) => Workspace::read().map(Self::Workspace),
        }
    }

    /// Posts a page and gives its buffer back.
    async fn post(&mut self, http: &Client, page: Vec<u8>) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Workspace(workspace) => workspace.post(http, page).await,
            Self::Rule(rule) => rule.post(http, &page).await.map(|()| page),
        }
    }

    async fn finish(&mut self, http: &Client) -> Result<(), Failure> {
        match self {
            Self::Workspace(_) => Ok(()),
            Self::Rule(rule) => rule.call(http).await,
        }
    }
}

struct Workspace {
    uri: String,
    id: String,
    signer: Signer,
}

impl Workspace {
    fn read() -> Result<Self, Failure> {
        let key: WorkspaceKey = setting("WORKSPACE_KEY")?.parse()?;
        Ok(Self {
            uri: setting("LOG_ANALYTICS_URI")?,
            id: setting("WORKSPACE_ID")?,
            signer: Signer::new(key.expose_secret())?,
        })
    }

    async fn post(&self, http: &Client, page: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let body = Bytes::from(page);
        let date = http_date(Utc::now());
        let signature = self.signer.sign(body.len(), &date);
        let answer = http
            .post(format!("{}/api/logs?api-version=2016-04-01", self.uri))
            .header(AUTHORIZATION, format!("SharedKey {}:{signature}", self.id))
            .header(CONTENT_TYPE, "application/json")
            .header("Log-Type", "Okta")
            .header("x-ms-date", date)
            .header("time-generated-field", "published")
            .body(body.clone())
            .send()
            .await?;
        answer.error_for_status()?;
        Ok(taken_back(body))
    }
}

/// A body's buffer, which nobody else holds once it is answered.
fn taken_back(body: Bytes) -> Vec<u8> {
    body.try_into_mut().map_or_else(|_| Vec::new(), Vec::from)
}

/// What one call may hold before compression.
const CALL: usize = 1_000_000;

/// Between two events of a page, as the sandbox writes them: the comma is the second byte.
const SEAM: &[u8] = b"},{\"actor\":{";

struct Rule {
    url: String,
    token: String,
    gzip: Gzip,
    /// The call that is being filled.
    open: Vec<u8>,
    /// Room for what comes of it.
    packed: Vec<u8>,
}

impl Rule {
    async fn open(http: &Client, endpoint: &str) -> Result<Self, Failure> {
        let id = setting("DCR_IMMUTABLE_ID")?;
        let mut tokens: Url = setting("IDENTITY_ENDPOINT")?.parse()?;
        tokens
            .query_pairs_mut()
            .append_pair("api-version", "2019-08-01")
            .append_pair("resource", "https://monitor.azure.com");
        let request = http
            .get(tokens)
            .header("x-identity-header", setting("IDENTITY_HEADER")?);
        let answer = request.send().await?.error_for_status()?.bytes().await?;
        let answer: serde_json::Value = serde_json::from_slice(&answer)?;
        let token = answer.get("access_token").and_then(|token| token.as_str());
        Ok(Self {
            url: format!(
                "{endpoint}/dataCollectionRules/{id}/streams/Custom-Okta_CL?api-version=2023-01-01"
            ),
            token: format!("Bearer {}", token.ok_or("the identity gave no token")?),
            gzip: Gzip::default(),
            open: Vec::with_capacity(CALL),
            packed: Vec::new(),
        })
    }

    /// Posts as many calls as are full with this page, and keeps what is left for the next one.
    async fn post(&mut self, http: &Client, page: &[u8]) -> Result<(), Failure> {
        let mut rest = page.strip_prefix(b"[").ok_or("a page is no list")?;
        rest = rest.strip_suffix(b"]").ok_or("a page has no end")?;
        loop {
            let room = (CALL - 2).saturating_sub(self.open.len());
            let Some((room, _)) = rest.split_at_checked(room) else {
                self.take(rest);
                return Ok(());
            };
            if let Some(end) = last_seam(room) {
                let (events, more) = rest.split_at(end);
                self.take(events);
                rest = more.get(1..).unwrap_or_default();
            } else if self.open.is_empty() {
                return Err("an event fills a call".into());
            }
            self.call(http).await?;
        }
    }

    fn take(&mut self, events: &[u8]) {
        self.open
            .push(if self.open.is_empty() { b'[' } else { b',' });
        self.open.extend_from_slice(events);
    }

    async fn call(&mut self, http: &Client) -> Result<(), Failure> {
        if self.open.is_empty() {
            return Ok(());
        }
        self.open.push(b']');
        self.packed.clear();
        self.gzip.compress(&self.open, &mut self.packed);
        self.open.clear();
        let body = Bytes::from(std::mem::take(&mut self.packed));
        let answer = http
            .post(&self.url)
            .header(AUTHORIZATION, &self.token)
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_ENCODING, "gzip")
            .body(body.clone())
            .send()
            .await?;
        answer.error_for_status()?;
        self.packed = taken_back(body);
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it stands for another program, which has no settings module"
)]
fn setting(name: &str) -> Result<String, Failure> {
    std::env::var(name).map_err(|problem| format!("{name}: {problem}").into())
}
