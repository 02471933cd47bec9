//! The org at the wire: routes, refusals, headers and the scripted faults.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST,
    LINK, LOCATION, RETRY_AFTER, USER_AGENT, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;

use super::body;
use super::cursor::Place;
use super::fault::Fault;
use super::journal::{Authorization, Line, SeenRequest, StartGiven};
use super::locks::locked;
use super::oauth::endpoint::{TOKEN_PATH, TokenAnswer};
use super::oauth::resource::{Judged, Presented};
use super::org::{LOGS_PATH, Org};
use super::page::{Page, json_array, render_aside};
use super::query::Query;
use super::rate::Allowance;
use super::refusal::Refusal;
use super::wire::Wire;

const JSON: &str = "application/json";
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Largest form that the token endpoint reads.
const MAX_FORM: usize = 64 * 1024;

/// Every path of the org.
pub(super) fn router(org: Arc<Org>) -> Router {
    Router::new().fallback(any).with_state(org)
}

/// One request on its way through the org.
struct Exchange {
    org: Arc<Org>,
    wire: Wire,
    line: Line,
    seen: SeenRequest,
    /// Scheme and host that were asked: links lead there.
    asked: String,
    query: String,
    judged: Judged,
    allowance: Option<Allowance>,
}

async fn any(
    State(org): State<Arc<Org>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response {
    let judged = judged(&org, &request);
    let seen = seen(&org, &request, judged.authorization);
    let line = org.journal.arrived(seen.clone());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let asked = host.map_or(org.base.clone(), |host| format!("http://{host}"));
    let mut exchange = Exchange {
        org,
        wire,
        line,
        seen,
        asked,
        query,
        judged,
        allowance: None,
    };
    if request.uri().path() == TOKEN_PATH {
        return exchange.token(request).await;
    }
    if request.uri().path() != LOGS_PATH {
        return exchange.refuse(&Refusal::new(404, "E0000008"));
    }
    if request.method() != Method::GET {
        return exchange.refuse(&Refusal::new(405, "E0000022"));
    }
    exchange.log().await
}

/// Judged once: a proof is good for one request.
fn judged(org: &Org, request: &Request) -> Judged {
    let Some(value) = request.headers().get(AUTHORIZATION) else {
        return Judged::plainly(Authorization::Missing);
    };
    let value = String::from_utf8_lossy(value.as_bytes());
    if value == format!("SSWS {}", org.config.token) {
        return Judged::plainly(Authorization::Accepted);
    }
    let presented = Presented {
        headers: request.headers(),
        authorization: &value,
        method: request.method().as_str(),
        url: &format!("{}{}", org.base, request.uri().path()),
        now: org.now(),
    };
    let judged = org.oauth.judge(&presented);
    judged.unwrap_or_else(|| Judged::plainly(Authorization::Wrong))
}

fn seen(org: &Org, request: &Request, authorization: Authorization) -> SeenRequest {
    let header = |name: HeaderName| {
        request
            .headers()
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into())
    };
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let given = |name: &str| {
        let query = request.uri().query().unwrap_or_default().as_bytes();
        url::form_urlencoded::parse(query).any(|(known, _)| known == name)
    };
    SeenRequest {
        target: target.to_owned(),
        authorization,
        user_agent: header(USER_AGENT),
        accept_encoding: header(ACCEPT_ENCODING),
        at: org.now(),
        start: match (given("after"), given("since")) {
            (true, _) => StartGiven::After,
            (false, true) => StartGiven::Since,
            (false, false) => StartGiven::Nowhere,
        },
        status: None,
        events: 0,
        page_bytes: 0,
    }
}

impl Exchange {
    async fn log(&mut self) -> Response {
        self.allowance = Some(locked(&self.org.rate).take(Instant::now(), self.org.now()));
        let fault = self.org.faults.next();
        if let Some(response) = self.instead(fault.as_ref()).await {
            return response;
        }
        if self.judged.refusal.is_some() {
            return self.turn_away();
        }
        if self.allowance.is_some_and(|allowance| allowance.exceeded) {
            return self.refuse(&Refusal::new(429, "E0000047"));
        }
        if self.org.config.latency > Duration::ZERO {
            tokio::time::sleep(self.org.config.latency).await;
        }
        let page = match Query::parse(&self.query, self.org.now()) {
            Ok(query) => self.page(&query, fault).await,
            Err(refusal) => Err(refusal),
        };
        page.unwrap_or_else(|refusal| self.refuse(&refusal))
    }

