//! The blobs of one org: their names, the lease, the documents.

use azure_core::Uuid;
use azure_core::http::Etag;
use bytes::Bytes;
use tokio::time::Instant;

use super::container::{Container, LEASE, Write};
use super::failure::Refusal;
use crate::state::store::StoreError;
use crate::state::writer_state::{NOTHING_YET, RECENT_IDS, WriterState, check_name};

/// What is missing at first: the container, then the blob. The rest is for somebody who deletes.
const TRIES: usize = 4;

/// The blobs of one org, by name.
#[derive(Debug)]
pub(super) struct Blobs {
    pub(super) container: Container,
    pub(super) org: String,
    pub(super) cursor: String,
    pub(super) dead_letters: String,
    pub(super) quarantined: String,
}

impl Blobs {
    pub(super) fn cursor_place(&self) -> String {
        self.container.place_of_blob(&self.cursor)
    }

    pub(super) fn recent_ids(&self) -> String {
        format!("{}/{}", self.org, RECENT_IDS)
    }

    pub(super) fn dead_letter(&self, name: &str) -> Result<String, StoreError> {
        check_name(&self.container.place_of_blob(&self.dead_letters), name)?;
        Ok(format!("{}/{name}", self.dead_letters))
    }

    /// Lists the dead letters, `at_once` of them a request.
    pub(super) async fn dead_letter_names(&self, at_once: i32) -> Result<Vec<String>, StoreError> {
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
    pub(super) async fn find(&self, blob: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.container.get(blob).await {
            Ok((bytes, _)) => Ok(Some(bytes.into())),
            Err(Refusal::NoBlob | Refusal::NoContainer) => Ok(None),
            Err(refused) => Err(refused.into_error(&self.container.place_of_blob(blob))),
        }
    }

    /// Leases `cursor.json`, making it and its container where they are missing.
    pub(super) async fn lease(&self) -> Result<(String, Instant), StoreError> {
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

    pub(super) async fn writer_state(
        &self,
        afresh: bool,
    ) -> Result<(WriterState, Etag), StoreError> {
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
    pub(super) async fn keep(&self, blob: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let put = self
            .container
            .put(blob, Bytes::from(bytes), Write::Always)
            .await;
        put.map(drop)
            .map_err(|refused| refused.into_error(&self.container.place_of_blob(blob)))
    }
}
