//! What can go wrong between this program and Okta: each kind has its own words and says whether
//! another try may help.

use std::fmt;
use std::time::Duration;

use url::Url;

use crate::net::retry::{Failure, RetryDecision};
use crate::okta::api::caller::Caller;
use crate::okta::api::error::answer::Answer;
use crate::okta::api::error::sign_in::{CannotSign, SignInError};
use crate::okta::api::resource::Resource;

pub(crate) mod answer;
pub(crate) mod sign_in;

/// Why a request to Okta failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OktaError {
    /// Who was asked: the org's host, or `the token endpoint of` it.
    pub org: String,
    /// What went wrong, which decides about another try.
    pub kind: OktaErrorKind,
}

/// What went wrong. Most messages go on from the org's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OktaErrorKind {
    /// 400 on a cursor that Okta itself handed out: it is no longer good.
    #[error("no longer takes the saved cursor ({0})")]
    CursorRefused(Answer),
    /// 400 on a request of this program's own making.
    #[error("refused the request ({}); correct {}", .1, .0.settings)]
    BadRequest(&'static Resource, Answer),
    /// 401, or an answer of any status about the token or its proof.
    #[error("refused {}. {}", unauthorized(*.1, .2), .0.unchanged)]
    Unauthorized(&'static Resource, Caller, Answer),
    /// 403 for want of a role or a scope.
    #[error("does not let {}", forbidden(.0, *.1, .2))]
    Forbidden(&'static Resource, Caller, Answer),
    /// 403 for the network that the request comes from.
    #[error(
        "does not take this token from here ({}); add the outbound addresses of the function app \
         to the network zone of {}", .1, match .0 { Caller::ApiToken => "the token", Caller::ServiceApp => "the service app" }
    )]
    OutsideZone(Caller, Answer),
    /// 404: another host than the org's answered.
    #[error("has no {} at {} ({}); OKTA_DOMAIN must be the org's own address", .0.name, .0.path, .1)]
    NotFound(&'static Resource, Answer),
    /// 429, from the API or from the token endpoint.
    #[error("answers that {} ({answer})", if *.concurrent { "too many requests run at once" } else { "its rate limit is spent" })]
    RateLimited {
        /// Whether it is the limit of simultaneous requests.
        concurrent: bool,
        /// How long Okta asks to wait, if it does.
        wait: Option<Duration>,
        /// What Okta said.
        answer: Answer,
    },
    /// 5xx and 408, from the API or from the token endpoint.
    #[error("is in trouble ({answer}){}; if it lasts, look at status.okta.com", if *.slow { "; it did not finish the query in time" } else { "" })]
    Trouble {
        /// Whether Okta ran out of time, which smaller pages mend.
        slow: bool,
        /// What Okta said.
        answer: Answer,
    },
    /// Any other status.
    #[error("gave an answer that the {} API does not have ({}); is OKTA_DOMAIN right?", .0.name, .1)]
    Unexpected(&'static Resource, Answer),
    /// 3xx: redirects are never followed, since the token would go with them.
    #[error(
        "redirects to {location}; redirects are never followed: set OKTA_DOMAIN to the address where the org is now, and take the saved cursor there with `okta-sentinel state move OLD NEW`"
    )]
    Redirected {
        /// Where to, without its query.
        location: String,
    },
    /// The link to the next page leads elsewhere, and the token with it.
    #[error(
        "links to its next page at {target}, which is not this org's {}; the token was not sent there. Set OKTA_DOMAIN to the address that Okta itself uses (custom domain or okta.com), and take the saved cursor there with `okta-sentinel state move OLD NEW`", .resource.name
    )]
    ForeignLink {
        /// What the request was about.
        resource: &'static Resource,
        /// Scheme, host and path of the link.
        target: String,
    },
    /// The saved cursor leads elsewhere: somebody changed it. The message names no org in front.
    #[error(
        "the saved cursor leads to {target}, which is not {expected}; nothing was sent there. {remedy}"
    )]
    ForeignCursor {
        /// Scheme, host and path of the cursor.
        target: String,
        /// Where it should lead: `the System Log of acme.okta.com`.
        expected: String,
        /// What to do next.
        remedy: String,
    },
    /// The link to the next page leads to the log, but must not be followed.
    #[error(
        "links to its next page by an address that {problem}; it was neither asked nor saved, and the cursor stays where it is. If it lasts, does a proxy in between change Okta's answers?"
    )]
    UnusableLink {
        /// A phrase after `an address that`.
        problem: String,
    },
    /// The saved cursor leads to the log, but must not be asked. The message names no org in front.
    #[error(
        "the saved cursor is an address that {problem}; nothing was asked there. Put cursor.json right, or start anew with `okta-sentinel ship --restart`"
    )]
    UnusableCursor {
        /// A phrase after `an address that`.
        problem: String,
    },
    /// A full page is not the end of the log, and nothing leads on from it.
    #[error(
        "sent a full page of {events} events {}, so that the log cannot be followed; something on the way, such as a proxy, strips or changes the Link header: have it passed on unchanged. The page is shipped; the next run asks for it again and repeats nothing", if *.same { "whose Link header leads to the same page again" } else { "without a Link header to the next page" }
    )]
    NoWayOn {
        /// Events on the page.
        events: usize,
        /// Whether there was a link, to the same page.
        same: bool,
    },
    /// The links lead to where the run has been.
    #[error(
        "links from page to page in a circle: {problem}; nothing of it is shipped twice, and the next run tries again. If it lasts, does a proxy in between answer from a cache? Else ask Okta's support about it"
    )]
    LinksInCircle {
        /// What came again.
        problem: &'static str,
    },
    /// No answer, or one that broke off.
    #[error("{problem}")]
    Transport {
        /// Whether it was the time that ran out.
        slow: bool,
        /// What happened and what to do, a phrase after the org's name.
        problem: String,
    },
    /// More than a page may be.
    #[error(
        "sent a page of more than {limit} bytes though one {} was asked for; nothing is skipped without a word: if it lasts, ask Okta's support about it", .resource.entry
    )]
    PageTooLarge {
        /// What the request was about.
        resource: &'static Resource,
        /// The cap, in bytes after decompression.
        limit: usize,
        /// The link past the page, if Okta named one. It belongs to this org.
        next: Option<Box<Url>>,
    },
    /// A list whose events cannot be told apart.
    #[error(
        "sent a page that cannot be read: {problem}; if it lasts, does a proxy in between change its answers?"
    )]
    UnreadableEvents {
        /// The decoder's words.
        problem: String,
        /// The link past the page, if Okta named one. It belongs to this org.
        next: Option<Box<Url>>,
    },
    /// A body that is no list, or one with more events than were asked for.
    #[error(
        "sent a page that cannot be read: {problem}; if it lasts, does OKTA_DOMAIN name the org, and does a proxy in between change its answers?"
    )]
    UnreadablePage {
        /// The decoder's words.
        problem: String,
    },
    /// The API token cannot be sent. The message names no org in front.
    #[error(
        "OKTA_API_TOKEN holds a character that no HTTP header may carry; paste the token again"
    )]
    TokenNotAHeader,
    /// Nothing was asked for want of a signature. The message names no org in front.
    #[error(transparent)]
    CannotSign(#[from] CannotSign),
    /// The service app got no access token.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

impl OktaError {
    /// `org` is who was asked.
    pub(crate) fn new(org: &impl ToString, kind: impl Into<OktaErrorKind>) -> OktaError {
        OktaError {
            org: org.to_string(),
            kind: kind.into(),
        }
    }

    /// Whether a smaller page may be answered where this one was not: time ran out.
    pub(crate) fn asks_for_smaller_pages(&self) -> bool {
        matches!(
            self.kind,
            OktaErrorKind::Trouble { slow: true, .. } | OktaErrorKind::Transport { slow: true, .. }
        )
    }
}

impl fmt::Display for OktaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            OktaErrorKind::ForeignCursor { .. }
            | OktaErrorKind::UnusableCursor { .. }
            | OktaErrorKind::TokenNotAHeader
            | OktaErrorKind::CannotSign(_) => self.kind.fmt(f),
            kind => write!(f, "{} {kind}", self.org),
        }
    }
}

