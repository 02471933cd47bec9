//! Where the cursor is kept. Two runs that disagree on it would ship everything twice, so the
//! choice is one table of who wins, and whatever is passed over is named in a warning.
//!
//! | sink | place | the cursor is kept in |
//! |---|---|---|
//! | local | any | `state` beside the output: a trial never moves a production cursor |
//! | workspace | Functions host | the storage account, else `STATE_DIR`, else it is a problem |
//! | workspace | shell | `STATE_DIR` where set, else the storage account, else `./state` |

use std::path::{Path, PathBuf};

use super::Place;
use super::catalogue::{
    OUTPUT_DIR, STATE_DIR, STORAGE, STORAGE_ACCOUNT_NAME, STORAGE_BLOB_SERVICE_URI,
    STORAGE_CLIENT_ID, Setting,
};
use super::identity;
use super::reading::Reading;
use crate::net::identity::Identity;
use crate::state::account::{BlobAccount, BlobCredential};

/// Where the cursor is kept.
#[derive(Clone, Debug)]
pub enum StoreSettings {
    /// A container of a storage account.
    Blob(BlobAccount),
    /// A local folder.
    Folder(PathBuf),
}

impl StoreSettings {
    /// Beside the files of a local sink.
    pub(super) fn beside_output(
        reading: &mut Reading<'_>,
        place: Place,
        output: &Path,
    ) -> StoreSettings {
        // The host itself needs a storage account: there, its presence says nothing.
        let account = storage_account(reading).filter(|_| place == Place::Shell);
        let unused = if reading.is_set(&STATE_DIR) {
            Some(STATE_DIR)
        } else {
            account
        };
        let folder = output.join("state");
        if let Some(unused) = unused {
            reading.warn(format!(
                "{} is not used: the cursor is kept in {}, because {} is set",
                unused.name,
                folder.display(),
                OUTPUT_DIR.name
            ));
        }
        StoreSettings::Folder(folder)
    }

    /// For a sink that is not local.
    pub(super) fn read(reading: &mut Reading<'_>, place: Place) -> Option<StoreSettings> {
        let account = storage_account(reading);
        match (place, account, reading.is_set(&STATE_DIR)) {
            (Place::Host, Some(account), true) => warn_unused(reading, &STATE_DIR, &account),
            (Place::Shell, Some(account), true) => warn_unused(reading, &account, &STATE_DIR),
            _ => {}
        }
        match (place, account, reading.is_set(&STATE_DIR)) {
            (Place::Host, Some(_), _) | (Place::Shell, Some(_), false) => {
                blob_account(reading).map(StoreSettings::Blob)
            }
            (Place::Host, None, false) => {
                reading.problem(STORAGE.name, NO_STORE);
                None
            }
            (Place::Host, None, true) | (Place::Shell, ..) => {
                let folder = reading.defaulted(&STATE_DIR, str::parse);
                folder.map(StoreSettings::Folder)
            }
        }
    }
}

const NO_STORE: &str = "nothing says where the cursor is kept; set AzureWebJobsStorage__accountName \
    and AzureWebJobsStorage__credential=managedidentity, or AzureWebJobsStorage";

fn warn_unused(reading: &mut Reading<'_>, unused: &Setting, used: &Setting) {
    reading.warn(format!(
        "{} is not used: the cursor is kept where {} says",
        unused.name, used.name
    ));
}

/// The setting that names a storage account, in the order in which the host takes them.
fn storage_account(reading: &Reading<'_>) -> Option<Setting> {
    let candidates = [STORAGE, STORAGE_BLOB_SERVICE_URI, STORAGE_ACCOUNT_NAME];
    candidates
        .into_iter()
        .find(|setting| reading.is_set(setting))
}

fn blob_account(reading: &mut Reading<'_>) -> Option<BlobAccount> {
    if reading.is_set(&STORAGE) {
        return reading.optional(&STORAGE, BlobAccount::from_connection_string);
    }
    let storage_client = reading.optional(&STORAGE_CLIENT_ID, identity::client_id);
    let credential = identity::read(reading, storage_client).map(BlobCredential::Identity);
    // Without a good credential the address is still looked at, for its own problems.
    let stand_in = credential
        .clone()
        .unwrap_or(BlobCredential::Identity(Identity::Developer));
    let account = match reading.is_set(&STORAGE_BLOB_SERVICE_URI) {
        true => reading.optional(&STORAGE_BLOB_SERVICE_URI, |uri| {
            BlobAccount::from_service_uri(uri, stand_in)
        }),
        false => reading.optional(&STORAGE_ACCOUNT_NAME, |name| {
            BlobAccount::from_name(name, stand_in)
        }),
    };
    credential.and(account)
}
