//! The right to write, renewed in the background for as long as it is kept.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::Etag;
use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Blobs;
use super::container::{LEASE, Write};
use super::failure::Refusal;
use crate::checkpoint::document::{Ledger, Verdict, check_name};
use crate::checkpoint::{Checkpoint, CheckpointLease, StoreError};

/// Two renewals may fail before the lease runs out.
pub(super) const RENEWED_EVERY: Duration = Duration::from_secs(10);

/// Renews a lease until it is dropped, or the lease is lost.
#[derive(Debug)]
pub(super) struct Renewal {
    lost: CancellationToken,
    task: JoinHandle<()>,
}

impl Renewal {
    /// `held_until` is when the lease runs out if it is never renewed.
    pub(super) fn start(
        blobs: Arc<Blobs>,
        lease: String,
        held_until: Instant,
        every: Duration,
    ) -> Renewal {
        let lost = CancellationToken::new();
        let task = tokio::spawn(renew(blobs, lease, held_until, every, lost.clone()));
        Renewal { lost, task }
    }

    fn is_lost(&self) -> bool {
        self.lost.is_cancelled()
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn renew(
    blobs: Arc<Blobs>,
    lease: String,
    mut held_until: Instant,
    every: Duration,
    lost: CancellationToken,
) {
    let mut pause = every;
    loop {
        sleep(pause).await;
        let asked = Instant::now();
        match timeout_at(held_until, blobs.container.renew(&blobs.cursor, &lease)).await {
            Ok(Ok(())) => {
                held_until = asked + LEASE;
                pause = every;
            }
            // Storage may be back before the lease runs out.
            Ok(Err(Refusal::Failed(_))) if Instant::now() < held_until => pause = every / 5,
            Ok(Err(_)) | Err(_) => {
                lost.cancel();
                return;
            }
        }
    }
}

/// The only writer of one org's blobs.
pub(super) struct BlobLease {
    pub(super) blobs: Arc<Blobs>,
    pub(super) lease: String,
    /// The version of `cursor.json` that the next save replaces.
    pub(super) version: Etag,
    pub(super) ledger: Ledger,
    pub(super) renewal: Renewal,
}

impl BlobLease {
    fn lost(&self) -> StoreError {
        self.renewal.lost.cancel();
        StoreError::Lost {
            place: self.blobs.cursor_place(),
        }
    }

    /// Asks storage itself whether the lease is still ours: for the blobs that have none.
    async fn confirm(&self) -> Result<(), StoreError> {
        if self.renewal.is_lost() {
            return Err(self.lost());
        }
        match self
            .blobs
            .container
            .renew(&self.blobs.cursor, &self.lease)
            .await
        {
            Ok(()) => Ok(()),
            Err(Refusal::Failed(failed)) => Err(failed),
            Err(_) => Err(self.lost()),
        }
    }
}

#[async_trait]
impl CheckpointLease for BlobLease {
    fn saved(&self) -> Option<&Checkpoint> {
        self.ledger.saved()
    }

    async fn save(&mut self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        let place = self.blobs.cursor_place();
        loop {
            if self.renewal.is_lost() {
                return Err(self.lost());
            }
            let draft = self.ledger.draft(&place, &checkpoint)?;
            let write = Write::Leased {
                lease: &self.lease,
                over: &self.version,
            };
            let bytes = Bytes::copy_from_slice(draft.bytes());
            match self
                .blobs
                .container
                .put(&self.blobs.cursor, bytes, write)
                .await
            {
                Ok(version) => {
                    self.version = version;
                    self.ledger.settle(draft);
                    return Ok(());
                }
                Err(Refusal::Overtaken) => {}
                Err(refused) => return Err(refused.into_error(&place)),
            }
            let there = self.blobs.container.get(&self.blobs.cursor).await;
            let (holds, version) = match there {
                Ok(found) => found,
                Err(Refusal::NoBlob | Refusal::NoContainer) => return Err(self.lost()),
                Err(refused) => return Err(refused.into_error(&place)),
            };
            let (known, done) = match self.ledger.judge(&draft, &holds) {
                Verdict::Written(known) => (known, true),
                Verdict::Behind(known) => (known, false),
                Verdict::Overtaken => return Err(self.lost()),
            };
            self.version = version;
            self.ledger.settle(known);
            if done {
                return Ok(());
            }
        }
    }

    async fn recent_ids(&self) -> Result<Vec<u8>, StoreError> {
        let blob = &self.blobs.recent_ids;
        match self.blobs.container.get(blob).await {
            Ok((ids, _)) => Ok(ids.into()),
            Err(Refusal::NoBlob) => Ok(Vec::new()),
            Err(refused) => Err(refused.into_error(&self.blobs.container.place_of_blob(blob))),
        }
    }

    async fn save_recent_ids(&mut self, ids: Vec<u8>) -> Result<(), StoreError> {
        self.confirm().await?;
        self.blobs.keep(&self.blobs.recent_ids, ids).await
    }

    async fn keep_dead_letter(&mut self, name: &str, body: Vec<u8>) -> Result<(), StoreError> {
        let blob = format!("{}/{name}", self.blobs.dead_letters);
        check_name(
            &self.blobs.container.place_of_blob(&self.blobs.dead_letters),
            name,
        )?;
        self.blobs.keep(&blob, body).await
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        let BlobLease {
            blobs,
            lease,
            renewal,
            ..
        } = *self;
        drop(renewal);
        match blobs.container.give_back(&blobs.cursor, &lease).await {
            // Somebody else has it: there is nothing to give back.
            Ok(()) | Err(Refusal::Overtaken | Refusal::NoBlob | Refusal::NoContainer) => Ok(()),
            Err(refused) => Err(refused.into_error(&blobs.cursor_place())),
        }
    }
}