    /// The token endpoint.
    async fn token(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let form = axum::body::to_bytes(body, MAX_FORM).await;
        let form = form.unwrap_or_default();
        let fault = self.org.oauth.faults.next();
        if let Some(response) = self.instead(fault.as_ref()).await {
            let status = response.status().as_u16();
            self.org.oauth.note(&parts.headers, &form, status, None);
            return response;
        }
        let (base, now) = (&self.org.base, self.org.now());
        let oauth = &self.org.oauth;
        let TokenAnswer {
            status,
            body,
            nonce,
        } = oauth.token(base, &parts.method, &parts.headers, &form, now);
        let mut response = self.respond(status, JSON, body.into(), &[]);
        if let Some(nonce) = nonce {
            set(response.headers_mut(), DPOP_NONCE, &nonce);
        }
        response
    }

    /// The answer to a token or a proof that is not good enough.
    fn turn_away(&self) -> Response {
        let refusal = self.judged.refusal.clone();
        let refusal = refusal.unwrap_or_else(|| Refusal::new(401, "E0000011"));
        let mut response = self.refuse(&refusal);
        if let Some(challenge) = &self.judged.challenge {
            set(response.headers_mut(), WWW_AUTHENTICATE, challenge);
        }
        if let Some(nonce) = &self.judged.nonce {
            set(response.headers_mut(), DPOP_NONCE, nonce);
        }
        response
    }

    /// The answer of a fault that leaves no room for a page.
    async fn instead(&self, fault: Option<&Fault>) -> Option<Response> {
        match fault? {
            Fault::Status {
                status,
                code,
                headers,
            } => {
                let mut response = self.refuse(&Refusal::of(*status, code));
                for (name, value) in headers {
                    set(response.headers_mut(), HeaderName::from_static(name), value);
                }
                Some(response)
            }
            Fault::RetryAfter(seconds) => {
                let mut response = self.refuse(&Refusal::new(429, "E0000047"));
                set(response.headers_mut(), RETRY_AFTER, &seconds.to_string());
                Some(response)
            }
            Fault::Html(status) => {
                let html = format!("<html><body><h1>{status}</h1>Reference #18.7f</body></html>");
                Some(self.respond(*status, "text/html; charset=utf-8", html.into(), &[]))
            }
            Fault::Redirect(url) => {
                let mut response = self.respond(302, "text/html", Body::empty(), &[]);
                set(response.headers_mut(), LOCATION, url);
                Some(response)
            }
            Fault::ResetBeforeHeaders => {
                self.wire.reset();
                Some(Response::new(Body::empty()))
            }
            Fault::EndlessBody => {
                let events = body::endless(self.org.maker, self.org.stopped.clone());
                Some(self.respond(200, JSON, events, &[]))
            }
            Fault::Stall => {
                let mut stopped = self.org.stopped.clone();
                tokio::select! {
                    () = self.org.faults.stall() => {}
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                }
                None
            }
            Fault::ExpireCursors => {
                locked(&self.org.cursors).expire();
                None
            }
            _ => None,
        }
    }

