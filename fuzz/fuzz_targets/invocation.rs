//! What the Functions host posts: a timer is late only if its envelope says so.
#![no_main]

use http::{HeaderMap, HeaderValue};
use okta_sentinel::host::invocation::{TimerPayload, id};
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    if let Ok(payload) = TimerPayload::read(body)
        && payload.is_past_due()
        && let Ok(envelope) = serde_json::from_slice::<Value>(body)
    {
        assert_eq!(
            envelope.pointer("/Data/timer/IsPastDue"),
            Some(&Value::Bool(true))
        );
    }
    if let Ok(value) = HeaderValue::from_bytes(body) {
        let mut headers = HeaderMap::new();
        headers.insert("x-azure-functions-invocationid", value);
        let id = id(&headers);
        assert!((1..=64).contains(&id.chars().count()), "{id:?}");
    }
});
