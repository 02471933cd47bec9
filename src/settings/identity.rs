//! Which identity Azure sees, for storage and for ingestion alike.

use crate::net::address::shown;
use crate::net::checked_text::is_guid;
use crate::net::identity::Identity;
use crate::settings::catalogue::{AZURE_CLIENT_ID, STORAGE_CREDENTIAL};
use crate::settings::reader::SettingsReader;

/// The app's identity where it has one or is said to have one, else the developer's sign-in;
/// `own_client_id` is that of one service alone and wins over `AZURE_CLIENT_ID`.
pub(super) fn read(
    reader: &mut SettingsReader<'_>,
    own_client_id: Option<String>,
) -> Option<Identity> {
    let client_id = own_client_id.or(reader.optional(&AZURE_CLIENT_ID, client_id));
    // Set by App Service where the app has an identity:
    // <https://learn.microsoft.com/azure/app-service/overview-managed-identity>
    let has_identity = reader.platform("IDENTITY_ENDPOINT").is_some();
    if !reader.is_set(&STORAGE_CREDENTIAL) {
        return Some(match has_identity {
            true => Identity::Managed { client_id },
            false => Identity::Developer,
        });
    }
    reader.optional(&STORAGE_CREDENTIAL, |text| {
        match text.to_ascii_lowercase().as_str() {
            "managedidentity" => Ok(Identity::Managed { client_id }),
            _ => Err(format!(
                "{} is not a credential this program has; write managedidentity",
                shown(text)
            )),
        }
    })
}

/// Reads a client id.
pub(super) fn client_id(text: &str) -> Result<String, String> {
    match is_guid(text) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "{} is not a GUID; copy the Client ID from the identity's overview in the portal",
            shown(text)
        )),
    }
}
