//! The Logs Ingestion API: gzipped calls to a data collection rule, by an identity's token.
//!
//! A call is taken whole or not at all. There is no key against repeats: one whose answer is lost
//! may be there twice. The service drops columns that the rule does not declare without a word,
//! so names come from the one schema that the rule is generated from too.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential};
use okta_rows::ColumnNaming;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};

use super::batch::{Batch, BatchLimits};
use super::error_response::ErrorResponse;
use super::http_error::transport_error;
use super::post_error::{Outcome, PostError};
use super::prepared::Prepared;
use super::sink::Sink;
use super::tables::Table;
use crate::net::http::secret_header;
use crate::net::identity::Identity;

mod classify;
pub mod gzip;
pub mod rule;
mod token;

use classify::classify;
use rule::Rule;
use token::{NoToken, Tokens};

/// Microsoft's documents give 1 MB "both compressed and uncompressed", its servers refuse over
/// 1,048,576 bytes on the wire, and its own client cuts here, before it compresses.
const LIMITS: BatchLimits = BatchLimits {
    bytes: 1_000_000,
    rows: usize::MAX,
};

/// Of one request, from the connection to the end of the answer, where the batch names no other.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What to check where the service cannot be reached.
const ADDRESS_SETTINGS: &str =
    "LOGS_INGESTION_ENDPOINT and the way there (DNS, firewall, private link)";

/// A data collection rule.
#[derive(Debug)]
pub struct LogsIngestion {
    http: reqwest::Client,
    rule: Rule,
    tokens: Tokens,
    remedy: &'static str,
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
        }
    }

    /// One request; what was answered where it was not accepted.
    async fn attempt(
        &self,
        table: &'static Table,
        token: &AccessToken,
        body: &Prepared,
    ) -> Result<Option<ErrorResponse>, PostError> {
        let limit = body.answer_within.unwrap_or(TIMEOUT);
        let bearer = secret_header("Bearer ", token.token.secret()).ok_or_else(|| {
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
            .timeout(limit)
            .body(body.body.clone());
        let answer = async {
            let response = request.send().await?;
            ErrorResponse::unless_accepted(response, StatusCode::NO_CONTENT).await
        };
        let unanswered =
            |error| transport_error(&self.destination(), &error, limit, ADDRESS_SETTINGS);
        answer.await.map_err(unanswered)
    }

    async fn token(&self) -> Result<Arc<AccessToken>, PostError> {
        let token = self.tokens.token().await;
        token.map_err(|problem| self.no_token(&problem))
    }

    fn no_token(&self, no: &NoToken) -> PostError {
        let (destination, problem, remedy) = (self.destination(), &no.problem, self.remedy);
        PostError {
            outcome: match no.may_pass {
                true => Outcome::Retry { after: None },
                false => Outcome::Stop,
            },
            message: format!("there is no token for {destination} ({problem}); {remedy}"),
        }
    }
}

#[async_trait]
impl Sink for LogsIngestion {
    fn destination(&self) -> String {
        self.rule.to_string()
    }

    fn column_naming(&self) -> ColumnNaming {
        ColumnNaming::Full
    }

    fn limits(&self) -> BatchLimits {
        LIMITS
    }

    fn prepare(&self, batch: &Batch) -> Prepared {
        prepared(batch.body())
    }

    /// Posts once, and once more with a new token where the endpoint refuses the current one.
    async fn post(&self, table: &'static Table, body: &Prepared) -> Result<(), PostError> {
        for is_last in [false, true] {
            let token = self.token().await?;
            let Some(answer) = self.attempt(table, &token, body).await? else {
                break;
            };
            let refused = answer.status == StatusCode::UNAUTHORIZED;
            if refused {
                self.tokens.refused(&token).await;
            }
            if is_last || !refused {
                let (outcome, advice) = classify(&answer);
                return Err(answer.into_error(&self.destination(), outcome, advice));
            }
        }
        Ok(())
    }

    /// An array of no rows is answered as a full one would be, and leaves nothing behind.
    async fn probe(&self, table: &'static Table) -> Option<Result<String, PostError>> {
        let nothing = prepared(b"[]");
        let probed = self.post(table, &nothing).await;
        Some(probed.map(|()| format!("{} takes {}", self.destination(), self.rule.stream(table))))
    }
}

fn prepared(json: &[u8]) -> Prepared {
    Prepared {
        body: gzip::compress(json).into(),
        plain_len: json.len(),
        answer_within: None,
    }
}
