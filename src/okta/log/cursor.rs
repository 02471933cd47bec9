//! A position in an org's log: the request that reads on from there.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::okta::api::domain::OktaDomain;

/// Path of the System Log API.
pub(crate) const LOGS_PATH: &str = "/api/v1/logs";

/// Most events Okta puts on a page.
pub(crate) const MAX_PAGE: u32 = 1000;

/// The URL of a polling request, as Okta's `next` link gave it or as a first run makes it.
///
/// It never has an `until`: only an unbounded, ascending request is documented to return every
/// event (Okta, *System Log query*, "Transferring data to a separate system").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(Url);

impl Cursor {
    /// Wraps a `next` link. It is checked against the org before every use.
    pub fn new(url: Url) -> Cursor {
        Cursor(url)
    }

    /// The polling request for everything stored since `since`.
    pub fn since(domain: &OktaDomain, since: DateTime<Utc>, filter: Option<&str>) -> Cursor {
        let mut url = domain.base().clone();
        url.set_path(LOGS_PATH);
        let since = since.to_rfc3339_opts(SecondsFormat::Millis, true);
        url.query_pairs_mut()
            .append_pair("since", &since)
            .append_pair("sortOrder", "ASCENDING")
            .append_pair("limit", &MAX_PAGE.to_string());
        if let Some(filter) = filter {
            url.query_pairs_mut().append_pair("filter", filter);
        }
        Cursor(url)
    }

    /// The same position with pages of at most `limit` events.
    #[must_use]
    pub fn with_limit(&self, limit: u32) -> Cursor {
        self.with("limit", &limit.to_string())
    }

    /// The same request for what was stored since `since`.
    #[must_use]
    pub fn with_since(&self, since: DateTime<Utc>) -> Cursor {
        self.with("since", &since.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    /// The same position in the log of the same org, whose host is now `domain`'s.
    #[must_use]
    pub fn under(&self, domain: &OktaDomain) -> Cursor {
        let mut url = domain.base().clone();
        url.set_path(self.0.path());
        url.set_query(self.0.query());
        Cursor(url)
    }

    /// The page size it asks for; 100, as Okta takes it, where it names none.
    pub fn limit(&self) -> u32 {
        let limit = self.parameter("limit");
        limit.and_then(|limit| limit.parse().ok()).unwrap_or(100)
    }

    /// Whether both are the same position, whatever page size they ask for and however their URLs
    /// are spelt.
    pub fn is_same_place(&self, other: &Cursor) -> bool {
        self.0.origin() == other.0.origin()
            && self.0.path() == other.0.path()
            && self.parameters_but("limit") == other.parameters_but("limit")
    }

    /// Whether Okta gave this cursor, rather than this program having made it of a time.
    pub fn is_from_okta(&self) -> bool {
        self.parameter("after").is_some()
    }

    /// The time that this program made it of; `None` for a cursor from Okta.
    pub fn start(&self) -> Option<DateTime<Utc>> {
        let since = self.parameter("since").filter(|_| !self.is_from_okta())?;
        let start = DateTime::parse_from_rfc3339(&since).ok()?;
        Some(start.to_utc())
    }

    /// Whether this leads to the log of the org at `domain` and nowhere else.
    pub fn belongs_to(&self, domain: &OktaDomain) -> bool {
        domain.has(&self.0, LOGS_PATH)
    }

    /// What a request for the next page asks for.
    pub fn url(&self) -> &Url {
        &self.0
    }

    fn parameter(&self, wanted: &str) -> Option<String> {
        let mut pairs = self.0.query_pairs();
        pairs.find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
    }

    fn parameters_but(&self, unwanted: &str) -> Vec<(String, String)> {
        let pairs = self.0.query_pairs().into_owned();
        pairs.filter(|(name, _)| name != unwanted).collect()
    }

    fn with(&self, name: &str, value: &str) -> Cursor {
        let mut url = self.0.clone();
        url.query_pairs_mut()
            .clear()
            .extend_pairs(self.parameters_but(name))
            .append_pair(name, value);
        Cursor(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(url: &str) -> Cursor {
        Cursor::new(url.parse().unwrap())
    }

    #[test]
    fn a_place_stays_the_same_whatever_the_page_size_and_the_spelling() {
        let one =
            cursor("https://acme.okta.com/api/v1/logs?since=2026-11-21T12%3A00%3A00Z&limit=1000");
        let other =
            cursor("https://acme.okta.com/api/v1/logs?since=2026-11-21T12:00:00Z&limit=500");
        assert!(one.is_same_place(&other));
        assert!(one.is_same_place(&one.with_limit(1)));
        let further = cursor("https://acme.okta.com/api/v1/logs?after=1_1&limit=1000");
        assert!(!one.is_same_place(&further));
    }

    #[test]
    fn only_the_orgs_own_log_over_its_own_scheme_belongs_to_it() {
        let acme: OktaDomain = "acme.okta.com".parse().unwrap();
        assert!(cursor("https://acme.okta.com/api/v1/logs?after=1_1").belongs_to(&acme));
        assert!(cursor("https://ACME.okta.com:443/api/v1/logs").belongs_to(&acme));
        for elsewhere in [
            "http://acme.okta.com/api/v1/logs",
            "https://acme.okta.com:8443/api/v1/logs",
            "https://acme.okta.com.example.net/api/v1/logs",
            "https://acme.okta.com@example.net/api/v1/logs",
            "https://me@acme.okta.com/api/v1/logs",
            "https://me:secret@acme.okta.com/api/v1/logs",
            "https://acme.okta.com/api/v1/logs/",
            "https://acme.okta.com/api/v1/users",
            "https://acme.okta.com//api/v1/logs",
            "data:text/plain,/api/v1/logs",
        ] {
            assert!(!cursor(elsewhere).belongs_to(&acme), "{elsewhere}");
        }
    }
}
