//! What a request to `/api/v1/logs` may ask for, and Okta's refusals of everything else.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use url::form_urlencoded;

use super::refusal::Refusal;

/// Older events are left out without a word.
const RETENTION: TimeDelta = TimeDelta::days(90);
/// An older `since` is an error.
const OLDEST_SINCE: TimeDelta = TimeDelta::days(180);
/// Where a request without `since` starts.
const DEFAULT_SINCE: TimeDelta = TimeDelta::days(7);
const DEFAULT_LIMIT: usize = 100;
const LARGEST_LIMIT: usize = 1000;
const KEYWORDS: usize = 10;
const KEYWORD_LENGTH: usize = 40;

/// Which events a request wants, wherever it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    pub(super) event_types: Option<BTreeSet<String>>,
    /// In lower case; an event must hold all of them.
    pub(super) keywords: Vec<String>,
}

impl Wanted {
    pub(super) fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

/// Where in the log a request starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Since(DateTime<Utc>),
    After(String),
}

/// The two ways to read the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// No `until`, ascending: by persistence, every event, no end.
    Polling,
    /// By `published`, up to but without `until`, with an end.
    Bounded {
        until: DateTime<Utc>,
        descending: bool,
    },
}

/// A request that Okta accepts.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) start: Start,
    pub(super) reading: Reading,
    pub(super) wanted: Wanted,
    pub(super) limit: usize,
    /// What a link of the answer repeats besides `after`, `limit` last.
    pub(super) carried: Vec<(&'static str, String)>,
}

impl Query {
    /// Reads the part of the request after `?`.
    pub(super) fn parse(query: &str, now: DateTime<Utc>) -> Result<Self, Refusal> {
        let given = parameters(query)?;
        let get = |name| given.get(name).map(String::as_str);
        let until = match get("until") {
            None | Some("") => None,
            Some(text) => Some(date("until", text)?),
        };
        let descending = match get("sortOrder") {
            None | Some("ASCENDING") => false,
            Some("DESCENDING") => true,
            Some(_) => return Err(Refusal::validation("sortOrder: ASCENDING or DESCENDING")),
        };
        let reading = match until {
            None if !descending => Reading::Polling,
            until => Reading::Bounded {
                until: until.unwrap_or(now),
                descending,
            },
        };
        let wanted = Wanted {
            event_types: get("filter").map(filter).transpose()?,
            keywords: get("q").map(keywords).transpose()?.unwrap_or_default(),
        };
        let start = start(get("since"), get("after"), until.unwrap_or(now), now)?;
        let limit = get("limit").map_or(Ok(DEFAULT_LIMIT), limit)?;
        let carried = ["until", "filter", "q", "sortOrder", "limit"]
            .into_iter()
            .filter_map(|name| Some((name, given.get(name)?.clone())))
            .collect();
        Ok(Self {
            start,
            reading,
            wanted,
            limit,
            carried,
        })
    }

    /// What a cursor of this request is good for: all but the page size may not change.
    pub(super) fn scope(&self) -> String {
        let scope = self.carried.iter().filter(|(name, _)| *name != "limit");
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(scope)
            .finish()
    }

    /// The part after `?` of the link to the page at `after`.
    pub(super) fn link(&self, after: &str) -> String {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("after", after)
            .extend_pairs(&self.carried)
            .finish()
    }
}

fn parameters(query: &str) -> Result<BTreeMap<String, String>, Refusal> {
    const KNOWN: [&str; 7] = [
        "since",
        "until",
        "after",
        "filter",
        "q",
        "limit",
        "sortOrder",
    ];
    let mut given = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !KNOWN.contains(&name.as_ref()) {
            return Err(Refusal::validation(&format!(
                "{name}: not a parameter of the log"
            )));
        }
        if given.insert(name.to_string(), value.into_owned()).is_some() {
            return Err(Refusal::validation(&format!(
                "{name}: given more than once"
            )));
        }
    }
    Ok(given)
}

fn start(
    since: Option<&str>,
    after: Option<&str>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Start, Refusal> {
    let since = match (since, after) {
        (Some(_), Some(_)) => {
            return Err(Refusal::validation(
                "since and after: only one of them may be given",
            ));
        }
        (None, Some(after)) => return Ok(Start::After(after.to_owned())),
        (Some(since), None) => date("since", since)?,
        (None, None) => until - DEFAULT_SINCE,
    };
    if since < now - OLDEST_SINCE {
        return Err(Refusal::invalid_field(
            "The since parameter is over 180 days prior",
        ));
    }
    Ok(Start::Since(since.max(now - RETENTION)))
}

fn date(name: &str, text: &str) -> Result<DateTime<Utc>, Refusal> {
    DateTime::parse_from_rfc3339(text)
        .map(|date| date.to_utc())
        .map_err(|_| Refusal::validation(&format!("{name}: not an ISO 8601 date and time")))
}

fn limit(text: &str) -> Result<usize, Refusal> {
    text.parse()
        .ok()
        .filter(|limit| *limit <= LARGEST_LIMIT)
        .ok_or_else(|| Refusal::validation("limit: a whole number from 0 to 1000"))
}

/// `eventType eq "…"`, any number of them joined by ` or `; the rest of SCIM is not played here.
fn filter(text: &str) -> Result<BTreeSet<String>, Refusal> {
    let event_type = |clause: &str| {
        let name = clause
            .trim()
            .strip_prefix("eventType eq \"")?
            .strip_suffix('"')?;
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        (!name.is_empty() && name.chars().all(plain)).then(|| name.to_owned())
    };
    text.split(" or ")
        .map(event_type)
        .collect::<Option<_>>()
        .ok_or_else(|| Refusal::invalid_field(&format!("Invalid filter: {text}")))
}

fn keywords(text: &str) -> Result<Vec<String>, Refusal> {
    let keywords: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let too_long = |keyword: &String| keyword.chars().count() > KEYWORD_LENGTH;
    if keywords.len() > KEYWORDS || keywords.iter().any(too_long) {
        return Err(Refusal::validation(
            "q: at most 10 keywords of at most 40 characters",
        ));
    }
    Ok(keywords)
}
