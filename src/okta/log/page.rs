//! One page of an org's System Log.

use chrono::{DateTime, Utc};
use reqwest::{Method, StatusCode};
use serde::de::IgnoredAny;
use url::Url;

use crate::okta::api::client::{Client, Request};
use crate::okta::api::domain::{OktaDomain, shown_target};
use crate::okta::api::error::{OktaError, OktaErrorKind};
use crate::okta::api::rate::RateLimit;
use crate::okta::api::resource::Resource;
use crate::okta::log::cursor::{Cursor, LOGS_PATH};

/// Largest page that is read, in bytes after decompression: three usual pages of 1000 events.
const MAX_PAGE_BYTES: usize = 8_000_000;

/// The System Log, as errors speak of it.
pub const SYSTEM_LOG: Resource = Resource {
    name: "System Log",
    path: LOGS_PATH,
    entry: "event",
    scope: "okta.logs.read",
    role: "Report Administrator",
    settings: "OKTA_FILTER, or OKTA_START_AT if that is set",
    unchanged: "The saved cursor stays where it is",
};

/// What came with a page's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The position after this page, if Okta named one. It belongs to this org.
    pub next: Option<Cursor>,
    /// What remains of Okta's rate limit.
    pub rate: Option<RateLimit>,
    /// Okta's clock when it answered.
    pub date: Option<DateTime<Utc>>,
}

/// Refuses a cursor that leads elsewhere than to the log of the org at `domain`, or not on in it, or
/// that has another filter than `filter`.
///
/// # Errors
/// [`OktaErrorKind::ForeignCursor`], [`OktaErrorKind::UnusableCursor`].
pub fn check_cursor(
    domain: &OktaDomain,
    cursor: &Cursor,
    filter: Option<&str>,
) -> Result<(), OktaError> {
    if !cursor.belongs_to(domain) {
        return Err(foreign(domain, cursor));
    }
    match cursor.problem(filter) {
        Some(problem) => {
            let kind = OktaErrorKind::UnusableCursor { problem };
            Err(OktaError::new(domain, kind))
        }
        None => Ok(()),
    }
}

fn foreign(domain: &OktaDomain, cursor: &Cursor) -> OktaError {
    let old = OktaDomain::of(cursor.url()).filter(|old| old.key() != domain.key());
    let remedy = match old.map(|old| old.as_written()) {
        Some(old) => format!(
            "If {old} is the former host of this org, run `okta-sentinel state move {old} {}`; \
             else put cursor.json right",
            domain.as_written()
        ),
        None => "Put cursor.json right".to_owned(),
    };
    let kind = OktaErrorKind::ForeignCursor {
        target: shown_target(cursor.url()),
        expected: format!("the {} of {domain}", SYSTEM_LOG.name),
        remedy: format!("{remedy}. As a last resort, `okta-sentinel ship --restart` {RESTART}"),
    };
    OktaError::new(domain, kind)
}

/// What starting over costs.
const RESTART: &str = "starts over, and what is in the workspace since then comes again";

/// Reads the page at `cursor` into `body`, replacing what is there.
///
/// # Errors
/// [`OktaError`]; `body` then holds nothing of use.
pub async fn read(client: &Client, cursor: &Cursor, body: &mut Vec<u8>) -> Result<Page, OktaError> {
    let domain = client.domain();
    check_cursor(domain, cursor, cursor.filter().as_deref())?;
    let request = Request {
        method: Method::GET,
        url: cursor.url(),
        resource: &SYSTEM_LOG,
        success: StatusCode::OK,
        max_bytes: MAX_PAGE_BYTES,
    };
    match client.send(&request, body).await {
        Ok(head) => {
            let next = head.next.map(Cursor::new);
            check_link(next.as_ref(), cursor).map_err(|kind| OktaError::new(domain, kind))?;
            Ok(Page {
                next,
                rate: head.rate,
                date: head.date,
            })
        }
        Err(OktaError {
            kind: OktaErrorKind::PageTooLarge {
                next: Some(next), ..
            },
            ..
        }) if let Err(kind) = check_link(Some(&Cursor::new(Url::clone(&next))), cursor) => {
            Err(OktaError::new(domain, kind))
        }
        Err(OktaError {
            org,
            kind: OktaErrorKind::BadRequest(_, answer),
        }) if cursor.is_from_okta() => {
            let kind = OktaErrorKind::CursorRefused(answer);
            Err(OktaError { org, kind })
        }
        Err(error) => Err(error),
    }
}

/// Whether one of the next pages from `cursor` on is a list that can be read, of one event or of
/// none. Then an event before them is at fault itself, and not something on the way that changes
/// every page. Asks for [`MOST_TRIED`] pages at most.
///
/// # Errors
/// [`OktaError`]: a page could not be had.
pub async fn is_one_readable(client: &Client, mut cursor: Cursor) -> Result<bool, OktaError> {
    let mut body = Vec::new();
    for _ in 0..MOST_TRIED {
        let request = cursor.with_limit(1);
        let page = read(client, &request, &mut body).await?;
        if serde_json::from_slice::<Vec<IgnoredAny>>(&body).is_ok() {
            return Ok(true);
        }
        match page.next {
            Some(next) if !next.is_same_place(&request) => cursor = next,
            _ => break,
        }
    }
    Ok(false)
}

/// Events in a row that may be at fault themselves.
const MOST_TRIED: usize = 10;

/// Whether the link that came with the answer to `request` may be followed.
fn check_link(next: Option<&Cursor>, request: &Cursor) -> Result<(), OktaErrorKind> {
    let Some(next) = next else { return Ok(()) };
    match next.problem(request.filter().as_deref()) {
        Some(problem) => Err(OktaErrorKind::UnusableLink { problem }),
        None => Ok(()),
    }
}
