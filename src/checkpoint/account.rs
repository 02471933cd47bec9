//! A storage account and how to prove oneself to it.
use secrecy::SecretString;
use url::Url;

/// Where blobs are and with what credential.
#[derive(Clone, Debug)]
pub struct BlobAccount {
    /// The blob service's address, without a container: `https://acme.blob.core.windows.net/`,
    /// on the emulator `http://127.0.0.1:10000/devstoreaccount1`.
    pub endpoint: Url,
    /// The credential.
    pub credential: BlobCredential,
}

/// The ways the Functions host spells a storage credential.
#[derive(Clone, Debug)]
pub enum BlobCredential {
    /// `AccountName` and `AccountKey` of a connection string.
    SharedKey {
        /// Account name as it is signed.
        account: String,
        /// The base64 key as written.
        key: SecretString,
    },
    /// `SharedAccessSignature` of a connection string, without a leading `?`.
    Sas(SecretString),
    /// `__credential=managedidentity`, with the client id of a user-assigned identity.
    ManagedIdentity {
        /// `__clientId`, else `AZURE_CLIENT_ID`.
        client_id: Option<String>,
    },
    /// No `__credential`: the developer's own sign-in (`az login`).
    Developer,
}
