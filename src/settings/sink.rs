//! Where events go: a workspace, else a local folder, and never nowhere.

use std::path::PathBuf;

use super::Place;
use super::catalogue::{LOG_ANALYTICS_URI, LOG_TYPE, OUTPUT_DIR, WORKSPACE_ID, WORKSPACE_KEY};
use super::reading::Reading;
use crate::ingest::workspace::{LogAnalyticsUri, LogType, WorkspaceId, WorkspaceKey};

/// Where events go.
#[derive(Clone, Debug)]
pub enum SinkSettings {
    /// The HTTP Data Collector API of a Log Analytics workspace.
    DataCollector {
        /// The workspace.
        workspace_id: WorkspaceId,
        /// What signs a post.
        key: WorkspaceKey,
        /// Where posts go.
        uri: LogAnalyticsUri,
        /// The table, less `_CL`.
        log_type: LogType,
    },
    /// NDJSON files named after the tables.
    Local {
        /// The folder they are in.
        folder: PathBuf,
    },
}

impl SinkSettings {
    pub(super) fn read(reading: &mut Reading<'_>, place: Place) -> Option<SinkSettings> {
        if reading.is_set(&WORKSPACE_ID) || reading.is_set(&WORKSPACE_KEY) {
            if reading.is_set(&OUTPUT_DIR) {
                reading.warn(format!(
                    "{} is not used: events go to the workspace, because {} is set",
                    OUTPUT_DIR.name, WORKSPACE_ID.name
                ));
            }
            return data_collector(reading);
        }
        if !reading.is_set(&OUTPUT_DIR) {
            reading.problem(WORKSPACE_ID.name, no_sink(place));
        }
        let folder = reading.value(&OUTPUT_DIR)?.text.into();
        Some(SinkSettings::Local { folder })
    }
}

fn data_collector(reading: &mut Reading<'_>) -> Option<SinkSettings> {
    let workspace_id = reading.required(
        &WORKSPACE_ID,
        "WORKSPACE_KEY needs it; copy the Workspace ID from the workspace's overview in the portal",
        |given| given.text.parse::<WorkspaceId>(),
    );
    let key = reading.required(
        &WORKSPACE_KEY,
        "WORKSPACE_ID needs it; copy the workspace's primary key",
        |given| given.text.parse::<WorkspaceKey>(),
    );
    // A wrong id must not hide a wrong address: any id serves to read it.
    let stand_in = || "00000000-0000-0000-0000-000000000000".parse().ok();
    let id_in_uri = workspace_id.clone().or_else(stand_in)?;
    let uri = reading.defaulted(&LOG_ANALYTICS_URI, |text| {
        LogAnalyticsUri::read(text, &id_in_uri)
    });
    let log_type = reading.defaulted(&LOG_TYPE, str::parse);
    Some(SinkSettings::DataCollector {
        workspace_id: workspace_id?,
        key: key?,
        uri: uri?,
        log_type: log_type?,
    })
}

fn no_sink(place: Place) -> String {
    let folder = match place {
        Place::Host => "for a trial on this machine, OUTPUT_DIR",
        Place::Shell => "to write files instead, OUTPUT_DIR",
    };
    format!("nothing says where events go; set WORKSPACE_ID and WORKSPACE_KEY, or {folder}")
}
