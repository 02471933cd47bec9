//! The documents of a move: copied to the new place, and removed from the old one.

use std::collections::HashSet;

use chrono::Utc;
use okta_rows::EventId;

use crate::okta::api::domain::OktaDomain;
use crate::state::checkpoint::Checkpoint;
use crate::state::dead_letter::DeadLetter;
use crate::state::recent_ids::RecentIds;
use crate::state::store::{StateLease, StateStore, StoreError};

/// Copies all there is to the new place, the cursor last.
pub(super) async fn copy(
    from: &dyn StateStore,
    new_host: &OktaDomain,
    old: &dyn StateLease,
    new: &mut dyn StateLease,
    checkpoint: Checkpoint,
) -> Result<usize, StoreError> {
    let names = from.dead_letters().await?;
    for name in &names {
        if let Some(document) = from.dead_letter(name).await? {
            new.keep_dead_letter(name, under_new_host(document, new_host))
                .await?;
        }
    }
    let ids = merged(old.recent_ids().await?, &new.recent_ids().await?);
    new.save_recent_ids(ids).await?;
    new.save(checkpoint).await?;
    Ok(names.len())
}

/// Removes what was copied, and gives the lease back.
pub(super) async fn remove_copies(
    from: &dyn StateStore,
    mut old: Box<dyn StateLease>,
) -> Result<(), StoreError> {
    for name in from.dead_letters().await? {
        old.remove_dead_letter(&name).await?;
    }
    if !old.recent_ids().await?.is_empty() {
        old.save_recent_ids(Vec::new()).await?;
    }
    old.release().await
}

/// A note about an event that could not be read holds a request: it goes to the new host. What is no
/// dead letter stays as it is.
fn under_new_host(document: Vec<u8>, new: &OktaDomain) -> Vec<u8> {
    let letter = DeadLetter::read(&document).ok();
    let moved = letter.and_then(|letter| letter.under(new));
    moved.map_or(document, |letter| letter.to_bytes())
}

/// The recent ids of both places. The new host's runs may have shipped some events, too.
fn merged(old: Vec<u8>, new: &[u8]) -> Vec<u8> {
    let of_new = RecentIds::from_bytes(new).unwrap_or_default();
    let Ok(mut ids) = RecentIds::from_bytes(&old) else {
        return old;
    };
    let known: HashSet<EventId> = ids.iter().collect();
    let more: Vec<EventId> = of_new.iter().filter(|id| !known.contains(id)).collect();
    match more.is_empty() {
        true => old,
        false => {
            ids.extend(more, Utc::now());
            ids.to_bytes()
        }
    }
}
