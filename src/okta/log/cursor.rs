//! A position in an org's log: the request that reads on from there.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::okta::api::domain::OktaDomain;

/// Path of the System Log API.
pub(crate) const LOGS_PATH: &str = "/api/v1/logs";

/// Most events Okta puts on a page.
pub(crate) const MAX_PAGE: u32 = 1000;

/// Parameters of the System Log API.
const PARAMETERS: [&str; 7] = [
    "after",
    "since",
    "until",
    "filter",
    "q",
    "limit",
    "sortOrder",
];

/// The longest URL that is asked, in bytes. Apache's default for a request line is 8,190 bytes, and
/// nginx and Tomcat take 8 KB; our HTTP client takes no URI over 65,534.
pub(crate) const LONGEST_URL: usize = 8_190;

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
        self.limit_given().unwrap_or(100)
    }

    fn limit_given(&self) -> Option<u32> {
        self.parameter("limit")?.parse().ok()
    }

    /// Whether both are the same position, whatever page size they ask for and however their URLs
    /// are spelt.
    pub fn is_same_place(&self, other: &Cursor) -> bool {
        self.place() == other.place()
    }

    /// What tells this position from others: the request without its page size. Beside `after`,
    /// `since` has no say.
    pub fn place(&self) -> Vec<(String, String)> {
        let is_from_okta = self.is_from_okta();
        let pairs = self.0.query_pairs().into_owned();
        let mut place: Vec<(String, String)> = pairs
            .filter(|(name, _)| !matches!(name.as_str(), "limit" | "sortOrder"))
            .filter(|(name, value)| !(value.is_empty() || is_from_okta && name == "since"))
            .chain([(
                self.0.origin().ascii_serialization(),
                self.0.path().to_owned(),
            )])
            .collect();
        place.sort_unstable();
        place
    }

    /// Why this must not be asked, as a phrase after `an address that`: it would not read all of the
    /// log that follows, in its order, or no server would take it. `None` if it may. It may leave
    /// `filter` out, which the position may imply, but have no other one.
    pub fn problem(&self, filter: Option<&str>) -> Option<String> {
        let length = self.0.as_str().len();
        if length > LONGEST_URL {
            return Some(format!(
                "has {length} bytes, more than the {LONGEST_URL} that servers take"
            ));
        }
        if self.0.fragment().is_some() {
            return Some("has a fragment".to_owned());
        }
        let of = |wanted: &str| {
            let pairs = self.0.query_pairs();
            pairs.filter(|(name, _)| name == wanted).count()
        };
        if let Some(name) = PARAMETERS.into_iter().find(|name| of(name) > 1) {
            return Some(format!("gives `{name}` more than once"));
        }
        let value = |name| self.parameter(name).unwrap_or_default();
        let problem = if of("until") > 0 {
            "has an end (`until`), after which no event would be read"
        } else if of("limit") > 0 && !(1..=MAX_PAGE).contains(&self.limit_given().unwrap_or(0)) {
            "asks for pages of a size (`limit`) that Okta does not have"
        } else if of("sortOrder") > 0 && !value("sortOrder").eq_ignore_ascii_case("ASCENDING") {
            "asks for another order (`sortOrder`)"
        } else if !value("q").is_empty() {
            "asks for some events only (`q`)"
        } else if !value("filter").is_empty() && Some(value("filter").as_str()) != filter {
            "asks for the events of another `filter`"
        } else if value("after").is_empty() && (of("after") > 0 || value("since").is_empty()) {
            "names no position (`after`)"
        } else {
            return None;
        };
        Some(problem.to_owned())
    }

    /// The filter that it asks for.
    pub(crate) fn filter(&self) -> Option<String> {
        self.parameter("filter")
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
    fn a_place_stays_the_same_in_whatever_order_its_parameters_stand() {
        let place = |query: &str| cursor(&format!("https://acme.okta.com/api/v1/logs?{query}"));
        let one = place("after=1_1&filter=a+eq+b&limit=10");
        for same in [
            "filter=a%20eq%20b&after=1_1",
            "limit=5&sortOrder=ASCENDING&filter=a+eq+b&after=1_1",
            "since=2026-01-01T00:00:00Z&after=1_1&filter=a+eq+b&q=",
        ] {
            assert!(place(same).is_same_place(&one), "{same}");
        }
        for other in [
            "after=1_2&filter=a+eq+b",
            "after=1_1",
            "after=1_1&filter=a+eq+b&x=1",
        ] {
            assert!(!place(other).is_same_place(&one), "{other}");
        }
    }

    #[test]
    fn only_what_reads_on_through_the_whole_log_may_be_asked() {
        let problem = |query: &str| {
            cursor(&format!("https://acme.okta.com/api/v1/logs?{query}")).problem(Some("a eq b"))
        };
        for good in [
            "after=1_1",
            "after=1_1&limit=1000&sortOrder=ASCENDING",
            "since=2026-01-01T00:00:00Z&sortOrder=ascending&limit=1&filter=a+eq+b&q=",
            "since=2026-01-01T00:00:00Z&after=1_1",
            "after=1_1&somethingNew=1",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }
        let long = format!("after={}", "1".repeat(LONGEST_URL));
        for (bad, word) in [
            ("after=1&until=2026-01-01T00:00:00Z", "until"),
            ("after=1&until=", "until"),
            ("after=1&%75ntil=2026-01-01T00:00:00Z", "until"),
            ("after=1&limit=0", "limit"),
            ("after=1&limit=1001", "limit"),
            ("after=1&limit=-1", "limit"),
            ("after=1&limit=", "limit"),
            ("after=1&sortOrder=DESCENDING", "sortOrder"),
            ("after=1&after=2", "`after` more than once"),
            ("after=1&limit=5&limit=6", "`limit` more than once"),
            ("after=1&q=x", "`q`"),
            ("after=1#x", "fragment"),
            ("limit=1000", "names no position"),
            ("after=", "names no position"),
            ("after=&since=2026-01-01T00:00:00Z", "names no position"),
            (long.as_str(), "8190"),
        ] {
            let said = problem(bad).unwrap_or_default();
            assert!(said.contains(word), "{bad}: {said}");
        }
        let filtered = cursor("https://acme.okta.com/api/v1/logs?after=1&filter=a+eq+b");
        for other in [None, Some("a eq c")] {
            assert!(filtered.problem(other).unwrap().contains("filter"));
        }
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
