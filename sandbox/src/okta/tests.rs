//! The org as a client sees it.

use std::io::Write as _;
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::*;

mod bounded;
mod faults;
mod oauth;
mod polling;
mod speed;
mod strictness;

async fn org(config: OrgConfig) -> OktaOrg {
    OktaOrg::start(config).await.unwrap()
}

async fn org_of(events: u64) -> OktaOrg {
    org(OrgConfig {
        events,
        ..OrgConfig::default()
    })
    .await
}

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// An answer, read to its end.
#[derive(Debug)]
struct Reply {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn code(&self) -> String {
        self.json()["errorCode"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn ids(&self) -> Vec<String> {
        let id = |event: &Value| event["uuid"].as_str().unwrap_or_default().to_owned();
        self.json().as_array().unwrap().iter().map(id).collect()
    }

    fn link(&self, relation: &str) -> Option<String> {
        let end = format!(">; rel=\"{relation}\"");
        let mut links = self.headers.get_all("link").iter().filter_map(|link| {
            link.to_str()
                .unwrap()
                .strip_prefix('<')?
                .strip_suffix(&end)
                .map(str::to_owned)
        });
        let link = links.next();
        assert!(links.next().is_none(), "one header line a relation");
        link
    }

    fn next(&self) -> String {
        self.link("next").expect("a next link")
    }
}

async fn get(org: &OktaOrg, url: &str) -> Reply {
    try_get(org, url).await.unwrap()
}

async fn try_get(org: &OktaOrg, url: &str) -> reqwest::Result<Reply> {
    let token = format!("SSWS {}", org.token());
    let response = client()
        .get(url)
        .header("authorization", token)
        .header("accept-encoding", "gzip")
        .send()
        .await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = response.bytes().await?.to_vec();
    if headers.contains_key("content-encoding") {
        let mut decoder = flate2::write::GzDecoder::new(Vec::new());
        decoder.write_all(&body).unwrap();
        body = decoder.finish().unwrap();
    }
    Ok(Reply {
        status,
        headers,
        text: String::from_utf8(body).unwrap(),
    })
}

/// Asks for the log with these parameters.
async fn logs(org: &OktaOrg, parameters: &[(&str, &str)]) -> Reply {
    let url = format!("{}/api/v1/logs", org.url());
    get(
        org,
        url::Url::parse_with_params(&url, parameters)
            .unwrap()
            .as_str(),
    )
    .await
}

/// Follows `next` from the start of the log to the first empty page.
async fn poll_all(org: &OktaOrg, limit: &str) -> Vec<String> {
    let mut reply = logs(org, &[("limit", limit), ("sortOrder", "ASCENDING")]).await;
    let mut ids = Vec::new();
    while !reply.ids().is_empty() {
        ids.extend(reply.ids());
        assert!(
            ids.len() as u64 <= org.total_events(),
            "events come more than once"
        );
        reply = get(org, &reply.next()).await;
    }
    ids
}
