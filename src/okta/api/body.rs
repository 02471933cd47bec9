//! Bodies of answers, read up to a cap.

use reqwest::Response;

use crate::okta::api::inflate::{Inflate, ReadOutcome};

/// Most of an error's body that is read, in bytes.
const MAX_ERROR_BYTES: usize = 64_000;

/// Appends a body to `body`, inflated if it is compressed, up to `most` bytes in all.
pub(crate) async fn read(
    mut response: Response,
    body: &mut Vec<u8>,
    most: usize,
) -> reqwest::Result<ReadOutcome> {
    let mut inflate = Inflate::of(response.headers());
    while let Some(chunk) = response.chunk().await? {
        let outcome = match &mut inflate {
            Some(inflate) => inflate.push(&chunk, body, most),
            None if body.len() + chunk.len() > most => ReadOutcome::TooLarge,
            None => {
                body.extend_from_slice(&chunk);
                ReadOutcome::Complete
            }
        };
        if outcome != ReadOutcome::Complete {
            return Ok(outcome);
        }
    }
    Ok(match inflate {
        Some(inflate) if !inflate.is_complete() => ReadOutcome::Damaged,
        _ => ReadOutcome::Complete,
    })
}

/// Reads what there is of an error's body: what cannot be read of it does not change what the
/// status says.
pub(crate) async fn read_error(response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let _ = read(response, &mut body, MAX_ERROR_BYTES).await;
    body
}
