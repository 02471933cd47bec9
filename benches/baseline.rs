//! The baseline client: the least that any program does which brings Okta's log to Azure Monitor.
//! `cargo xtask bench` compares the program with it.
//!
//! It downloads and inflates each page and posts as many bytes as the page's rows have, gzipped
//! where the API takes gzip. It has the program's own settings, HTTP stack and compression, and
//! uses its buffers again. It makes no rows, keeps no state, tries nothing again, and does not
//! read while it posts.
//!
//! Rows are longer than events, and every client has to send them. `ROW_BYTES_PER_PAGE` says how
//! many bytes the rows of a full page have: each page is made as long by repeating its first
//! events. Without it, pages are posted as they came.

use std::io::Write as _;

use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use flate2::write::GzDecoder;
use okta_sentinel::log_analytics::data_collector::signature::{WorkspaceKey, http_date};
use okta_sentinel::log_analytics::logs_ingestion::gzip;
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
    let api = Api::open(&http).await?;
    let row_bytes = setting("ROW_BYTES_PER_PAGE").map_or(Ok(0), |bytes| bytes.parse())?;
    let mut missing = 0_usize;
    let mut buffer = Vec::with_capacity(4_000_000);
    loop {
        let request = http.get(&url).header(AUTHORIZATION, &token);
        let answer = request.header(ACCEPT_ENCODING, "gzip").send().await?;
        let answer = answer.error_for_status()?;
        let links = answer.headers().get_all(LINK);
        let links = links.iter().filter_map(|line| line.to_str().ok());
        let next = link::target(links, "next").map(str::to_owned);
        buffer.clear();
        let mut page = GzDecoder::new(buffer);
        page.write_all(&answer.bytes().await?)?;
        let mut page = page.finish()?;
        match next {
            Some(next) if page.len() > 2 => url = next,
            _ => return Ok(()),
        }
        missing += row_bytes;
        lengthen(&mut page, missing);
        missing = missing.saturating_sub(page.len());
        buffer = api.post(&http, page).await?;
    }
}

/// Makes a page `bytes` long, or up to an event shorter, by repeating its first events. The last
/// page of a log, which need not be full, comes to twice its length at the most.
fn lengthen(page: &mut Vec<u8>, bytes: usize) {
    let missing = bytes.saturating_sub(page.len()).min(page.len());
    if let Some(end) = page.get(1..missing).and_then(end_of_last_event) {
        page.pop();
        page.push(b',');
        page.extend_from_within(1..end + 1);
        page.push(b']');
    }
}

/// From the end of one event of the sandbox to the start of the next; the comma is the second byte.
const BETWEEN_EVENTS: &[u8] = b"},{\"actor\":{";

/// Where the last event ends that is wholly in `events` and has another one after it.
fn end_of_last_event(events: &[u8]) -> Option<usize> {
    let mut windows = events.windows(BETWEEN_EVENTS.len());
    let before = windows.rposition(|window| window == BETWEEN_EVENTS)?;
    Some(before + 1)
}

enum Api {
    DataCollector(DataCollector),
    LogsIngestion(LogsIngestion),
}

impl Api {
    async fn open(http: &Client) -> Result<Self, Failure> {
        Ok(match setting("LOGS_INGESTION_ENDPOINT") {
            Ok(endpoint) => Self::LogsIngestion(LogsIngestion::open(http, &endpoint).await?),
            Err(_) => Self::DataCollector(DataCollector::read()?),
        })
    }

    /// Posts a page and gives its buffer back.
    async fn post(&self, http: &Client, page: Vec<u8>) -> Result<Vec<u8>, Failure> {
        match self {
            Self::DataCollector(api) => api.post(http, page).await,
            Self::LogsIngestion(api) => api.post(http, &page).await.map(|()| page),
        }
    }
}

struct DataCollector {
    uri: String,
    workspace: String,
    key: WorkspaceKey,
}

impl DataCollector {
    fn read() -> Result<Self, Failure> {
        Ok(Self {
            uri: setting("LOG_ANALYTICS_URI")?,
            workspace: setting("WORKSPACE_ID")?,
            key: setting("WORKSPACE_KEY")?.parse()?,
        })
    }

    async fn post(&self, http: &Client, page: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let body = Bytes::from(page);
        let date = http_date(Utc::now());
        let signature = self.key.sign(body.len(), &date);
        let credential = format!("SharedKey {}:{signature}", self.workspace);
        let answer = http
            .post(format!("{}/api/logs?api-version=2016-04-01", self.uri))
            .header(AUTHORIZATION, credential)
            .header(CONTENT_TYPE, "application/json")
            .header("Log-Type", "Okta")
            .header("x-ms-date", date)
            .header("time-generated-field", "published")
            .body(body.clone())
            .send()
            .await?;
        answer.error_for_status()?;
        Ok(body.try_into_mut().map_or_else(|_| Vec::new(), Vec::from))
    }
}

/// Bytes of a call before compression.
const CALL_LIMIT: usize = 1_000_000;

struct LogsIngestion {
    url: String,
    token: String,
}

impl LogsIngestion {
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
        })
    }

    /// Posts a page in as few calls as hold it.
    async fn post(&self, http: &Client, page: &[u8]) -> Result<(), Failure> {
        let mut rest = page.strip_prefix(b"[").ok_or("a page is no list")?;
        rest = rest.strip_suffix(b"]").ok_or("a page has no end")?;
        while let Some((first, _)) = rest.split_at_checked(CALL_LIMIT - 2) {
            let end = end_of_last_event(first).ok_or("an event fills a call")?;
            let (events, more) = rest.split_at(end);
            self.call(http, events).await?;
            rest = more.get(1..).unwrap_or_default();
        }
        self.call(http, rest).await
    }

    async fn call(&self, http: &Client, events: &[u8]) -> Result<(), Failure> {
        let body = gzip::compress(&[b"[", events, b"]"].concat());
        let answer = http
            .post(&self.url)
            .header(AUTHORIZATION, &self.token)
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_ENCODING, "gzip")
            .body(body)
            .send()
            .await?;
        answer.error_for_status()?;
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
