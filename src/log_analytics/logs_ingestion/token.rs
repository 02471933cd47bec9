//! The bearer token of a rule's endpoint.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use azure_core::credentials::{AccessToken, TokenCredential};
use azure_core::error::ErrorKind;

use crate::log_analytics::http_error::shortened;
use crate::net::token_cache::{Issued, TokenCache};
use crate::telemetry::secrets;

/// How long before its end a token is renewed.
const AHEAD: Duration = Duration::from_secs(300);

/// How long is waited for a token, all tries of its source included.
const PATIENCE: Duration = Duration::from_secs(25);

/// The tokens of one scope.
#[derive(Debug)]
pub(super) struct Tokens {
    source: Arc<dyn TokenCredential>,
    scope: String,
    cache: TokenCache<AccessToken>,
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
            cache: TokenCache::default(),
        }
    }

    /// A token that is good for the next call.
    pub(super) async fn token(&self) -> Result<Arc<AccessToken>, NoToken> {
        self.cache.get(SystemTime::now(), self.ask()).await
    }

    /// The endpoint does not take this token, though its time is not over.
    pub(super) async fn refused(&self, token: &Arc<AccessToken>) {
        self.cache.forget(token).await;
    }

    async fn ask(&self) -> Result<Issued<AccessToken>, NoToken> {
        let scopes = [self.scope.as_str()];
        let asked = self.source.get_token(&scopes, None);
        let answer = tokio::time::timeout(PATIENCE, asked).await;
        let token = answer.map_err(|_| NoToken {
            problem: format!("no answer within {} s", PATIENCE.as_secs()),
            may_pass: true,
        })?;
        let token = token.map_err(|error| NoToken::of(&error))?;
        secrets::learn("the rule's access token", [token.token.secret()]);
        Ok(Issued {
            renew_at: SystemTime::from(token.expires_on - AHEAD),
            expires_at: token.expires_on.into(),
            token: Arc::new(token),
        })
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
        // The tools of developers answer with paragraphs.
        NoToken {
            problem: shortened(&problem),
            may_pass,
        }
    }
}
