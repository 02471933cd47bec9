//! The container's blobs and leases, over the official SDK.

use std::fmt;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::{ClientOptions, Etag, RequestContent};
use azure_storage_blob::models::{
    BlobClientAcquireLeaseOptions, BlobClientUploadOptions, BlobContainerClientListBlobsOptions,
};
use azure_storage_blob::{BlobClient, BlobContainerClient, BlobContainerClientOptions};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use secrecy::ExposeSecret as _;

use super::failure::{Access, Reason, Refusal};
use super::shared_key::SharedKey;
use crate::net::http::azure_client_options;
use crate::state::account::{BlobAccount, BlobCredential};
use crate::state::store::{MOST_OF_A_DOCUMENT, StoreError};
use crate::telemetry::secrets;

/// The container of every org's state.
const CONTAINER: &str = "okta-sentinel";
/// Has all we use, and Azurite takes it without `--skipApiVersionCheck`: the SDK's own default is
/// newer than what the last Azurite for Node 20 knows.
const API_VERSION: &str = "2024-11-04";
/// One call with all its tries. A larger body gets a second more per [`SLOWEST`] bytes.
const CALL_LIMIT: Duration = Duration::from_secs(20);
/// Bytes a second of the slowest line that still works.
const SLOWEST: u64 = 128 * 1024;
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long a lease lasts that nobody renews; storage takes 15 to 60 seconds.
pub(super) const LEASE: Duration = Duration::from_secs(30);
/// One Put Blob whatever the size: staged blocks would not be replaced in one step.
const ONE_PUT: NonZero<u64> = NonZero::<u64>::MAX;

/// On which condition a blob is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Write<'a> {
    /// Only if there is none.
    New,
    /// Only under this lease and over this version.
    Leased { lease: &'a str, over: &'a Etag },
    /// In any case.
    Always,
}

/// The container okta-sentinel of one account.
pub(super) struct Container {
    client: BlobContainerClient,
    access: Access,
    /// `container okta-sentinel of account acme`.
    pub(super) place: String,
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl Container {
    /// Prepares requests; sends none.
    pub(super) fn new(account: &BlobAccount) -> Result<Container, StoreError> {
        let access = Access::from(&account.credential);
        let place = place_of(&account_name(account));
        let unusable =
            |problem: &str| StoreError::unavailable(&place, problem, "check AzureWebJobsStorage");
        let sdk = |error: azure_core::Error| StoreError::from(access.refusal(&place, &error));
        let mut url = account.endpoint.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().push(CONTAINER),
            Err(()) => return Err(unusable("its address takes no path")),
        };
        let mut options = client_options().map_err(|problem| unusable(&problem.to_string()))?;
        let mut credential: Option<Arc<dyn TokenCredential>> = None;
        match &account.credential {
            BlobCredential::SharedKey { account, key } => {
                let key = SharedKey::new(account, key)
                    .ok_or_else(|| unusable("its AccountKey is not base64"))?;
                options.per_try_policies.push(Arc::new(key));
            }
            BlobCredential::Sas(sas) => url.set_query(Some(sas.expose_secret())),
            BlobCredential::Identity(identity) => {
                credential = Some(Arc::new(SecretTokens(identity.credential().map_err(sdk)?)));
            }
        }
        if credential.is_some() && url.scheme() != "https" {
            return Err(unusable("an identity's token goes over https only"));
        }
        let options = BlobContainerClientOptions {
            client_options: options,
            version: API_VERSION.to_owned(),
        };
        let client = BlobContainerClient::new(url, credential, Some(options)).map_err(sdk)?;
        Ok(Container {
            client,
            access,
            place,
        })
    }

    /// `blob acme.okta.com/cursor.json in container okta-sentinel of account acme`.
    pub(super) fn place_of_blob(&self, blob: &str) -> String {
        format!("blob {blob} in {}", self.place)
    }

    /// Makes the container; one that is there already will do.
    pub(super) async fn create(&self) -> Result<(), Refusal> {
        match self.call(&self.place, 0, self.client.create(None)).await {
            Err(refused) if refused.reason != Reason::Overtaken => Err(refused),
            _ => Ok(()),
        }
    }

    pub(super) async fn get(&self, blob: &str) -> Result<(Bytes, Etag), Refusal> {
        let download = async |blob: BlobClient| {
            let found = blob.download(None).await?;
            Ok((found.body.collect().await?, found.properties.etag))
        };
        let (bytes, etag) = self.ask(blob, 0, download).await?;
        Ok((bytes, self.version(blob, etag)?))
    }

    /// Writes a blob and returns its new version.
    pub(super) async fn put(
        &self,
        blob: &str,
        bytes: Bytes,
        write: Write<'_>,
    ) -> Result<Etag, Refusal> {
        let mut options = BlobClientUploadOptions {
            partition_size: Some(ONE_PUT),
            ..BlobClientUploadOptions::default()
        };
        match write {
            Write::New => options = options.if_not_exists(),
            Write::Leased { lease, over } => {
                options.lease_id = Some(lease.to_owned());
                options.if_match = Some(over.clone());
            }
            Write::Always => {}
        }
        let length = bytes.len() as u64;
        let upload = async |blob: BlobClient| {
            let content = RequestContent::from(bytes.to_vec());
            Ok(blob.upload(content, Some(options)).await?.etag)
        };
        let etag = self.ask(blob, length, upload).await?;
        Ok(self.version(blob, etag)?)
    }

