//! What a request asks of a service.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;

use super::http::Request;
use super::odd::Call;
use super::plain_id::plain_id;

/// The ids of the rows of a post, in lower case.
pub(super) fn posted_ids(request: &Request) -> Vec<String> {
    let mut plain = Vec::new();
    match request.header("content-encoding") {
        Some(_) => {
            let mut inflated = MultiGzDecoder::new(request.body.as_slice()).take(32 << 20);
            // What cannot be inflated has no ids.
            let _ = inflated.read_to_end(&mut plain);
        }
        None => plain.clone_from(&request.body),
    }
    let rows: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_slice(&plain).unwrap_or_default();
    let id = |row: &serde_json::Map<String, serde_json::Value>| {
        let names = ["uuid", "uuid_g", "uuid_s"];
        let value = names.iter().find_map(|name| row.get(*name))?;
        value.as_str().map(plain_id)
    };
    rows.iter().filter_map(id).collect()
}

pub(super) fn storage_call(request: &Request) -> Call {
    let action = request.header("x-ms-lease-action").unwrap_or_default();
    match (request.method.as_str(), action.as_str()) {
        (_, "acquire") => Call::AcquireLease,
        (_, "renew") => Call::RenewLease,
        (_, "release" | "break" | "change") => Call::ReleaseLease,
        ("PUT", _) if request.asks("restype=container") => Call::CreateContainer,
        ("PUT", _) if request.path().ends_with("/cursor.json") => Call::SaveCursor,
        ("PUT", _) => Call::SaveOther,
        ("GET" | "HEAD", _) if request.asks("comp=list") => Call::List,
        ("GET" | "HEAD", _) => Call::Read,
        _ => Call::Other,
    }
}
