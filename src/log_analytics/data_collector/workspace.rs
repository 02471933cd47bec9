//! A Log Analytics workspace as the Data Collector API names it.
//!
//! <https://learn.microsoft.com/azure/azure-monitor/logs/data-collector-api>
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice};
use url::Url;

use crate::net::address::{self, AddressError};

/// Whether `text` is 32 hex digits in groups of 8-4-4-4-12.
pub fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.chars().all(|c| c.is_ascii_hexdigit()))
}

/// The workspace's id, a GUID as the portal shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceId(String);

/// Why a text is not a workspace's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkspaceIdError {
    /// Long enough to be the key, so it is not shown.
    #[error(
        "the value is too long for a GUID and may be the workspace's key (so it is not shown); \
         copy the Workspace ID, and put the key in WORKSPACE_KEY"
    )]
    LikeAKey,
    /// Anything else.
    #[error("{0} is not a GUID; copy the Workspace ID from the workspace's overview in the portal")]
    NotAGuid(String),
}

impl WorkspaceId {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WorkspaceId {
    type Err = WorkspaceIdError;

    fn from_str(text: &str) -> Result<WorkspaceId, WorkspaceIdError> {
        match text {
            guid if is_guid(guid) => Ok(WorkspaceId(guid.to_owned())),
            long if long.len() > 40 => Err(WorkspaceIdError::LikeAKey),
            other => Err(WorkspaceIdError::NotAGuid(address::shown(other))),
        }
    }
}

/// The key that signs posts to a workspace, decoded.
#[derive(Clone, Debug)]
pub struct WorkspaceKey(SecretSlice<u8>);

/// Why a text is not a key. The text itself is never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkspaceKeyError {
    /// The id in the key's place.
    #[error("the value is a GUID, as the workspace's id is; copy the primary key instead")]
    Guid,
    /// A copy that lost its end, which double-clicking a key does.
    #[error("the value is base64 without its end (a key ends in = or ==); copy the key whole")]
    Truncated,
    /// Anything else.
    #[error("the value is not base64; copy the workspace's primary or secondary key")]
    NotBase64,
}

impl WorkspaceKey {
    /// The bytes to sign with.
    pub fn expose_secret(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl FromStr for WorkspaceKey {
    type Err = WorkspaceKeyError;

    fn from_str(text: &str) -> Result<WorkspaceKey, WorkspaceKeyError> {
        if is_guid(text) {
            return Err(WorkspaceKeyError::Guid);
        }
        match STANDARD.decode(text) {
            Ok(key) if !key.is_empty() => Ok(WorkspaceKey(key.into())),
            _ if lacks_padding(text) => Err(WorkspaceKeyError::Truncated),
            _ => Err(WorkspaceKeyError::NotBase64),
        }
    }
}

/// Whether `text` is base64 that stops before the end of a group of four characters.
fn lacks_padding(text: &str) -> bool {
    let of_alphabet = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let unpadded = text.strip_suffix('=').unwrap_or(text);
    !text.len().is_multiple_of(4) && !unpadded.is_empty() && unpadded.chars().all(of_alphabet)
}

/// What the service names the table after: it appends `_CL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogType(String);

/// Why a text is not a log type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogTypeError {
    /// The table's whole name.
    #[error("{0} ends in _CL, which the service appends by itself; write {1}")]
    Suffixed(String, String),
    /// A character or a length that the service refuses.
    #[error("{0} is not up to 100 letters, digits and underscores; write a name such as Okta")]
    NotAName(String),
}

impl LogType {
    /// The longest name that the service takes, in characters.
    pub const MAX_LENGTH: usize = 100;

    /// The value of the `Log-Type` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LogType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LogType {
    type Err = LogTypeError;

    fn from_str(text: &str) -> Result<LogType, LogTypeError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if text.is_empty() || text.len() > LogType::MAX_LENGTH || !text.chars().all(allowed) {
            return Err(LogTypeError::NotAName(address::shown(text)));
        }
        let upper = text.to_ascii_uppercase();
        match upper
            .strip_suffix("_CL")
            .and_then(|stem| text.get(..stem.len()))
        {
            Some("") => Err(LogTypeError::NotAName(address::shown(text))),
            Some(stem) => Err(LogTypeError::Suffixed(
                address::shown(text),
                stem.to_owned(),
            )),
            None => Ok(LogType(text.to_owned())),
        }
    }
}

/// Where a workspace takes posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogAnalyticsUri(Url);

impl LogAnalyticsUri {
    /// Reads an address, with the workspace's id where it says `{id}`.
    ///
    /// # Errors
    /// As any address of the settings; it has no path.
    pub fn read(text: &str, workspace: &WorkspaceId) -> Result<LogAnalyticsUri, AddressError> {
        address::read_origin(&text.replace("{id}", workspace.as_str())).map(LogAnalyticsUri)
    }

    /// The address with `/` as path.
    pub fn base(&self) -> &Url {
        &self.0
    }

    /// What a post goes to: `<uri>/api/logs?api-version=2016-04-01`.
    pub fn request_url(&self) -> Url {
        let mut url = self.0.clone();
        url.set_path("/api/logs");
        url.set_query(Some("api-version=2016-04-01"));
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-2222-3333-4444-555555555555";
    const KEY: &str =
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";

    #[test]
    fn a_key_is_decoded_and_not_printed() {
        let key: WorkspaceKey = KEY.parse().unwrap();
        assert_eq!(key.expose_secret(), (0..64).collect::<Vec<u8>>());
        assert!(!format!("{key:?}").contains("AAEC"));
        assert!(!format!("{key:?}").contains("1, 2, 3"));
    }

    #[test]
    fn a_key_that_lost_its_end_is_told_so() {
        for lost in 1..=3 {
            let cut = KEY.get(..KEY.len() - lost).unwrap();
            assert_eq!(
                cut.parse::<WorkspaceKey>().unwrap_err(),
                WorkspaceKeyError::Truncated
            );
        }
    }

    #[test]
    fn posts_go_to_the_path_that_is_signed() {
        let id: WorkspaceId = ID.parse().unwrap();
        let uri = LogAnalyticsUri::read("https://{id}.ods.opinsights.azure.us/", &id).unwrap();
        let expected =
            format!("https://{ID}.ods.opinsights.azure.us/api/logs?api-version=2016-04-01");
        assert_eq!(uri.request_url().as_str(), expected);
    }
}