    async fn page(&self, query: &Query, fault: Option<Fault>) -> Result<Response, Refusal> {
        let gzip = self.org.config.gzip && accepts_gzip(self.seen.accept_encoding.as_deref());
        let mut answer = self.org.answer(query, &self.seen.target, gzip)?;
        let itself = format!("{}{}", self.asked, self.seen.target);
        let host_asked = |link: String| match link.strip_prefix(&self.org.base) {
            Some(target) => format!("{}{target}", self.asked),
            None => link,
        };
        match &fault {
            Some(Fault::EmptyPageWithNext) => {
                answer.entries.clear();
                answer.key = None;
                answer.next = Some(self.org.link(query, answer.here.clone()));
            }
            Some(Fault::NextIsSelf) => answer.next = Some(itself.clone()),
            Some(Fault::NoNext) => answer.next = None,
            Some(Fault::NextElsewhere(url)) => answer.next = Some(url.clone()),
            Some(Fault::NextAt(position)) => {
                answer.next = Some(self.org.link(query, Place::Polling(*position)));
            }
            _ => {}
        }
        let positions: Vec<u64> = answer.entries.iter().map(|entry| entry.position).collect();
        let page = match (
            fault.as_ref().and_then(|fault| damage(fault, query)),
            answer.key,
        ) {
            (Some(damage), _) => Page::of_json(damage(json_array(&answer.entries)), gzip),
            (None, Some(key)) => {
                let page = self.org.ready.page(key.clone(), answer.entries).await;
                let last = positions.iter().max().copied().unwrap_or_default();
                self.org.prepare_after(key, last + 1);
                page
            }
            (None, None) => render_aside(answer.entries, gzip).await,
        };
        let length = page.body.len();
        self.org.journal.sent_page(self.line, length as u64);
        let sent = match &fault {
            Some(Fault::ResetMidBody) => body::reset_half_way(page.body, self.wire.clone()),
            Some(Fault::SlowBody { chunk, delay }) => body::slow(page.body, *chunk, *delay),
            _ => Body::from(page.body),
        };
        let mut response = self.respond(200, JSON, sent, &positions);
        let headers = response.headers_mut();
        set(headers, CONTENT_LENGTH, &length.to_string());
        if page.gzip {
            set(headers, CONTENT_ENCODING, "gzip");
        }
        if let Some(Fault::Link(value)) = &fault {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(LINK, value);
            }
            return Ok(response);
        }
        add_link(headers, &itself, "self");
        if let Some(next) = answer.next {
            add_link(headers, &host_asked(next), "next");
        }
        Ok(response)
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        let body = refusal.body(self.org.number_answer());
        self.respond(refusal.status, JSON, body.into(), &[])
    }

    /// An answer with the headers that all of them have; its line in the journal is complete.
    fn respond(&self, status: u16, kind: &str, body: Body, positions: &[u64]) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        let headers = response.headers_mut();
        set(headers, CONTENT_TYPE, kind);
        set(
            headers,
            DATE,
            &self
                .org
                .now()
                .format("%a, %d %b %Y %H:%M:%S GMT")
                .to_string(),
        );
        let id = format!("sandbox{:020}", self.org.number_answer());
        set(headers, HeaderName::from_static("x-okta-request-id"), &id);
        if let Some(Allowance {
            limit,
            remaining,
            reset,
            ..
        }) = self.allowance
        {
            let mut rate = |name, value: &str| set(headers, HeaderName::from_static(name), value);
            rate("x-rate-limit-limit", &limit.to_string());
            rate("x-rate-limit-remaining", &remaining.to_string());
            rate("x-rate-limit-reset", &reset.to_string());
        }
        self.org.journal.answered(self.line, status, positions);
        response
    }
}

fn accepts_gzip(accepted: Option<&str>) -> bool {
    accepted.unwrap_or_default().split(',').any(|encoding| {
        let (name, quality) = encoding.split_once(';').unwrap_or((encoding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && quality.trim() != "q=0"
    })
}

type Damage = Box<dyn FnOnce(Vec<u8>) -> Vec<u8> + Send>;

/// What a fault does to the text of a page.
fn damage(fault: &Fault, query: &Query) -> Option<Damage> {
    match fault {
        Fault::Body(bytes) => {
            let bytes = bytes.clone();
            Some(Box::new(move |_| bytes))
        }
        Fault::CutBody => Some(Box::new(body::cut)),
        Fault::BadJson => Some(Box::new(body::bare_word)),
        Fault::NotAnArray => Some(Box::new(body::in_an_object)),
        &Fault::Oversize(bytes) if query.limit > 1 => {
            Some(Box::new(move |json| body::padded(json, bytes)))
        }
        _ => None,
    }
}

fn add_link(headers: &mut HeaderMap, url: &str, relation: &str) {
    if let Ok(value) = HeaderValue::from_str(&format!("<{url}>; rel=\"{relation}\"")) {
        headers.append(LINK, value);
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
