//! The container's blobs and leases, over the official SDK.

use std::fmt;
use std::future::Future;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::{
    ClientOptions, Etag, ExponentialRetryOptions, RequestContent, RetryOptions, Transport,
};
use azure_storage_blob::models::{
    BlobClientAcquireLeaseOptions, BlobClientUploadOptions, BlobContainerClientListBlobsOptions,
};
use azure_storage_blob::{BlobContainerClient, BlobContainerClientOptions};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use secrecy::ExposeSecret as _;

use super::failure::{Access, Refusal};
use super::shared_key::SharedKey;
use crate::state::account::{BlobAccount, BlobCredential};
use crate::state::store::StoreError;

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
    account: String,
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place())
    }
}

impl Container {
    /// Prepares requests; sends none.
    pub(super) fn new(account: &BlobAccount) -> Result<Container, StoreError> {
        let access = Access::from(&account.credential);
        let name = account_name(account);
        let unusable = |problem: String| StoreError::Unavailable {
            place: place_of(&name),
            problem,
            remedy: "check AzureWebJobsStorage".to_owned(),
        };
        let sdk = |error: azure_core::Error| match access.refusal(&place_of(&name), &error) {
            Refusal::Failed(failed) => failed,
            other => unusable(format!("{other:?}")),
        };
        let mut url = account.endpoint.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().push(CONTAINER),
            Err(()) => return Err(unusable("its address takes no path".to_owned())),
        };
        let mut options = client_options().map_err(|problem| unusable(problem.to_string()))?;
        let mut credential: Option<Arc<dyn TokenCredential>> = None;
        match &account.credential {
            BlobCredential::SharedKey { account, key } => {
                let key = SharedKey::new(account, key)
                    .ok_or_else(|| unusable("its AccountKey is not base64".to_owned()))?;
                options.per_try_policies.push(Arc::new(key));
            }
            BlobCredential::Sas(sas) => url.set_query(Some(sas.expose_secret())),
            BlobCredential::Identity(identity) => {
                credential = Some(identity.credential().map_err(sdk)?);
            }
        }
        if credential.is_some() && url.scheme() != "https" {
            return Err(unusable(
                "an identity's token goes over https only".to_owned(),
            ));
        }
        let options = BlobContainerClientOptions {
            client_options: options,
            version: API_VERSION.to_owned(),
        };
        let client = BlobContainerClient::new(url, credential, Some(options)).map_err(sdk)?;
        Ok(Container {
            client,
            access,
            account: name,
        })
    }

    /// `container okta-sentinel of account acme`.
    pub(super) fn place(&self) -> String {
        place_of(&self.account)
    }

    /// `blob acme.okta.com/cursor.json in container okta-sentinel of account acme`.
    pub(super) fn place_of_blob(&self, blob: &str) -> String {
        format!("blob {blob} in {}", self.place())
    }

    /// Makes the container; one that is there already will do.
    pub(super) async fn create(&self) -> Result<(), Refusal> {
        let created = self.call(self.place(), 0, async {
            self.client.create(None).await.map(drop)
        });
        match created.await {
            Ok(()) | Err(Refusal::Overtaken) => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    pub(super) async fn get(&self, blob: &str) -> Result<(Bytes, Etag), Refusal> {
        let place = self.place_of_blob(blob);
        let (bytes, etag) = self
            .call(place.clone(), 0, async {
                let found = self.client.blob_client(blob).download(None).await?;
                Ok((found.body.collect().await?, found.properties.etag))
            })
            .await?;
        let etag = etag.ok_or_else(|| Refusal::Failed(without_version(place)))?;
        Ok((bytes, etag))
    }

    /// Writes a blob and returns its new version.
    pub(super) async fn put(
        &self,
        blob: &str,
        bytes: Bytes,
        write: Write<'_>,
    ) -> Result<Etag, Refusal> {
        let place = self.place_of_blob(blob);
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
        let etag = self
            .call(place.clone(), length, async {
                let client = self.client.blob_client(blob);
                let written = client.upload(RequestContent::from(bytes.to_vec()), Some(options));
                Ok(written.await?.etag)
            })
            .await?;
        etag.ok_or_else(|| Refusal::Failed(without_version(place)))
    }

    /// Names of all blobs that begin with `prefix`, in order, asking for `at_once` at a time.
    pub(super) async fn list(&self, prefix: &str, at_once: i32) -> Result<Vec<String>, Refusal> {
        let place = self.place();
        let options = BlobContainerClientListBlobsOptions {
            prefix: Some(prefix.to_owned()),
            maxresults: Some(at_once),
            ..BlobContainerClientListBlobsOptions::default()
        };
        let listing = self.client.list_blobs(Some(options));
        let mut pages = listing
            .map_err(|error| self.access.refusal(&place, &error))?
            .into_pages();
        let mut names = Vec::new();
        let mut next = async || {
            let page = pages.try_next().await?;
            page.map(|page| page.into_model()).transpose()
        };
        while let Some(page) = self.call(place.clone(), 0, next()).await? {
            names.extend(page.blob_items.into_iter().filter_map(|blob| blob.name));
        }
        Ok(names)
    }

    pub(super) async fn delete(&self, blob: &str) -> Result<(), Refusal> {
        self.call(self.place_of_blob(blob), 0, async {
            self.client.blob_client(blob).delete(None).await.map(drop)
        })
        .await
    }

    /// Leases `blob` under an id of our making, so that a try whose answer was lost may be
    /// repeated: storage takes the same id again.
    pub(super) async fn acquire(&self, blob: &str, lease: &str) -> Result<(), Refusal> {
        let options = BlobClientAcquireLeaseOptions {
            proposed_lease_id: Some(lease.to_owned()),
            ..BlobClientAcquireLeaseOptions::default()
        };
        let seconds = i32::try_from(LEASE.as_secs()).unwrap_or(30);
        self.call(self.place_of_blob(blob), 0, async {
            let client = self.client.blob_client(blob);
            client.acquire_lease(seconds, Some(options)).await.map(drop)
        })
        .await
    }

    pub(super) async fn renew(&self, blob: &str, lease: &str) -> Result<(), Refusal> {
        self.call(self.place_of_blob(blob), 0, async {
            let client = self.client.blob_client(blob);
            client.renew_lease(lease.to_owned(), None).await.map(drop)
        })
        .await
    }

    pub(super) async fn release_lease(&self, blob: &str, lease: &str) -> Result<(), Refusal> {
        self.call(self.place_of_blob(blob), 0, async {
            let client = self.client.blob_client(blob);
            client.release_lease(lease.to_owned(), None).await.map(drop)
        })
        .await
    }

    async fn call<T>(
        &self,
        place: String,
        length: u64,
        asked: impl Future<Output = azure_core::Result<T>>,
    ) -> Result<T, Refusal> {
        let limit = CALL_LIMIT + Duration::from_secs(length / SLOWEST);
        // The SDK's futures are some 10 KB each.
        match tokio::time::timeout(limit, Box::pin(asked)).await {
            Ok(answered) => answered.map_err(|error| self.access.refusal(&place, &error)),
            Err(_) => Err(Refusal::Failed(StoreError::Unavailable {
                place,
                problem: format!("no answer in {} seconds", limit.as_secs()),
                remedy: "the next run tries again; if it lasts, check the way to the storage \
                         account (DNS, firewall, private endpoint)"
                    .to_owned(),
            })),
        }
    }
}

fn client_options() -> reqwest::Result<ClientOptions> {
    let transport = reqwest::Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(CALL_LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        // The SDK reads sizes and ranges off the bytes as they are stored.
        .no_gzip()
        .build()?;
    Ok(ClientOptions {
        retry: RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: 4,
            max_total_elapsed: azure_core::time::Duration::seconds(15),
            max_delay: azure_core::time::Duration::seconds(4),
            ..ExponentialRetryOptions::default()
        }),
        transport: Some(Transport::new(Arc::new(transport))),
        ..ClientOptions::default()
    })
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

fn without_version(place: String) -> StoreError {
    StoreError::Unavailable {
        place,
        problem: "the answer carries no ETag".to_owned(),
        remedy: "check that nothing between here and the storage account rewrites answers"
            .to_owned(),
    }
}
