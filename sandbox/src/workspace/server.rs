//! The server: a request through either API becomes rows or a refusal, or meets a scripted fault.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};

use super::collector;
use super::config::{Config, Detail};
use super::connection::{Cut, CuttableListener};
use super::fault::{self, Fault, Faults};
use super::ingestion::stream::Report;
use super::ingestion::{self, Rule};
use super::refusal::Refusal;
use super::request::{Announced, Rows, text};
use super::signature::Verifier;
use super::store::{Post, PostNumber, Store};

/// How much of a refused body is read and thrown away, so that a client that is still sending
/// gets to read its answer.
const DISCARD_LIMIT: usize = 64 << 20;

pub(super) struct Service {
    detail: Detail,
    verifier: Verifier,
    store: Arc<Store>,
    rule: Arc<Rule>,
    faults: Faults,
}

impl Service {
    pub(super) fn new(
        config: &Config,
        (store, rule): (Arc<Store>, Arc<Rule>),
        faults: Faults,
    ) -> io::Result<Self> {
        let verifier = Verifier::new(&config.id, &config.key)
            .map_err(|problem| io::Error::new(io::ErrorKind::InvalidInput, problem))?;
        Ok(Self {
            detail: config.detail,
            verifier,
            store,
            rule,
            faults,
        })
    }

