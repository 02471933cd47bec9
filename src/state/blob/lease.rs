//! The right to write, renewed in the background for as long as it is kept.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::Etag;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::blobs::Blobs;
use super::container::{LEASE, Write};
use super::failure::Reason;
use crate::state::checkpoint::Checkpoint;
use crate::state::store::{StateLease, StoreError};
use crate::state::writer_state::{RECENT_IDS, WriterState};

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
            Ok(Err(refused)) if refused.reason == Reason::Failed && Instant::now() < held_until => {
                pause = every / 5;
            }
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
    pub(super) state: WriterState,
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
        self.check()?;
        let renewed = self.blobs.container.renew(&self.blobs.cursor, &self.lease);
        match renewed.await {
            Err(refused) if refused.reason != Reason::Failed => Err(self.lost()),
            renewed => Ok(renewed?),
        }
    }
}

#[async_trait]
impl StateLease for BlobLease {
    fn saved(&self) -> Option<&Checkpoint> {
        self.state.saved()
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.renewal.is_lost() {
            true => Err(self.lost()),
            false => Ok(()),
        }
    }

    async fn save(&mut self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        let (blobs, place) = (Arc::clone(&self.blobs), self.blobs.cursor_place());
        loop {
            self.check()?;
            let draft = self.state.draft(&place, &checkpoint)?;
            let write = Write::Leased {
                lease: &self.lease,
                over: &self.version,
            };
            let put = blobs.container.put(&blobs.cursor, draft.clone(), write);
            let (holds, version) = match put.await {
                Ok(version) => (draft.clone(), version),
                Err(refused) if refused.reason == Reason::Overtaken => {
                    match blobs.container.get(&blobs.cursor).await {
                        Err(refused) if refused.is_missing() => return Err(self.lost()),
                        found => found?,
                    }
                }
                Err(refused) => return Err(refused.into()),
            };
            if !self.state.settle(&holds) {
                return Err(self.lost());
            }
            self.version = version;
            if holds == draft {
                return Ok(());
            }
        }
    }

    async fn mark_moved(&mut self, to: &str) -> Result<(), StoreError> {
        self.check()?;
        let (lease, over) = (&self.lease, &self.version);
        let (mark, write) = (self.state.moved(to), Write::Leased { lease, over });
        let container = &self.blobs.container;
        match container.put(&self.blobs.cursor, mark, write).await {
            Err(refused) if refused.reason == Reason::Overtaken => Err(self.lost()),
            marked => {
                self.version = marked?;
                Ok(())
            }
        }
    }

    async fn recent_ids(&self) -> Result<Vec<u8>, StoreError> {
        let found = self.blobs.find(&self.blobs.blob(RECENT_IDS)).await?;
        Ok(found.unwrap_or_default())
    }

    async fn save_recent_ids(&mut self, ids: Vec<u8>) -> Result<(), StoreError> {
        self.confirm().await?;
        self.blobs.keep(&self.blobs.blob(RECENT_IDS), ids).await
    }

    async fn keep_dead_letter(&mut self, name: &str, body: Vec<u8>) -> Result<(), StoreError> {
        let blob = self.blobs.dead_letter(name)?;
        self.blobs.keep(&blob, body).await
    }

