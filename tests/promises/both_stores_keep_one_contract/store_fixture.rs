//! The state of one org in either store, with access to it without the program.

use std::path::PathBuf;

use azure_core::http::RequestContent;
use azure_storage_blob::BlobClient;
use azure_storage_blob::models::BlobClientBreakLeaseOptions;
use okta_sentinel::state::account::{BlobAccount, BlobCredential};
use okta_sentinel::state::blob::BlobStore;
use okta_sentinel::state::folder::FolderStore;
use okta_sentinel::state::store::{StateStore, StoreError};
use sandbox::azurite::{ACCOUNT, Azurite, KEY};
use tempfile::TempDir;

/// Azurite's account under `key`.
pub(super) fn with_key(azurite: &Azurite, key: &str) -> BlobAccount {
    BlobAccount {
        endpoint: azurite.endpoint().clone(),
        credential: BlobCredential::SharedKey {
            account: ACCOUNT.to_owned(),
            key: key.to_owned().into(),
        },
    }
}

/// One test's org.
pub(super) enum StoreFixture {
    Folder(TempDir),
    Blobs {
        azurite: &'static Azurite,
        org: String,
    },
}

impl StoreFixture {
    const ORG: &str = "acme.okta.com";

    pub(super) fn folder() -> StoreFixture {
        StoreFixture::Folder(tempfile::tempdir().expect("a folder"))
    }

    pub(super) async fn blobs(test: &str) -> StoreFixture {
        let azurite = Azurite::shared().await.expect("Azurite");
        StoreFixture::Blobs {
            azurite,
            org: format!("{}.okta.com", test.replace('_', "-")),
        }
    }

    pub(super) fn store(&self) -> Box<dyn StateStore> {
        match self {
            StoreFixture::Folder(folder) => Box::new(FolderStore::new(folder.path(), Self::ORG)),
            StoreFixture::Blobs { azurite, org } => {
                Box::new(BlobStore::new(&with_key(azurite, KEY), org).expect("a store"))
            }
        }
    }

    pub(super) async fn document(&self, name: &str) -> Vec<u8> {
        match self {
            StoreFixture::Folder(folder) => std::fs::read(path(folder, name)).expect(name),
            StoreFixture::Blobs { azurite, org } => {
                let found = blob(azurite, org, name).download(None).await.expect(name);
                found.body.collect().await.expect(name).into()
            }
        }
    }

    /// Writes a document as somebody without the lease would.
    pub(super) async fn plant(&self, name: &str, bytes: &[u8]) {
        match self {
            StoreFixture::Folder(folder) => {
                let path = path(folder, name);
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                std::fs::write(path, bytes).expect("planted");
            }
            StoreFixture::Blobs { azurite, org } => {
                // The container comes with the first open; a leased blob takes no other writer.
                let opened = self.store().open().await.map(drop);
                if !matches!(opened, Err(StoreError::Unreadable { .. })) {
                    self.break_lease().await;
                }
                let body = RequestContent::from(bytes.to_vec());
                blob(azurite, org, name)
                    .upload(body, None)
                    .await
                    .expect("planted");
            }
        }
    }

    /// Writes a document that nobody leases.
    pub(super) async fn plant_beside(&self, name: &str) {
        match self {
            StoreFixture::Folder(folder) => {
                std::fs::write(path(folder, name), "x").expect("planted");
            }
            StoreFixture::Blobs { azurite, org } => {
                let body = RequestContent::from(b"x".to_vec());
                let planted = blob(azurite, org, name).upload(body, None).await;
                planted.map(drop).expect("planted");
            }
        }
    }

    pub(super) async fn break_lease(&self) {
        match self {
            StoreFixture::Folder(folder) => {
                std::fs::remove_file(path(folder, "lock")).expect("a lock");
            }
            StoreFixture::Blobs { azurite, org } => {
                let at_once = BlobClientBreakLeaseOptions {
                    break_period: Some(0),
                    ..Default::default()
                };
                let cursor = blob(azurite, org, "cursor.json");
                cursor.break_lease(Some(at_once)).await.expect("broken");
            }
        }
    }
}

fn path(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(StoreFixture::ORG).join(name)
}

fn blob(azurite: &Azurite, org: &str, name: &str) -> BlobClient {
    let url = azurite.blob_url("okta-sentinel", &format!("{org}/{name}"));
    BlobClient::new(url, None, None).expect("a client")
}
