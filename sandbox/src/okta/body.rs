//! Bodies of faults: slow, cut, endless, oversized.

use std::io;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use chrono::DateTime;
use futures_util::stream;
use tokio::sync::watch;

use super::events::EventMaker;
use super::wire::Wire;

/// Events in one piece of an endless body.
const PIECE: u64 = 16;

/// The first half, then a TCP reset.
pub(super) fn reset_half_way(mut body: Bytes, wire: Wire) -> Body {
    let half = body.split_to(body.len() / 2);
    let out = wire.sent() + half.len() as u64;
    Body::from_stream(stream::unfold(Some(half), move |half| {
        let wire = wire.clone();
        async move {
            if let Some(half) = half {
                return Some((Ok(half), None));
            }
            // What the kernel has not taken yet would be lost with the reset, headers included.
            wire.sent_at_least(out).await;
            wire.reset();
            Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), None))
        }
    }))
}

/// Piece by piece.
pub(super) fn slow(body: Bytes, chunk: usize, delay: Duration) -> Body {
    Body::from_stream(stream::unfold(body, move |mut left| async move {
        if left.is_empty() {
            return None;
        }
        tokio::time::sleep(delay).await;
        let piece = left.split_to(chunk.clamp(1, left.len()));
        Some((Ok::<_, io::Error>(piece), left))
    }))
}

/// An array of events that goes on until the client or the org is gone.
pub(super) fn endless(maker: EventMaker, stopped: watch::Receiver<bool>) -> Body {
    Body::from_stream(stream::unfold(0, move |number| {
        let stopped = *stopped.borrow();
        async move {
            if stopped {
                return None;
            }
            let mut piece = Vec::new();
            for number in number..number + PIECE {
                piece.push(if number == 0 { b'[' } else { b',' });
                maker.write(number, DateTime::UNIX_EPOCH, &mut piece);
            }
            Some((Ok::<_, io::Error>(Bytes::from(piece)), number + PIECE))
        }
    }))
}

/// The first half of the text.
pub(super) fn cut(mut json: Vec<u8>) -> Vec<u8> {
    json.truncate(json.len() / 2);
    json
}

/// A bare word before the first event.
pub(super) fn bare_word(json: Vec<u8>) -> Vec<u8> {
    [b"[oops", json.get(1..).unwrap_or_default()].concat()
}

/// An object around the array.
pub(super) fn in_an_object(json: Vec<u8>) -> Vec<u8> {
    [b"{\"events\":", json.as_slice(), b"}"].concat()
}

/// More than `bytes` bytes of the same JSON.
pub(super) fn padded(mut json: Vec<u8>, bytes: usize) -> Vec<u8> {
    let last = json.pop();
    json.resize(json.len().max(bytes), b' ');
    json.extend(last);
    json
}
