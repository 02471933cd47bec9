//! The program's state stores, and access to them without the program.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use sandbox::azurite::{ACCOUNT, Azurite, KEY};
use tokio::sync::OnceCell;

use crate::setup;

/// A kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Store {
    /// Blob storage: Azurite, its lease broken after every kill
    Blobs,
    /// STATE_DIR: a folder on this machine
    Folder,
}

/// The blobs that the program keeps for one org, reached with an account SAS.
#[derive(Clone, Debug)]
pub(super) struct Blobs {
    http: Client,
    azurite: &'static Azurite,
    /// The folder of the org in the container.
    org: String,
}

/// The process's Azurite, its parts installed if need be.
///
/// # Errors
/// It cannot be had.
pub(super) async fn azurite() -> anyhow::Result<&'static Azurite> {
    static READY: OnceCell<&Azurite> = OnceCell::const_new();
    let ready = READY.get_or_try_init(async || {
        tokio::task::spawn_blocking(setup::run).await??;
        Azurite::shared().await.map_err(anyhow::Error::new)
    });
    ready.await.copied()
}

/// `AzureWebJobsStorage` for a blob service at this port of the loopback.
pub(super) fn connection_string(port: u16) -> String {
    format!(
        "DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};\
         BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
    )
}

impl Blobs {
    /// The state of the org with this key (its host, as the program spells it for storage).
    pub(super) fn of(azurite: &'static Azurite, org: String) -> Blobs {
        Blobs {
            http: Client::new(),
            azurite,
            org,
        }
    }

    /// Ends the lease on the cursor, as if its time had run out. True if there was one.
    pub(super) async fn break_lease(&self) -> anyhow::Result<bool> {
        let request = self
            .request(Method::PUT, "cursor.json", "&comp=lease")
            .header("x-ms-lease-action", "break")
            .header("x-ms-lease-break-period", "0");
        let status = request.send().await?.status();
        match status {
            StatusCode::ACCEPTED => Ok(true),
            // No lease, or no blob yet: the run had not come that far, or ended by itself.
            StatusCode::CONFLICT | StatusCode::NOT_FOUND => Ok(false),
            other => bail!("Azurite answers {other} where a lease is to be broken"),
        }
    }

    /// Takes the lease for 15 seconds, the least that storage allows.
    pub(super) async fn take_lease(&self) -> anyhow::Result<()> {
        let request = self
            .request(Method::PUT, "cursor.json", "&comp=lease")
            .header("x-ms-lease-action", "acquire")
            .header("x-ms-lease-duration", "15");
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// The cursor's document; none before the first run came to it.
    pub(super) async fn cursor(&self) -> anyhow::Result<Option<String>> {
        let answer = self.request(Method::GET, "cursor.json", "").send().await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            _ => Ok(Some(answer.error_for_status()?.text().await?)),
        }
    }

    /// Writes the cursor's document; storage refuses it while somebody has the lease.
    pub(super) async fn write_cursor(&self, document: &str) -> anyhow::Result<()> {
        let request = self
            .request(Method::PUT, "cursor.json", "")
            .header("x-ms-blob-type", "BlockBlob")
            .body(document.to_owned());
        request.send().await?.error_for_status()?;
        Ok(())
    }

    fn request(&self, method: Method, name: &str, more: &str) -> RequestBuilder {
        let url = self
            .azurite
            .blob_url("okta-sentinel", &format!("{}/{name}", self.org));
        self.http
            .request(method, format!("{url}{more}"))
            .header("x-ms-version", "2022-11-02")
    }
}

/// An empty folder below this checkout's `target`, for one campaign's state.
///
/// # Errors
/// It cannot be made.
pub(super) fn new_folder(name: &str) -> anyhow::Result<PathBuf> {
    // A campaign may run beside another.
    let name = format!("soak/{name}-{}", std::process::id());
    let folder = crate::checkout::target(&name);
    remove_folder(&folder);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}

/// Removes a folder that is not needed any more, if it is there.
pub(super) fn remove_folder(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
}
