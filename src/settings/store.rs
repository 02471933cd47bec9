//! Where the cursor is kept. Two runs that disagree on it would ship everything twice, so the
//! choice is one table of who wins, and whatever is passed over is named in a warning.
//!
//! | sink | launched by | the cursor is kept in |
//! |---|---|---|
//! | local | any | `state` beside the output: a trial never moves a production cursor |
//! | workspace | Functions host | the storage account, else `STATE_DIR`, else it is a problem |
//! | workspace | shell | `STATE_DIR` where set, else the storage account, else `./state` |

use std::path::{Path, PathBuf};

use crate::net::identity::Identity;
use crate::settings::catalogue::{
    STATE_DIR, STORAGE, STORAGE_ACCOUNT_NAME, STORAGE_BLOB_SERVICE_URI, STORAGE_CLIENT_ID, Setting,
};
use crate::settings::identity;
use crate::settings::launched_by::LaunchedBy;
use crate::settings::reader::SettingsReader;
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
        reader: &mut SettingsReader<'_>,
        launched_by: LaunchedBy,
        output: &Path,
    ) -> StoreSettings {
        // The host itself needs a storage account: there, its presence says nothing.
        let account = storage_account(reader).filter(|_| launched_by == LaunchedBy::Shell);
        let state_dir = reader.is_set(&STATE_DIR).then_some(STATE_DIR);
        let folder = output.join("state");
        if let Some(unused) = state_dir.or(account) {
            let place = folder.display();
            let why = format!("the cursor is kept in {place}, because OUTPUT_DIR is set");
            reader.unused(&unused, why);
        }
        StoreSettings::Folder(folder)
    }

    /// For a sink that is not local.
    pub(super) fn read(
        reader: &mut SettingsReader<'_>,
        launched_by: LaunchedBy,
    ) -> Option<StoreSettings> {
        let folder_is_set = reader.is_set(&STATE_DIR);
        let account = storage_account(reader);
        let is_host = launched_by == LaunchedBy::Host;
        match account {
            Some(account) if is_host || !folder_is_set => {
                if folder_is_set {
                    warn_unused(reader, &STATE_DIR, &account);
                }
                return blob_account(reader).map(StoreSettings::Blob);
            }
            Some(account) => warn_unused(reader, &account, &STATE_DIR),
            None if is_host && !folder_is_set => reader.problem(STORAGE.name, NO_STORE),
            None => {}
        }
        let folder = reader.defaulted(&STATE_DIR, str::parse);
        folder.map(StoreSettings::Folder)
    }
}

const NO_STORE: &str = "nothing says where the cursor is kept; set AzureWebJobsStorage__accountName \
    and AzureWebJobsStorage__credential=managedidentity, or AzureWebJobsStorage";

fn warn_unused(reader: &mut SettingsReader<'_>, unused: &Setting, used: &Setting) {
    let why = format!("the cursor is kept where {} says", used.name);
    reader.unused(unused, why);
}

/// The setting that names a storage account, in the order in which the host takes them.
fn storage_account(reader: &SettingsReader<'_>) -> Option<Setting> {
    let candidates = [STORAGE, STORAGE_BLOB_SERVICE_URI, STORAGE_ACCOUNT_NAME];
    candidates
        .into_iter()
        .find(|setting| reader.is_set(setting))
}

fn blob_account(reader: &mut SettingsReader<'_>) -> Option<BlobAccount> {
    if reader.is_set(&STORAGE) {
        return reader.optional(&STORAGE, BlobAccount::from_connection_string);
    }
    let storage_client = reader.optional(&STORAGE_CLIENT_ID, identity::client_id);
    let credential = identity::read(reader, storage_client).map(BlobCredential::Identity);
    // Without a good credential the address is still looked at, for its own problems.
    let stand_in = credential
        .clone()
        .unwrap_or(BlobCredential::Identity(Identity::Developer));
    let account = match reader.is_set(&STORAGE_BLOB_SERVICE_URI) {
        true => reader.optional(&STORAGE_BLOB_SERVICE_URI, |uri| {
            BlobAccount::from_service_uri(uri, stand_in)
        }),
        false => reader.optional(&STORAGE_ACCOUNT_NAME, |name| {
            BlobAccount::from_name(name, stand_in)
        }),
    };
    credential.and(account)
}
