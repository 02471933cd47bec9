//! The blobs of one org: their names, the lease, the documents.

use azure_core::Uuid;
use azure_core::http::Etag;
use bytes::Bytes;
use tokio::time::Instant;

use super::container::{Container, LEASE, Write};
use super::failure::Reason;
use crate::state::store::{OrgState, StoreError};
use crate::state::writer_state::{
    CURSOR, DEAD_LETTERS, NOTHING_YET, QUARANTINED, WriterState, check_name, org_state,
};

/// What is missing at first: the container, then the blob. The rest is for somebody who deletes.
const TRIES: usize = 4;

/// The blobs of one org, by name.
#[derive(Debug)]
pub(super) struct Blobs {
    pub(super) container: Container,
    pub(super) org: String,
    pub(super) cursor: String,
}

impl Blobs {
    pub(super) fn cursor_place(&self) -> String {
        self.container.place_of_blob(&self.cursor)
    }

    /// The blob of that name in the org's folder.
    pub(super) fn blob(&self, name: &str) -> String {
        format!("{}/{name}", self.org)
    }

    pub(super) fn dead_letter(&self, name: &str) -> Result<String, StoreError> {
        let folder = self.blob(DEAD_LETTERS);
        check_name(&self.container.place_of_blob(&folder), name)?;
        Ok(format!("{folder}/{name}"))
    }

    /// Lists the dead letters, `at_once` of them a request.
    pub(super) async fn dead_letter_names(&self, at_once: i32) -> Result<Vec<String>, StoreError> {
        let folder = format!("{}/", self.blob(DEAD_LETTERS));
        let blobs = match self.container.list(&folder, at_once).await {
            Err(refused) if refused.is_missing() => Vec::new(),
            listed => listed?,
        };
        let names = blobs.iter().filter_map(|blob| blob.strip_prefix(&folder));
        let names = names.filter(|name| check_name("", name).is_ok());
        Ok(names.map(str::to_owned).collect())
    }

    /// The orgs of the container, listed `at_once` blobs a request.
    pub(super) async fn orgs(&self, at_once: i32) -> Result<Vec<OrgState>, StoreError> {
        let blobs = match self.container.list("", at_once).await {
            Err(refused) if refused.is_missing() => Vec::new(),
            listed => listed?,
        };
        let mut orgs = Vec::new();
        for blob in &blobs {
            if let Some((key, CURSOR)) = blob.split_once('/')
                && let Some(document) = self.find(blob).await?
            {
                orgs.extend(org_state(key, &document));
            }
        }
        Ok(orgs)
    }

    /// What a blob holds, if it is there.
    pub(super) async fn find(&self, blob: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.container.get(blob).await {
            Err(refused) if refused.is_missing() => Ok(None),
            found => Ok(Some(found?.0.into())),
        }
    }

    /// Leases `cursor.json`, making it and its container where they are missing.
    pub(super) async fn lease(&self) -> Result<(String, Instant), StoreError> {
        let lease = Uuid::new_v4().to_string();
        for _ in 0..TRIES {
            let asked = Instant::now();
            let missing = match self.container.acquire(&self.cursor, &lease).await {
                Ok(()) => return Ok((lease, asked + LEASE)),
                Err(missing) if missing.is_missing() => missing.reason,
                Err(refused) if refused.reason == Reason::Overtaken => {
                    return Err(StoreError::Held {
                        place: self.cursor_place(),
                    });
                }
                Err(refused) => return Err(refused.into()),
            };
            if missing == Reason::NoContainer {
                self.container.create().await?;
            }
            let nothing = Bytes::from_static(NOTHING_YET);
            match self.container.put(&self.cursor, nothing, Write::New).await {
                Err(refused) if refused.reason == Reason::Failed => return Err(refused.into()),
                // Another first run may have made it just now.
                _ => {}
            }
        }
        Err(StoreError::unavailable(
            &self.cursor_place(),
            "it is gone as often as it is made",
            "see who deletes blobs or containers of this account",
        ))
    }

    pub(super) async fn writer_state(
        &self,
        afresh: bool,
    ) -> Result<(WriterState, Etag), StoreError> {
        let (document, version) = self.container.get(&self.cursor).await?;
        match WriterState::open(&self.cursor_place(), &document) {
            Err(StoreError::Unreadable { .. }) if afresh => {
                let unreadable = self.blob(QUARANTINED);
                self.keep(&unreadable, document.to_vec()).await?;
                Ok((WriterState::afresh(&document), version))
            }
            Err(StoreError::Moved { .. }) if afresh => {
                Ok((WriterState::afresh(&document), version))
            }
            state => Ok((state?, version)),
        }
    }

    /// Writes a blob that has no lease of its own.
    pub(super) async fn keep(&self, blob: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let bytes = Bytes::from(bytes);
        self.container.put(blob, bytes, Write::Always).await?;
        Ok(())
    }
}