impl std::error::Error for OktaError {}

impl Failure for OktaError {
    fn retry_decision(&self) -> RetryDecision {
        match self.kind {
            OktaErrorKind::RateLimited {
                wait: Some(wait), ..
            } => RetryDecision::RetryAfter(wait),
            OktaErrorKind::RateLimited { wait: None, .. }
            | OktaErrorKind::Trouble { .. }
            | OktaErrorKind::Transport { .. }
            | OktaErrorKind::UnreadableEvents { .. }
            | OktaErrorKind::UnreadablePage { .. } => RetryDecision::Retry,
            _ => RetryDecision::Stop,
        }
    }
}

fn unauthorized(caller: Caller, answer: &Answer) -> String {
    match caller {
        Caller::ApiToken => format!(
            "the API token ({answer}): it has expired, was revoked, or its owner was deactivated; \
             create a new one and set OKTA_API_TOKEN"
        ),
        Caller::ServiceApp => format!(
            "an access token that it had just given to the service app ({answer}); is the app \
             still active, and is this machine's clock right?"
        ),
    }
}

fn forbidden(resource: &Resource, caller: Caller, answer: &Answer) -> String {
    let Resource {
        name, scope, role, ..
    } = resource;
    match caller {
        Caller::ApiToken => {
            format!("the token's owner read the {name} ({answer}); give that user the {role} role")
        }
        Caller::ServiceApp => format!(
            "the service app read the {name} ({answer}); the app needs both the scope {scope}, \
             which a Super Admin grants on its Okta API Scopes tab, and an admin role, {role}, on \
             its Admin roles tab"
        ),
    }
}
