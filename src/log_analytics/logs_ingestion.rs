//! The Logs Ingestion API: gzipped calls to a data collection rule, by an identity's token.
//!
//! A call is taken whole or not at all. There is no key against repeats: one whose answer is lost
//! may be there twice. Columns that the rule does not declare are dropped by the service without a
//! word, which is why names come from the one schema that the rule is made of too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential};
use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};

use super::answer::silence;
use super::post_error::{Outcome, PostError};
use super::sink::{Sink, Table};
use crate::log_analytics::batch::{Batch, BatchLimits};
use crate::net::http::is_slow;
use crate::net::identity::Identity;
use okta_rows::ColumnNaming;

pub mod gzip;
mod packer;
mod refusal;
pub mod rule;
mod token;

use packer::Packer;
use refusal::{Meaning, Refusal};
use rule::Rule;
use token::{NoToken, Tokens, bearer};

/// Microsoft's documents give 1 MB "both compressed and uncompressed", its servers refuse over
/// 1,048,576 bytes on the wire, and its own client cuts here, before it compresses.
const LIMITS: BatchLimits = BatchLimits {
    bytes: 1_000_000,
    rows: usize::MAX,
};

const WHOLE_ATTEMPT: Duration = Duration::from_secs(30);

/// A body of this many bytes or fewer is not slow because of its size.
const SURELY_NOT_TOO_LARGE: usize = 250_000;

/// Where a call goes when it does not arrive.
const ADDRESS: &str = "LOGS_INGESTION_ENDPOINT and the way there (DNS, firewall, private link)";

/// A data collection rule.
#[derive(Debug)]
pub struct LogsIngestion {
    http: reqwest::Client,
    rule: Rule,
    tokens: Tokens,
    remedy: &'static str,
    packer: Mutex<Packer>,
}

impl LogsIngestion {
    /// A sink for one rule; opens no connection and asks for no token yet.
    pub fn new(http: reqwest::Client, rule: Rule, identity: &Identity) -> LogsIngestion {
        LogsIngestion::with_credential(http, rule, identity.remedy(), Arc::new(identity.clone()))
    }

    /// The same with tokens of another source; `remedy` says what to mend where it has none.
    pub fn with_credential(
        http: reqwest::Client,
        rule: Rule,
        remedy: &'static str,
        credential: Arc<dyn TokenCredential>,
    ) -> LogsIngestion {
        LogsIngestion {
            http,
            tokens: Tokens::new(credential, rule.endpoint.scope()),
            rule,
            remedy,
            packer: Mutex::new(Packer::default()),
        }
    }

    fn packer(&self) -> MutexGuard<'_, Packer> {
        self.packer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts a body, and once more with a new token where the endpoint does not take this one.
    async fn call(&self, table: Table, plain: &Bytes) -> Result<(), PostError> {
        let gzip = self.packer().pack(plain);
        let token = self.token().await?;
        let Some(refusal) = self.attempt(table, &token, plain, &gzip).await? else {
            self.packer().accepted();
            return Ok(());
        };
        if refusal.status != StatusCode::UNAUTHORIZED {
            return Err(self.refused(&refusal, plain));
        }
        self.tokens.refused(&token).await;
        let token = self.token().await?;
        let Some(refusal) = self.attempt(table, &token, plain, &gzip).await? else {
            self.packer().accepted();
            return Ok(());
        };
        if refusal.status == StatusCode::UNAUTHORIZED {
            self.tokens.refused(&token).await;
        }
        Err(self.refused(&refusal, plain))
    }

    /// One request; what was said where it was not accepted.
    async fn attempt(
        &self,
        table: Table,
        token: &AccessToken,
        plain: &Bytes,
        gzip: &Bytes,
    ) -> Result<Option<Refusal>, PostError> {
        let bearer = bearer(token).ok_or_else(|| {
            self.no_token(&NoToken {
                problem: "the token holds characters that no header can carry".to_owned(),
                may_pass: false,
            })
        })?;
        let request = self
            .http
            .post(self.rule.request_url(table))
            .header(AUTHORIZATION, bearer)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
            .timeout(WHOLE_ATTEMPT)
            .body(gzip.clone());
        match request.send().await {
            Ok(response) if response.status().is_success() => Ok(None),
            Ok(response) => Ok(Some(Refusal::read(response).await)),
            Err(error) => {
                let failed = silence(&self.place(), &error, WHOLE_ATTEMPT, ADDRESS);
                Err(match is_slow(&error) {
                    true => self.slow(plain, failed.message),
                    false => failed,
                })
            }
        }
    }

    async fn token(&self) -> Result<Arc<AccessToken>, PostError> {
        let token = self.tokens.token().await;
        token.map_err(|problem| self.no_token(&problem))
    }

    fn no_token(&self, no: &NoToken) -> PostError {
        let (place, problem, remedy) = (self.place(), &no.problem, self.remedy);
        PostError {
            outcome: match no.may_pass {
                true => Outcome::Retry { after: None },
                false => Outcome::Stop,
            },
            message: format!("there is no token for {place} ({problem}); {remedy}"),
        }
    }

    fn refused(&self, refusal: &Refusal, plain: &Bytes) -> PostError {
        let said = format!("{} answered {refusal}", self.place());
        match refusal.meaning() {
            Meaning::Clear(outcome, advice) => PostError {
                outcome,
                message: format!("{said}: {advice}"),
            },
            Meaning::TooSlow => self.slow(plain, said),
        }
    }

    /// The same body again; if that is too slow as well, half of it, as long as it may be the size.
    fn slow(&self, plain: &Bytes, said: String) -> PostError {
        let times = self.packer().slow_again(plain);
        if times > 1 && plain.len() > SURELY_NOT_TOO_LARGE {
            return PostError {
                outcome: Outcome::Split,
                message: format!("{said}, again: the body may be too large for it"),
            };
        }
        PostError {
            outcome: Outcome::Retry { after: None },
            message: format!("{said}: it may pass"),
        }
    }
}

#[async_trait]
impl Sink for LogsIngestion {
    fn place(&self) -> String {
        self.rule.to_string()
    }

    fn column_naming(&self) -> ColumnNaming {
        ColumnNaming::Full
    }

    fn limits(&self) -> BatchLimits {
        LIMITS
    }

    fn spans_pages(&self) -> bool {
        true
    }

    async fn post(&self, table: Table, batch: &Batch) -> Result<(), PostError> {
        self.call(table, batch.body()).await
    }

    /// An array of no rows is answered as a full one would be, and leaves nothing behind.
    async fn probe(&self, table: Table) -> Option<Result<String, PostError>> {
        let probed = self.call(table, &Bytes::from_static(b"[]")).await;
        Some(probed.map(|()| format!("{} takes {}", self.place(), self.rule.stream(table))))
    }
}