    fn check(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<Announced, Refusal> {
        let largest = self.faults.largest();
        match uri.path() {
            collector::PATH => collector::check(&self.verifier, method, uri, headers, now, largest),
            path if path.starts_with(ingestion::PATH) => {
                self.rule.check(method, uri, headers, now, largest)
            }
            _ => Err(Refusal::not_found("there is nothing at this address")),
        }
    }

    /// Types, stores and records a whole body; heavy, so never on a thread that serves
    /// connections, and never given up halfway when the client goes away.
    fn accept(
        &self,
        body: &[u8],
        announced: &Announced,
        mut post: Post,
        withheld: bool,
    ) -> Result<PostNumber, Refusal> {
        if self.detail == Detail::Full {
            post.sha256 = Some(Sha256::digest(body).into());
        }
        match self.store_rows(body, announced, &mut post) {
            Ok(()) => {
                post.status = (!withheld).then_some(announced.rows.accepted().as_u16());
                Ok(self.store.record(post))
            }
            Err(refusal) => {
                self.record_refused(post, &refusal);
                Err(refusal)
            }
        }
    }

    fn store_rows(
        &self,
        body: &[u8],
        announced: &Announced,
        post: &mut Post,
    ) -> Result<(), Refusal> {
        let inflated;
        let plain = match &announced.rows {
            Rows::Declared { gzip: true, .. } => {
                inflated = ingestion::inflate(body)?;
                inflated.as_slice()
            }
            _ => body,
        };
        post.plain_bytes = plain.len() as u64;
        let text = std::str::from_utf8(plain)
            .map_err(|problem| Refusal::data_format(format!("the body is not UTF-8: {problem}")))?;
        if let Rows::Declared { stream, .. } = &announced.rows {
            if text.trim() == "[]" {
                return Ok(());
            }
            if !text.trim_start().starts_with('[') {
                return Err(Refusal::data_format("the body is no array"));
            }
            let report = (plain.len() > ingestion::PLAIN_LIMIT).then(|| Report::LargeBody {
                stream: stream.name.clone(),
                bytes: plain.len(),
            });
            self.store.report(report);
        }
        let table = self
            .store
            .table(&format!("{}_CL", announced.rows.log_type()));
        let batch = table.accept(text, &announced.rows.naming(), post.at, |ids| {
            self.faults.veto(ids)
        })?;
        self.store.report(batch.reports);
        post.rows = batch.rows;
        post.ids = batch.ids.into();
        post.stored = true;
        Ok(())
    }

    fn record_refused(&self, mut post: Post, refusal: &Refusal) {
        post.status = Some(refusal.status.as_u16());
        post.error = Some(refusal.code.to_owned());
        self.store.record(post);
    }
}

pub(super) async fn serve(listener: CuttableListener, service: Arc<Service>) {
    let router = Router::new().fallback(post).with_state(service);
    // Ends only with its task: the listener retries its own errors.
    axum::serve(
        listener,
        router.into_make_service_with_connect_info::<Cut>(),
    )
    .await
    .ok();
}

async fn post(
    State(service): State<Arc<Service>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if uri.path() == ingestion::identity::TOKEN_PATH {
        return service.rule.identity.answer(&method, &uri, &headers);
    }
    let of_rule = uri.path().starts_with(ingestion::PATH);
    let refuse = |refusal: Refusal| match of_rule {
        true => ingestion::answer(&refusal),
        false => refusal.into_response(),
    };
    let at = Utc::now();
    let post = arriving(&uri, &headers, &body, at);
    match service.check(&method, &uri, &headers, at) {
        Ok(announced) => {
            let fault = service.faults.take();
            take(service, announced, post, body, fault, &cut)
                .await
                .unwrap_or_else(refuse)
        }
        Err(refusal) => {
            service.record_refused(post, &refusal);
            tokio::spawn(discard(body));
            refuse(refusal)
        }
    }
}

/// Takes a post with valid headers: stores it, or plays the next scripted fault.
async fn take(
    service: Arc<Service>,
    announced: Announced,
    mut post: Post,
    body: Body,
    fault: Option<Fault>,
    cut: &Cut,
) -> Result<Response, Refusal> {
    match fault {
        Some(Fault::ResetBeforeBodyRead) => {
            service.store.record(post);
            return Ok(lose(cut));
        }
        Some(Fault::Stall) => service.faults.stall().await,
        _ => {}
    }
    let body = match read(body, announced.length).await {
        Ok(body) => body,
        Err(problem) => {
            let refusal = Refusal::data_format(format!("the body ended early: {problem}"));
            service.record_refused(post, &refusal);
            return Err(refusal);
        }
    };
    tokio::time::sleep(service.faults.latency()).await;
    if let Some(Fault::Status {
        status,
        code,
        retry_after,
    }) = fault
    {
        post.sha256 = Some(Sha256::digest(&body).into());
        let refusal = fault::refusal(status, code, retry_after);
        service.record_refused(post, &refusal);
        return Err(refusal);
    }
    if let Some(Fault::Foreign {
        status,
        content_type,
        body,
    }) = fault
    {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        post.status = Some(status.as_u16());
        service.store.record(post);
        return Ok(match body {
            "" => status.into_response(),
            body => (status, [(header::CONTENT_TYPE, content_type)], body).into_response(),
        });
    }
    let good = announced.rows.accepted();
    let withheld = matches!(
        fault,
        Some(Fault::ResetAfterAccept | Fault::AcceptThenStall)
    );
    let worker = Arc::clone(&service);
    let accepted =
        tokio::task::spawn_blocking(move || worker.accept(&body, &announced, post, withheld));
    let number = accepted.await.map_err(|stopped| {
        let message = format!("the workspace failed: {stopped}");
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "UnspecifiedError",
            message,
        )
    })??;
    match fault {
        Some(Fault::ResetAfterAccept) => return Ok(lose(cut)),
        Some(Fault::AcceptThenStall) => {
            service.faults.stall().await;
            service.store.note_status(number, good.as_u16());
        }
        Some(Fault::SlowAnswer(delay)) => tokio::time::sleep(delay).await,
        _ => {}
    }
    Ok(good.into_response())
}

fn arriving(uri: &Uri, headers: &HeaderMap, body: &Body, at: DateTime<Utc>) -> Post {
    let stream = uri.path().rsplit_once("/streams/Custom-");
    let stream = stream.map(|(_, table)| table.strip_suffix("_CL").unwrap_or(table));
    let log_type = stream.or(text(headers, "log-type")).unwrap_or_default();
    Post {
        log_type: log_type.to_owned(),
        bytes: body.size_hint().exact().unwrap_or(0),
        plain_bytes: 0,
        rows: 0,
        status: None,
        error: None,
        stored: false,
        at,
        sha256: None,
        ids: Arc::from([]),
    }
}

/// Cuts the connection; what is returned never reaches the wire.
fn lose(cut: &Cut) -> Response {
    cut.cut();
    StatusCode::OK.into_response()
}

async fn read(body: Body, length: u64) -> Result<BytesMut, axum::Error> {
    let mut whole = BytesMut::with_capacity(usize::try_from(length).unwrap_or(0));
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        whole.extend_from_slice(&chunk?);
    }
    Ok(whole)
}

async fn discard(body: Body) {
    let mut chunks = body.into_data_stream();
    let mut seen = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        seen += chunk.len();
        if seen > DISCARD_LIMIT {
            return;
        }
    }
}
