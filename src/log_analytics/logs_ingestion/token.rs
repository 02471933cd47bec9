//! The bearer token of a rule's endpoint: kept, renewed ahead of its end, asked for anew once
//! the endpoint refuses it.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential};
use azure_core::error::ErrorKind;
use azure_core::time::OffsetDateTime;
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;

/// How long before its end a token is renewed.
const AHEAD: Duration = Duration::from_secs(300);

/// How long is waited for a token, all tries of its source included.
const PATIENCE: Duration = Duration::from_secs(25);

/// The tokens of one scope.
#[derive(Debug)]
pub(super) struct Tokens {
    source: Arc<dyn TokenCredential>,
    scope: String,
    /// Locked while a token is asked for, so that two posts do not both ask.
    kept: Mutex<Option<AccessToken>>,
}

/// No token is to be had.
#[derive(Debug)]
pub(super) struct NoToken {
    /// Why, in the source's words.
    pub(super) problem: String,
    /// Whether it may pass.
    pub(super) may_pass: bool,
}

impl Tokens {
    pub(super) fn new(source: Arc<dyn TokenCredential>, scope: String) -> Tokens {
        Tokens {
            source,
            scope,
            kept: Mutex::new(None),
        }
    }

    /// A token that is good for the next call.
    pub(super) async fn token(&self) -> Result<AccessToken, NoToken> {
        let mut kept = self.kept.lock().await;
        let now = OffsetDateTime::now_utc();
        if let Some(token) = kept.as_ref().filter(|token| token.expires_on > now + AHEAD) {
            return Ok(token.clone());
        }
        match (self.ask().await, &*kept) {
            (Ok(token), _) => Ok(kept.insert(token).clone()),
            // There is time left to have it renewed by a later post.
            (Err(_), Some(token)) if token.expires_on > now => Ok(token.clone()),
            (Err(error), _) => Err(error),
        }
    }

    /// The endpoint does not take this token, though its time is not over.
    pub(super) async fn refused(&self, token: &AccessToken) {
        let mut kept = self.kept.lock().await;
        // Another post may have had it replaced by now.
        if kept.as_ref().is_some_and(|kept| kept.token == token.token) {
            *kept = None;
        }
    }

    async fn ask(&self) -> Result<AccessToken, NoToken> {
        let scopes = [self.scope.as_str()];
        let asked = self.source.get_token(&scopes, None);
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answer) => answer.map_err(|error| NoToken::of(&error)),
            Err(_) => Err(NoToken {
                problem: format!("no answer within {} s", PATIENCE.as_secs()),
                may_pass: true,
            }),
        }
    }
}

impl NoToken {
    fn of(error: &azure_core::Error) -> NoToken {
        let mut problem = error.to_string();
        // A developer's tools are not there, or nobody has signed in: no minute mends that.
        let mut may_pass = false;
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(this) = cause {
            if let Some(azure) = this.downcast_ref::<azure_core::Error>() {
                match azure.kind() {
                    ErrorKind::HttpResponse { status, .. } => {
                        let status = u16::from(*status);
                        problem = format!("HTTP {status}: {azure}");
                        may_pass = matches!(status, 404 | 408 | 410 | 429 | 500..);
                    }
                    ErrorKind::Io | ErrorKind::Connection => {
                        (problem, may_pass) = (azure.to_string(), true);
                    }
                    _ => {}
                }
            }
            cause = this.source();
        }
        NoToken {
            problem: one_line(&problem),
            may_pass,
        }
    }
}

/// The `Authorization` header, marked so that nothing prints it; `None` for a token that no header
/// can carry.
pub(super) fn bearer(token: &AccessToken) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("Bearer {}", token.token.secret())).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Cut to what fits a log line; the tools of developers answer with paragraphs.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(300).collect()
}
