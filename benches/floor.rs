//! The least that a shipper can do: download, inflate, post the same bytes. `cargo xtask bench`
//! holds the program against it. It takes the program's own settings; nothing is decoded, nothing
//! kept, nothing tried again.

use std::io::Write as _;

use chrono::{TimeDelta, Utc};
use flate2::write::GzDecoder;
use okta_sentinel::ingest::signature::{Signer, http_date};
use okta_sentinel::ingest::workspace::WorkspaceKey;
use okta_sentinel::okta::link;
use reqwest::Client;
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, LINK};

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let workspace = Workspace::read()?;
    let token = format!("SSWS {}", setting("OKTA_API_TOKEN")?);
    let since = (Utc::now() - TimeDelta::days(89)).format("%Y-%m-%dT%H:%M:%SZ");
    let org = setting("OKTA_DOMAIN")?;
    let org = org.trim_end_matches('/');
    let mut url = format!("{org}/api/v1/logs?since={since}&sortOrder=ASCENDING&limit=1000");
    let http = Client::builder().no_proxy().build()?;
    loop {
        let request = http.get(&url).header(AUTHORIZATION, &token);
        let answer = request.header(ACCEPT_ENCODING, "gzip").send().await?;
        let answer = answer.error_for_status()?;
        let links = answer.headers().get_all(LINK);
        let links = links.iter().filter_map(|line| line.to_str().ok());
        let next = link::target(links, "next").map(str::to_owned);
        let mut page = GzDecoder::new(Vec::with_capacity(3_000_000));
        page.write_all(&answer.bytes().await?)?;
        let page = page.finish()?;
        match next {
            Some(next) if page.len() > 2 => url = next,
            _ => return Ok(()),
        }
        workspace.post(&http, page).await?;
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

    async fn post(&self, http: &Client, body: Vec<u8>) -> Result<(), Failure> {
        let date = http_date(Utc::now());
        let signature = self.signer.sign(body.len(), &date);
        let answer = http
            .post(format!("{}/api/logs?api-version=2016-04-01", self.uri))
            .header(AUTHORIZATION, format!("SharedKey {}:{signature}", self.id))
            .header(CONTENT_TYPE, "application/json")
            .header("Log-Type", "Okta")
            .header("x-ms-date", date)
            .header("time-generated-field", "published")
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
