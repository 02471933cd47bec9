//! The bodies that the host posts, and what comes back to the caller.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::Outcome;

/// One invocation, over.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The function that was invoked.
    pub function: String,
    /// The id in `X-Azure-Functions-InvocationId`.
    pub id: String,
    /// How it ended by the host's rules.
    pub outcome: Outcome,
    /// The status of the answer, when there was one.
    pub status: Option<u16>,
    /// The body of the answer. The host throws that of a failure away; tests may look.
    pub body: Bytes,
    /// From the call to its end, the host's waiting for the handler included.
    pub duration: Duration,
}

impl Invocation {
    /// Whether the host counts it as a success.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        matches!(self.outcome, Outcome::Succeeded { .. })
    }

    /// The lines for the function's log; none unless it succeeded.
    #[must_use]
    pub fn logs(&self) -> &[String] {
        match &self.outcome {
            Outcome::Succeeded { logs, .. } => logs,
            _ => &[],
        }
    }
}

/// What a timer's body says about the runs before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LastRun {
    /// A run one minute ago.
    #[default]
    Known,
    /// No status at all (`null`): no monitor, or more than one run a minute.
    NotMonitored,
    /// The first run: `0001-01-01T00:00:00+00:00`.
    NeverWithOffset,
    /// The first run: `0001-01-01T00:00:00`.
    NeverWithoutOffset,
}

/// The retry context of a function with a retry policy.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Retry {
    /// 0 on the first attempt.
    pub count: u32,
    /// As in `function.json`.
    pub max: u32,
    /// Bytes of the serialized exception of the attempt before; 0 sends `null`.
    pub exception_bytes: usize,
}

/// One firing of a timer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TimerFiring {
    /// The scheduled time was missed.
    pub past_due: bool,
    /// What the body says about earlier runs.
    pub last_run: LastRun,
    /// The retry context, for a function with a retry policy.
    pub retry: Option<Retry>,
}

/// One call of an HTTP function.
#[derive(Clone, Debug, Default)]
pub struct HttpCall {
    /// The method; `POST` when empty.
    pub method: String,
    /// Path and query after the host's name, such as `/api/OktaContain?code=x`.
    pub path: String,
    /// Headers under the names sent.
    pub headers: BTreeMap<String, String>,
    /// The body as text; none when the client sent no `Content-Length`.
    pub body: Option<String>,
    /// Route parameters.
    pub params: BTreeMap<String, String>,
}

// The order of keys on the wire is that of the fields here; it is the host's.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a, D> {
    data: BTreeMap<&'a str, D>,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    sys: Sys<'a>,
    #[serde(rename = "RetryContext", skip_serializing_if = "Option::is_none")]
    retry_context: Option<RetryContext>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Sys<'a> {
    method_name: &'a str,
    utc_now: String,
    rand_guid: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RetryContext {
    retry_count: u32,
    max_retry_count: u32,
    instance: Option<()>,
    exception: Option<Value>,
    state: BTreeMap<(), ()>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TimerInfo {
    schedule: Schedule,
    schedule_status: Option<ScheduleStatus>,
    is_past_due: bool,
}

#[derive(Serialize)]
struct Schedule {
    #[serde(rename = "AdjustForDST")]
    adjust_for_dst: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ScheduleStatus {
    last: String,
    next: String,
    last_updated: String,
}

pub(super) fn timer_body(function: &str, binding: &str, firing: &TimerFiring) -> Vec<u8> {
    let now = Utc::now();
    let info = TimerInfo {
        schedule: Schedule {
            adjust_for_dst: true,
        },
        schedule_status: schedule_status(firing.last_run, now),
        is_past_due: firing.past_due,
    };
    let retry_context = firing.retry.as_ref().map(|retry| RetryContext {
        retry_count: retry.count,
        max_retry_count: retry.max,
        instance: None,
        exception: (retry.exception_bytes > 0).then(|| exception(retry.exception_bytes)),
        state: BTreeMap::new(),
    });
    envelope(function, binding, info, retry_context, now)
}

pub(super) fn http_body(function: &str, binding: &str, call: &HttpCall) -> Vec<u8> {
    let path = if call.path.is_empty() {
        format!("/api/{function}")
    } else {
        call.path.clone()
    };
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let query: BTreeMap<_, _> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let headers: BTreeMap<_, _> = call
        .headers
        .iter()
        .map(|(name, value)| (name, [value]))
        .collect();
    let mut request = json!({
        "Url": format!("https://localhost{path}"),
        "Method": if call.method.is_empty() { "POST" } else { &call.method },
        "Query": query,
        "Headers": headers,
        "Params": call.params,
        "Identities": [],
    });
    if let (Some(request), Some(body)) = (request.as_object_mut(), &call.body) {
        request.insert("Body".to_owned(), body.as_str().into());
    }
    envelope(function, binding, request, None, Utc::now())
}

fn envelope<D: Serialize>(
    function: &str,
    binding: &str,
    data: D,
    retry_context: Option<RetryContext>,
    now: DateTime<Utc>,
) -> Vec<u8> {
    let sys = Sys {
        method_name: function,
        utc_now: ticks(now) + "Z",
        rand_guid: random_guid(),
    };
    let envelope = Envelope {
        data: BTreeMap::from([(binding, data)]),
        metadata: Metadata { sys, retry_context },
    };
    // Cannot fail: strings, numbers and maps with text keys.
    serde_json::to_vec(&envelope).unwrap_or_default()
}

fn schedule_status(last_run: LastRun, now: DateTime<Utc>) -> Option<ScheduleStatus> {
    let last = match last_run {
        LastRun::Known => ticks(now - TimeDelta::minutes(1)) + "+00:00",
        LastRun::NotMonitored => return None,
        LastRun::NeverWithOffset => "0001-01-01T00:00:00+00:00".to_owned(),
        LastRun::NeverWithoutOffset => "0001-01-01T00:00:00".to_owned(),
    };
    let next = now.format("%Y-%m-%dT%H:%M:00+00:00").to_string();
    Some(ScheduleStatus {
        last_updated: last.clone(),
        last,
        next,
    })
}

/// .NET's round-trip format: seven digits of a second, no offset.
fn ticks(time: DateTime<Utc>) -> String {
    format!(
        "{}.{:07}",
        time.format("%Y-%m-%dT%H:%M:%S"),
        time.timestamp_subsec_nanos() / 100
    )
}

fn exception(bytes: usize) -> Value {
    let frame = "   at Microsoft.Azure.WebJobs.Script.Workers.HttpWorker.InvokeAsync()\r\n";
    json!({
        "ClassName": "System.Net.Http.HttpRequestException",
        "Message": "Response status code does not indicate success: 500 (Internal Server Error).",
        "InnerException": null,
        "StackTraceString": frame.repeat(bytes.div_ceil(frame.len())),
    })
}

/// A version 4 GUID; as random as the standard library's hash keys.
pub(super) fn random_guid() -> String {
    let random = || RandomState::new().build_hasher().finish();
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48) & 0x3fff,
        low & 0xffff_ffff_ffff
    )
}
