//! A Log Analytics workspace as the Data Collector API names it.
//!
//! <https://learn.microsoft.com/azure/azure-monitor/logs/data-collector-api>

use url::Url;

use super::signature::WorkspaceKey;
use crate::net::address::{self, AddressError};
use crate::net::checked_text::{checked_text, is_guid, is_word};

/// A workspace and how it takes posts.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// `WORKSPACE_ID`.
    pub id: WorkspaceId,
    /// `WORKSPACE_KEY`, which signs a post.
    pub key: WorkspaceKey,
    /// `LOG_ANALYTICS_URI`.
    pub uri: LogAnalyticsUri,
    /// `LOG_TYPE`: the table of events, less `_CL`.
    pub log_type: LogType,
}

checked_text! {
    /// The workspace's id, a GUID as the portal shows it.
    WorkspaceId, check_id => WorkspaceIdError
}

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

fn check_id(text: &str) -> Result<(), WorkspaceIdError> {
    match text {
        guid if is_guid(guid) => Ok(()),
        long if long.len() > 40 => Err(WorkspaceIdError::LikeAKey),
        other => Err(WorkspaceIdError::NotAGuid(address::shown(other))),
    }
}

checked_text! {
    /// What the service names the table after: it appends `_CL`.
    LogType, check_log_type => LogTypeError
}

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

/// The longest name that the service takes, in characters.
const LONGEST_LOG_TYPE: usize = 100;

fn check_log_type(text: &str) -> Result<(), LogTypeError> {
    let upper = text.to_ascii_uppercase();
    let stem = upper
        .strip_suffix("_CL")
        .and_then(|stem| text.get(..stem.len()));
    match stem {
        _ if !is_word(text, LONGEST_LOG_TYPE) || stem == Some("") => {
            Err(LogTypeError::NotAName(address::shown(text)))
        }
        Some(stem) => Err(LogTypeError::Suffixed(
            address::shown(text),
            stem.to_owned(),
        )),
        None => Ok(()),
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

    #[test]
    fn posts_go_to_the_path_that_is_signed() {
        let id: WorkspaceId = ID.parse().unwrap();
        let uri = LogAnalyticsUri::read("https://{id}.ods.opinsights.azure.us/", &id).unwrap();
        let expected =
            format!("https://{ID}.ods.opinsights.azure.us/api/logs?api-version=2016-04-01");
        assert_eq!(uri.request_url().as_str(), expected);
    }
}