    /// Names of all blobs that begin with `prefix`, in order, asking for `at_once` at a time.
    pub(super) async fn list(&self, prefix: &str, at_once: i32) -> Result<Vec<String>, Refusal> {
        let options = BlobContainerClientListBlobsOptions {
            // The emulator refuses the signature over an empty one.
            prefix: (!prefix.is_empty()).then(|| prefix.to_owned()),
            maxresults: Some(at_once),
            ..BlobContainerClientListBlobsOptions::default()
        };
        let listing = self.client.list_blobs(Some(options));
        let mut pages = listing
            .map_err(|error| self.access.refusal(&self.place, &error))?
            .into_pages();
        let mut names = Vec::new();
        let mut next = async || {
            let page = pages.try_next().await?;
            page.map(|page| page.into_model()).transpose()
        };
        while let Some(page) = self.call(&self.place, 0, next()).await? {
            names.extend(page.blob_items.into_iter().filter_map(|blob| blob.name));
        }
        Ok(names)
    }

    pub(super) async fn delete(&self, blob: &str) -> Result<(), Refusal> {
        let delete = async |blob: BlobClient| blob.delete(None).await.map(drop);
        self.ask(blob, 0, delete).await
    }

    /// Leases `blob` under an id of our making, so that a try whose answer was lost may be
    /// repeated: storage takes the same id again.
    pub(super) async fn acquire(&self, blob: &str, lease: &str) -> Result<(), Refusal> {
        let options = BlobClientAcquireLeaseOptions {
            proposed_lease_id: Some(lease.to_owned()),
            ..BlobClientAcquireLeaseOptions::default()
        };
        let seconds = i32::try_from(LEASE.as_secs()).unwrap_or(30);
        let acquire =
            async |blob: BlobClient| blob.acquire_lease(seconds, Some(options)).await.map(drop);
        self.ask(blob, 0, acquire).await
    }

    pub(super) async fn renew(&self, blob: &str, lease: &str) -> Result<(), Refusal> {
        let lease = lease.to_owned();
        let renew = async |blob: BlobClient| blob.renew_lease(lease, None).await.map(drop);
        self.ask(blob, 0, renew).await
    }

    pub(super) async fn release_lease(&self, blob: &str, lease: &str) -> Result<(), Refusal> {
        let lease = lease.to_owned();
        let release = async |blob: BlobClient| blob.release_lease(lease, None).await.map(drop);
        self.ask(blob, 0, release).await
    }

    async fn ask<T>(
        &self,
        blob: &str,
        length: u64,
        ask: impl AsyncFnOnce(BlobClient) -> azure_core::Result<T>,
    ) -> Result<T, Refusal> {
        let asked = ask(self.client.blob_client(blob));
        self.call(&self.place_of_blob(blob), length, asked).await
    }

    async fn call<T>(
        &self,
        place: &str,
        length: u64,
        asked: impl Future<Output = azure_core::Result<T>>,
    ) -> Result<T, Refusal> {
        let limit = CALL_LIMIT + Duration::from_secs(length / SLOWEST);
        // The SDK's futures are some 10 KB each.
        match tokio::time::timeout(limit, Box::pin(asked)).await {
            Ok(answered) => answered.map_err(|error| self.access.refusal(place, &error)),
            Err(_) => Err(Refusal::from(StoreError::unavailable(
                place,
                format!("no answer in {} seconds", limit.as_secs()),
                "the next run tries again; if it lasts, check the way to the storage account \
                 (DNS, firewall, private endpoint)",
            ))),
        }
    }

    fn version(&self, blob: &str, etag: Option<Etag>) -> Result<Etag, StoreError> {
        etag.ok_or_else(|| {
            StoreError::unavailable(
                &self.place_of_blob(blob),
                "the answer carries no ETag",
                "check that nothing between here and the storage account rewrites answers",
            )
        })
    }
}

/// A source of tokens that are secrets from then on.
#[derive(Debug)]
struct SecretTokens(Arc<dyn TokenCredential>);

#[async_trait]
impl TokenCredential for SecretTokens {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let token = self.0.get_token(scopes, options).await?;
        secrets::learn("storage's access token", [token.token.secret()]);
        Ok(token)
    }
}

fn client_options() -> reqwest::Result<ClientOptions> {
    let transport = reqwest::Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(CALL_LIMIT)
        // The SDK reads sizes and ranges off the bytes as they are stored.
        .no_gzip();
    azure_client_options(transport, MOST_OF_A_DOCUMENT)
}

fn place_of(account: &str) -> String {
    format!("container {CONTAINER} of account {account}")
}

/// The account in an operator's words; an address without a name stands for itself.
fn account_name(account: &BlobAccount) -> String {
    if let BlobCredential::SharedKey { account, .. } = &account.credential {
        return account.clone();
    }
    match account.endpoint.domain() {
        Some(domain) => domain.split('.').next().unwrap_or(domain).to_owned(),
        None => account.endpoint.host_str().unwrap_or_default().to_owned(),
    }
}
