//! Checkpoints in Blob storage: container `okta-sentinel`, one folder per org.
//!
//! The lease is on `cursor.json` itself, so that storage refuses the writes of a run that lost it,
//! and every write of it names the version it replaces. Documents of ids have no lease of their
//! own: storage is asked for the cursor's before one is written. Dead letters need none: each has a
//! name of its own.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::Uuid;
use bytes::Bytes;
use tokio::time::Instant;

use self::container::{Container, LEASE, Write};
use self::failure::Refusal;
use self::lease::{BlobLease, RENEWED_EVERY, Renewal};
use super::account::BlobAccount;
use super::store::{StateLease, StateStore, StoreError};
use super::writer_state::{
    CURSOR, DEAD_LETTERS, NOTHING_YET, QUARANTINED, RECENT_IDS, WriterState, check_name,
};

mod container;
mod failure;
mod lease;
mod shared_key;

/// What is missing at first: the container, then the blob. The rest is for somebody who deletes.
const TRIES: usize = 4;

/// Names in one answer to a list; more than that is refused.
const MOST_LISTED: i32 = 5_000;

/// A storage account that keeps the checkpoints of one org.
#[derive(Clone, Debug)]
pub struct BlobStore {
    blobs: Arc<Blobs>,
}

impl BlobStore {
    /// Keeps the state of `org` (its host) in `account`. Sends nothing yet.
    ///
    /// # Errors
    /// When the account cannot be used as it is written: a key that is not base64, an identity's
    /// token over plain http.
    pub fn new(account: &BlobAccount, org: &str) -> Result<BlobStore, StoreError> {
        let container = Container::new(account)?;
        let org = org.to_ascii_lowercase();
        check_name(&container.place(), &org)?;
        let blobs = Blobs {
            container,
            cursor: format!("{org}/{CURSOR}"),
            dead_letters: format!("{org}/{DEAD_LETTERS}"),
            quarantined: format!("{org}/{QUARANTINED}"),
            org,
        };
        Ok(BlobStore {
            blobs: Arc::new(blobs),
        })
    }

    async fn opened(&self, afresh: bool) -> Result<Box<dyn StateLease>, StoreError> {
        let (lease, held_until) = self.blobs.lease().await?;
        let blobs = Arc::clone(&self.blobs);
        let renewal = Renewal::start(blobs, lease.clone(), held_until, RENEWED_EVERY);
        match self.blobs.writer_state(afresh).await {
            Ok((state, version)) => Ok(Box::new(BlobLease {
                blobs: Arc::clone(&self.blobs),
                lease,
                version,
                state,
                renewal,
            })),
            Err(failed) => {
                drop(renewal);
                // Best effort: the failure matters more, and the lease runs out by itself.
                let _ = self
                    .blobs
                    .container
                    .release_lease(&self.blobs.cursor, &lease)
                    .await;
                Err(failed)
            }
        }
    }
}

#[async_trait]
impl StateStore for BlobStore {
    fn place(&self) -> String {
        self.blobs.container.place()
    }

    async fn open(&self) -> Result<Box<dyn StateLease>, StoreError> {
        self.opened(false).await
    }

    async fn open_afresh(&self) -> Result<Box<dyn StateLease>, StoreError> {
        self.opened(true).await
    }

    async fn dead_letters(&self) -> Result<Vec<String>, StoreError> {
        self.blobs.dead_letter_names(MOST_LISTED).await
    }

    async fn dead_letter(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let blob = self.blobs.dead_letter(name)?;
        self.blobs.find(&blob).await
    }
}

/// The blobs of one org, by name.
#[derive(Debug)]
struct Blobs {
    container: Container,
    org: String,
    cursor: String,
    dead_letters: String,
    quarantined: String,
}

impl Blobs {
    fn cursor_place(&self) -> String {
        self.container.place_of_blob(&self.cursor)
    }

    fn recent_ids(&self) -> String {
        format!("{}/{}", self.org, RECENT_IDS)
    }

    fn dead_letter(&self, name: &str) -> Result<String, StoreError> {
        check_name(&self.container.place_of_blob(&self.dead_letters), name)?;
        Ok(format!("{}/{name}", self.dead_letters))
    }

    /// Lists the dead letters, `at_once` of them a request.
    async fn dead_letter_names(&self, at_once: i32) -> Result<Vec<String>, StoreError> {
        let folder = format!("{}/", self.dead_letters);
        let blobs = match self.container.list(&folder, at_once).await {
            Ok(blobs) => blobs,
            Err(Refusal::NoContainer) => Vec::new(),
            Err(refused) => return Err(refused.into_error(&self.container.place_of_blob(&folder))),
        };
        let names = blobs.iter().filter_map(|blob| blob.strip_prefix(&folder));
        let names = names.filter(|name| check_name("", name).is_ok());
        Ok(names.map(str::to_owned).collect())
    }

    /// What a blob holds, if it is there.
    async fn find(&self, blob: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.container.get(blob).await {
            Ok((bytes, _)) => Ok(Some(bytes.into())),
            Err(Refusal::NoBlob | Refusal::NoContainer) => Ok(None),
            Err(refused) => Err(refused.into_error(&self.container.place_of_blob(blob))),
        }
    }

    /// Leases `cursor.json`, making it and its container where they are missing.
    async fn lease(&self) -> Result<(String, Instant), StoreError> {
        let lease = Uuid::new_v4().to_string();
        for _ in 0..TRIES {
            let asked = Instant::now();
            let missing = match self.container.acquire(&self.cursor, &lease).await {
                Ok(()) => return Ok((lease, asked + LEASE)),
                Err(Refusal::Overtaken) => {
                    return Err(StoreError::Held {
                        place: self.cursor_place(),
                    });
                }
                Err(Refusal::Failed(failed)) => return Err(failed),
                Err(missing) => missing,
            };
            if matches!(missing, Refusal::NoContainer) {
                let created = self.container.create().await;
                created.map_err(|refused| refused.into_error(&self.container.place()))?;
            }
            let nothing = Bytes::from_static(NOTHING_YET);
            match self.container.put(&self.cursor, nothing, Write::New).await {
                // Another first run may have made it just now.
                Ok(_) | Err(Refusal::Overtaken | Refusal::NoBlob | Refusal::NoContainer) => {}
                Err(Refusal::Failed(failed)) => return Err(failed),
            }
        }
        Err(StoreError::Unavailable {
            place: self.cursor_place(),
            problem: "it is gone as often as it is made".to_owned(),
            remedy: "see who deletes blobs or containers of this account".to_owned(),
        })
    }

    async fn writer_state(
        &self,
        afresh: bool,
    ) -> Result<(WriterState, azure_core::http::Etag), StoreError> {
        let place = self.cursor_place();
        let found = self.container.get(&self.cursor).await;
        let (document, version) = found.map_err(|refused| refused.into_error(&place))?;
        match WriterState::open(&place, &document) {
            Err(StoreError::Unreadable { .. }) if afresh => {
                self.keep(&self.quarantined, document.to_vec()).await?;
                Ok((WriterState::afresh(&document), version))
            }
            state => Ok((state?, version)),
        }
    }

    /// Writes a blob that has no lease of its own.
    async fn keep(&self, blob: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let put = self
            .container
            .put(blob, Bytes::from(bytes), Write::Always)
            .await;
        put.map(drop)
            .map_err(|refused| refused.into_error(&self.container.place_of_blob(blob)))
    }
}
