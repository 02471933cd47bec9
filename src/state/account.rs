//! A storage account and how to prove oneself to it.
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use url::Url;

use crate::net::address::{self, AddressError};
use crate::net::identity::Identity;

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
    /// `__credential=managedidentity`, or none: the developer's own sign-in.
    Identity(Identity),
}

/// Why a storage account cannot be told from its setting. Parts of a connection string are named
/// and never shown: a slip may have put the key anywhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its doc")]
pub enum BlobAccountError {
    #[error(
        "part {0} of the connection string is not Name=value; copy the string whole from the \
         storage account's access keys"
    )]
    Part(usize),
    #[error("the connection string has no {0}; copy it whole from the account's access keys")]
    Missing(&'static str),
    #[error("AccountName is not 3 to 24 lower-case letters and digits; write the account's name")]
    ConnectionName,
    #[error("AccountKey is not base64; copy the connection string whole")]
    Key,
    #[error("UseDevelopmentStorage is neither true nor left out; write UseDevelopmentStorage=true")]
    DevelopmentStorage,
    #[error("the blob endpoint is plain http, which is for loopback addresses only; use https")]
    PlainHttp,
    #[error(
        "the blob endpoint is not an https address; write https://ACCOUNT.blob.core.windows.net"
    )]
    Endpoint,
    #[error("{0} is not 3 to 24 lower-case letters and digits; write the storage account's name")]
    Name(String),
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// The emulator's account and key, the same on every machine and printed in its documentation:
/// <https://learn.microsoft.com/azure/storage/common/storage-use-azurite>
const EMULATOR: &str = "AccountName=devstoreaccount1;\
    AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;\
    BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1";

impl BlobAccount {
    /// Reads a connection string as Azure's portal gives it, or `UseDevelopmentStorage=true`.
    ///
    /// # Errors
    /// The first part that is missing or wrong.
    pub fn from_connection_string(text: &str) -> Result<BlobAccount, BlobAccountError> {
        let parts = ConnectionString::read(text)?;
        match parts.get("usedevelopmentstorage") {
            Some(yes) if yes.eq_ignore_ascii_case("true") => {
                BlobAccount::from_connection_string(EMULATOR)
            }
            Some(_) => Err(BlobAccountError::DevelopmentStorage),
            None => Ok(BlobAccount {
                endpoint: parts.endpoint()?,
                credential: parts.credential()?,
            }),
        }
    }

    /// The public cloud's endpoint of an account, for an identity.
    ///
    /// # Errors
    /// A name that no account can have.
    pub fn from_name(
        account: &str,
        credential: BlobCredential,
    ) -> Result<BlobAccount, BlobAccountError> {
        if !is_account_name(account) {
            return Err(BlobAccountError::Name(address::shown(account)));
        }
        let endpoint = address::read(&format!("https://{account}.blob.core.windows.net"))?;
        Ok(BlobAccount {
            endpoint,
            credential,
        })
    }

    /// A blob service's address as written, for an identity.
    ///
    /// # Errors
    /// As any address of the settings.
    pub fn from_service_uri(
        uri: &str,
        credential: BlobCredential,
    ) -> Result<BlobAccount, BlobAccountError> {
        Ok(BlobAccount {
            endpoint: address::read(uri.trim_end_matches('/'))?,
            credential,
        })
    }
}

/// The parts of a connection string by their names in lower case.
struct ConnectionString<'t>(BTreeMap<String, &'t str>);

impl<'t> ConnectionString<'t> {
    fn read(text: &'t str) -> Result<ConnectionString<'t>, BlobAccountError> {
        let mut parts = BTreeMap::new();
        for (index, part) in text.split(';').enumerate() {
            if part.trim().is_empty() {
                continue;
            }
            // Keys are base64 and signatures queries: only the first `=` divides.
            let Some((name, value)) = part.split_once('=') else {
                return Err(BlobAccountError::Part(index + 1));
            };
            parts.insert(name.trim().to_ascii_lowercase(), value.trim());
        }
        Ok(ConnectionString(parts))
    }

    fn get(&self, name: &str) -> Option<&'t str> {
        self.0.get(name).copied().filter(|value| !value.is_empty())
    }