    async fn remove_dead_letter(&mut self, name: &str) -> Result<(), StoreError> {
        let blob = self.blobs.dead_letter(name)?;
        self.confirm().await?;
        match self.blobs.container.delete(&blob).await {
            Err(refused) if !refused.is_missing() => Err(refused.into()),
            _ => Ok(()),
        }
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        let blobs = Arc::clone(&self.blobs);
        let lease = self.lease.clone();
        // Renews no more.
        drop(self);
        match blobs.container.release_lease(&blobs.cursor, &lease).await {
            Err(refused) if refused.reason == Reason::Failed => Err(refused.into()),
            // Somebody else has it: there is nothing to give back.
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    use crate::okta::log::cursor::Cursor;
    use crate::state::account::{BlobAccount, BlobCredential};
    use crate::state::blob::BlobStore;
    use crate::state::checkpoint::{FORMAT, Lane, Place};
    use chrono::DateTime;
    use sandbox::azurite::{ACCOUNT, Azurite, KEY};

    const SOON: Duration = Duration::from_millis(20);

    fn store(azurite: &Azurite, org: &str) -> BlobStore {
        let credential = BlobCredential::SharedKey {
            account: ACCOUNT.to_owned(),
            key: KEY.to_owned().into(),
        };
        let endpoint = azurite.endpoint().clone();
        BlobStore::new(
            &BlobAccount {
                endpoint,
                credential,
            },
            org,
        )
        .unwrap()
    }

    async fn leased(azurite: &Azurite, org: &str, every: Duration) -> BlobLease {
        let blobs = store(azurite, org).blobs;
        let (lease, held_until) = blobs.lease().await.unwrap();
        let (state, version) = blobs.writer_state(false).await.unwrap();
        let renewal = Renewal::start(Arc::clone(&blobs), lease.clone(), held_until, every);
        BlobLease {
            blobs,
            lease,
            version,
            state,
            renewal,
        }
    }

    fn checkpoint(after: &str) -> Checkpoint {
        let next = format!("https://acme.okta.com/api/v1/logs?after={after}");
        Checkpoint {
            version: FORMAT,
            sequence: 0,
            place: Place::of_one_lane(Lane::begin(
                Cursor::new(next.parse().unwrap()),
                DateTime::UNIX_EPOCH,
            )),
            filter: None,
            saved_at: "2026-11-21T12:05:01Z".parse().unwrap(),
        }
    }

    /// Writes as a save whose answer never came back.
    async fn write_unanswered(lease: &mut BlobLease, checkpoint: &Checkpoint) {
        let draft = lease.state.draft("p", checkpoint).unwrap();
        let write = Write::Leased {
            lease: &lease.lease,
            over: &lease.version,
        };
        lease
            .blobs
            .container
            .put(&lease.blobs.cursor, draft, write)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_list_longer_than_one_answer_is_read_to_its_end() {
        let azurite = Azurite::shared().await.unwrap();
        let mut lease = leased(azurite, "listed", RENEWED_EVERY).await;
        let names = ["1.json", "2.json", "3.json", "4.json", "5.json"];
        for name in names {
            lease.keep_dead_letter(name, b"{}".to_vec()).await.unwrap();
        }
        for at_once in [1, 2, 5, 6] {
            let listed = lease.blobs.dead_letter_names(at_once).await.unwrap();
            assert_eq!(listed, names, "{at_once} at once");
        }
    }

    #[tokio::test]
    async fn a_save_whose_answer_was_lost_is_found_written() {
        let azurite = Azurite::shared().await.unwrap();
        let mut lease = leased(azurite, "lost-answer", RENEWED_EVERY).await;
        write_unanswered(&mut lease, &checkpoint("1")).await;
        lease.save(checkpoint("1")).await.unwrap();
        assert_eq!(lease.saved().unwrap().sequence, 1);
        lease.save(checkpoint("2")).await.unwrap();
        assert_eq!(lease.saved().unwrap().sequence, 2);
    }

    #[tokio::test]
    async fn a_save_goes_on_from_an_earlier_one_whose_answer_was_lost() {
        let azurite = Azurite::shared().await.unwrap();
        let mut lease = leased(azurite, "lost-earlier", RENEWED_EVERY).await;
        write_unanswered(&mut lease, &checkpoint("1")).await;
        lease.save(checkpoint("2")).await.unwrap();
        assert_eq!(lease.saved().unwrap().sequence, 2);
        assert_eq!(
            lease.saved().unwrap().place.main.cursor,
            checkpoint("2").place.main.cursor
        );
    }

    #[tokio::test]
    async fn a_document_that_another_wrote_under_the_same_lease_is_not_replaced() {
        let azurite = Azurite::shared().await.unwrap();
        let mut lease = leased(azurite, "moved-on", RENEWED_EVERY).await;
        let theirs = Bytes::from_static(b"{\"by\": \"hand\"}");
        let (blobs, write) = (
            Arc::clone(&lease.blobs),
            Write::Leased {
                lease: &lease.lease,
                over: &lease.version,
            },
        );
        blobs
            .container
            .put(&blobs.cursor, theirs.clone(), write)
            .await
            .unwrap();
        let refused = lease.save(checkpoint("1")).await;
        assert!(
            matches!(refused, Err(StoreError::Lost { .. })),
            "{refused:?}"
        );
        assert_eq!(blobs.container.get(&blobs.cursor).await.unwrap().0, theirs);
    }

    #[tokio::test]
    async fn a_lease_taken_away_is_noticed_and_refused_without_asking_again() {
        let azurite = Azurite::start().await.unwrap();
        let mut lease = leased(&azurite, "taken", SOON).await;
        lease
            .blobs
            .container
            .release_lease(&lease.blobs.cursor, &lease.lease)
            .await
            .unwrap();
        lease.renewal.lost.cancelled().await;
        drop(azurite);
        let refused = lease.save(checkpoint("1")).await;
        assert!(
            matches!(refused, Err(StoreError::Lost { .. })),
            "{refused:?}"
        );
        let refused = lease.save_recent_ids(vec![0; 16]).await;
        assert!(
            matches!(refused, Err(StoreError::Lost { .. })),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn a_lease_that_cannot_be_renewed_in_time_counts_as_lost() {
        let azurite = Azurite::start().await.unwrap();
        let blobs = store(&azurite, "gone").blobs;
        drop(azurite);
        let held_until = Instant::now() + SOON * 10;
        let renewal = Renewal::start(blobs, "7b1e".to_owned(), held_until, SOON);
        renewal.lost.cancelled().await;
        assert!(Instant::now() >= held_until);
    }

    #[tokio::test]
    async fn a_renewed_lease_outlives_its_first_end() {
        let azurite = Azurite::shared().await.unwrap();
        let blobs = store(azurite, "renewed").blobs;
        let (lease, _) = blobs.lease().await.unwrap();
        let first_end = Instant::now() + SOON * 100;
        let renewal = Renewal::start(blobs, lease, first_end, SOON);
        let lost = timeout_at(first_end + SOON * 10, renewal.lost.cancelled()).await;
        assert!(lost.is_err(), "it was renewed");
    }

    #[tokio::test]
    async fn renewal_ends_with_its_lease() {
        let azurite = Azurite::shared().await.unwrap();
        let lease = leased(azurite, "dropped", SOON).await;
        let blobs = Arc::clone(&lease.blobs);
        drop(lease);
        while Arc::strong_count(&blobs) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
