//! The API itself: from a request to rows or to a refusal.

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

use super::connection::{Cut, CuttableListener};
use super::fault::{self, Fault, Faults};
use super::refusal::Refusal;
use super::signature::{Verifier, check_date};
use super::store::{Post, PostNumber, Store};
use super::{Config, Detail};

/// Largest body in bytes that the service was seen to accept.
const BODY_LIMIT: u64 = 30_000_000;
const API_VERSION: &str = "2016-04-01";
/// How much of a refused body is read and thrown away, so that a client that is still sending
/// gets to read its answer.
const DISCARD_LIMIT: usize = 64 << 20;

pub(super) struct Service {
    detail: Detail,
    verifier: Verifier,
    store: Arc<Store>,
    faults: Faults,
}

/// What the headers of a good post say.
struct Announced {
    log_type: String,
    length: u64,
    time_field: Option<String>,
}

impl Service {
    pub(super) fn new(config: &Config, store: Arc<Store>, faults: Faults) -> io::Result<Self> {
        let verifier = Verifier::new(&config.id, &config.key)
            .map_err(|problem| io::Error::new(io::ErrorKind::InvalidInput, problem))?;
        Ok(Self {
            detail: config.detail,
            verifier,
            store,
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
        if uri.path() != "/api/logs" {
            return Err(Refusal::not_found("there is nothing at this address"));
        }
        if method != Method::POST {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            return Err(Refusal::new(
                status,
                "MethodNotAllowed",
                "this address takes posts only",
            ));
        }
        check_version(uri)?;
        let log_type = check_log_type(headers)?;
        check_content_type(headers)?;
        let date = text(headers, "x-ms-date")
            .ok_or_else(|| Refusal::authorization("x-ms-date is missing"))?;
        check_date(date, now)?;
        let length = text(headers, header::CONTENT_LENGTH.as_str())
            .and_then(|length| length.parse().ok())
            .ok_or_else(|| {
                let status = StatusCode::LENGTH_REQUIRED;
                Refusal::new(status, "LengthRequired", "Content-Length is missing")
            })?;
        let authorization = text(headers, header::AUTHORIZATION.as_str())
            .ok_or_else(|| Refusal::authorization("Authorization is missing"))?;
        self.verifier.verify(authorization, length, date)?;
        if length > self.faults.largest().unwrap_or(BODY_LIMIT).min(BODY_LIMIT) {
            return Err(Refusal::not_found(
                "there is nothing at this address for such a body",
            ));
        }
        let time_field = text(headers, "time-generated-field").map(str::to_owned);
        Ok(Announced {
            log_type,
            length,
            time_field,
        })
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
                post.status = (!withheld).then_some(StatusCode::OK.as_u16());
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
        let body = std::str::from_utf8(body)
            .map_err(|problem| Refusal::data_format(format!("the body is not UTF-8: {problem}")))?;
        let table = self.store.table(&format!("{}_CL", announced.log_type));
        let time_field = announced
            .time_field
            .as_deref()
            .filter(|field| !field.is_empty());
        let batch = table.accept(body, time_field, post.at, |ids| self.faults.veto(ids))?;
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
    let at = Utc::now();
    let post = arriving(&headers, &body, at);
    match service.check(&method, &uri, &headers, at) {
        Ok(announced) => {
            let fault = service.faults.take();
            take(service, announced, post, body, fault, &cut)
                .await
                .unwrap_or_else(IntoResponse::into_response)
        }
        Err(refusal) => {
            service.record_refused(post, &refusal);
            tokio::spawn(discard(body));
            refusal.into_response()
        }
    }
}

/// Takes a post with good headers: to the table, or to whatever fault is its turn.
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
            service.store.note_status(number, StatusCode::OK.as_u16());
        }
        Some(Fault::SlowAnswer(delay)) => tokio::time::sleep(delay).await,
        _ => {}
    }
    Ok(StatusCode::OK.into_response())
}

fn arriving(headers: &HeaderMap, body: &Body, at: DateTime<Utc>) -> Post {
    Post {
        log_type: text(headers, "log-type").unwrap_or_default().to_owned(),
        bytes: body.size_hint().exact().unwrap_or(0),
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

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn check_version(uri: &Uri) -> Result<(), Refusal> {
    let version = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "api-version");
    match version {
        None => Err(Refusal::bad_request(
            "MissingApiVersion",
            "api-version is missing",
        )),
        Some((_, version)) if version == API_VERSION => Ok(()),
        Some((_, version)) => {
            let message = format!("api-version {version} is not supported");
            Err(Refusal::bad_request("InvalidApiVersion", message))
        }
    }
}

fn check_log_type(headers: &HeaderMap) -> Result<String, Refusal> {
    let name = text(headers, "log-type")
        .ok_or_else(|| Refusal::bad_request("MissingLogType", "Log-Type is missing"))?;
    let letters = name
        .bytes()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    if name.is_empty() || name.len() > 100 || !letters {
        let message = "Log-Type takes 1 to 100 letters, digits and _";
        return Err(Refusal::bad_request("InvalidLogType", message));
    }
    Ok(name.to_owned())
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Refusal::authorization("this API takes no compressed body"));
    }
    match text(headers, header::CONTENT_TYPE.as_str()) {
        None => Err(Refusal::bad_request(
            "MissingContentType",
            "Content-Type is missing",
        )),
        Some("application/json") => Ok(()),
        Some(other) => {
            let message = format!("Content-Type is {other}, not application/json");
            Err(Refusal::bad_request("UnsupportedContentType", message))
        }
    }
}