    fn account(&self) -> Result<&'t str, BlobAccountError> {
        let name = self
            .get("accountname")
            .ok_or(BlobAccountError::Missing("AccountName"))?;
        // The name becomes part of a host: nothing else may.
        if is_account_name(name) {
            Ok(name)
        } else {
            Err(BlobAccountError::ConnectionName)
        }
    }

    fn endpoint(&self) -> Result<Url, BlobAccountError> {
        let text = match self.get("blobendpoint") {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => {
                let scheme = self.get("defaultendpointsprotocol").unwrap_or("https");
                let suffix = self.get("endpointsuffix").unwrap_or("core.windows.net");
                format!("{scheme}://{}.blob.{suffix}", self.account()?)
            }
        };
        address::read(&text).map_err(|error| match error {
            AddressError::PlainHttp { .. } => BlobAccountError::PlainHttp,
            _ => BlobAccountError::Endpoint,
        })
    }

    fn credential(&self) -> Result<BlobCredential, BlobAccountError> {
        if let Some(key) = self.get("accountkey") {
            let account = self.account()?.to_owned();
            if STANDARD.decode(key).is_err() {
                return Err(BlobAccountError::Key);
            }
            return Ok(BlobCredential::SharedKey {
                account,
                key: key.into(),
            });
        }
        let signature = self
            .get("sharedaccesssignature")
            .ok_or(BlobAccountError::Missing(
                "AccountKey and no SharedAccessSignature",
            ))?;
        Ok(BlobCredential::Sas(
            signature.trim_start_matches('?').into(),
        ))
    }
}

/// <https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-name>
fn is_account_name(name: &str) -> bool {
    (3..=24).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn account(text: &str) -> BlobAccount {
        BlobAccount::from_connection_string(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn order_case_and_a_last_semicolon_do_not_matter() {
        let spellings = [
            "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=QUI=;EndpointSuffix=core.windows.net",
            "accountkey=QUI=;ACCOUNTNAME=acme;",
            " AccountName = acme ; AccountKey = QUI= ; QueueEndpoint=http://ignored.example.com",
        ];
        for text in spellings {
            let account = account(text);
            assert_eq!(
                account.endpoint.as_str(),
                "https://acme.blob.core.windows.net/"
            );
            let BlobCredential::SharedKey { account, key } = account.credential else {
                panic!("{text}")
            };
            assert_eq!((account.as_str(), key.expose_secret()), ("acme", "QUI="));
        }
    }

    #[test]
    fn the_emulator_has_its_known_account() {
        let account = account("UseDevelopmentStorage=true");
        assert_eq!(
            account.endpoint.as_str(),
            "http://127.0.0.1:10000/devstoreaccount1"
        );
        let BlobCredential::SharedKey { account, key } = account.credential else {
            panic!()
        };
        assert_eq!(account, "devstoreaccount1");
        assert!(
            key.expose_secret().starts_with("Eby8vdM02") && key.expose_secret().ends_with("==")
        );
    }

    #[test]
    fn a_sovereign_cloud_is_told_by_its_suffix() {
        let text = "AccountName=acme;AccountKey=QUI=;EndpointSuffix=core.usgovcloudapi.net";
        assert_eq!(
            account(text).endpoint.as_str(),
            "https://acme.blob.core.usgovcloudapi.net/"
        );
    }

    #[test]
    fn a_signature_keeps_its_equals_signs() {
        let text = "BlobEndpoint=https://acme.blob.core.windows.net/;SharedAccessSignature=?sv=1&sig=a%3D=";
        let BlobCredential::Sas(signature) = account(text).credential else {
            panic!()
        };
        assert_eq!(signature.expose_secret(), "sv=1&sig=a%3D=");
    }

    #[test]
    fn a_wrong_string_is_named_by_its_part_and_shows_nothing() {
        let wrong = [
            ("hunter2", BlobAccountError::Part(1)),
            ("AccountName=acme;hunter2", BlobAccountError::Part(2)),
            ("AccountKey=QUI=", BlobAccountError::Missing("AccountName")),
            (
                "AccountName=hunter2/@;AccountKey=QUI=",
                BlobAccountError::ConnectionName,
            ),
            (
                "AccountName=acme;AccountKey=hunter2!",
                BlobAccountError::Key,
            ),
            (
                "AccountName=acme",
                BlobAccountError::Missing("AccountKey and no SharedAccessSignature"),
            ),
            (
                "DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=QUI=",
                BlobAccountError::PlainHttp,
            ),
            (
                "BlobEndpoint=htps://hunter2.net;AccountKey=QUI=",
                BlobAccountError::Endpoint,
            ),
            (
                "AccountName=acme;AccountKey=QUI=;EndpointSuffix=evil.com/hunter2?",
                BlobAccountError::Endpoint,
            ),
            (
                "UseDevelopmentStorage=hunter2",
                BlobAccountError::DevelopmentStorage,
            ),
        ];
        for (text, expected) in wrong {
            let error = BlobAccount::from_connection_string(text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("hunter2"), "{text}: {error}");
        }
    }
}
