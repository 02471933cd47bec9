//! Where events go: a data collection rule, else a workspace by its key, else a local folder, and
//! never nowhere. Whatever is passed over is named in one warning.

use std::path::PathBuf;

use super::catalogue::{
    DCR_IMMUTABLE_ID, DCR_STREAM, LOG_ANALYTICS_URI, LOG_TYPE, LOGS_INGESTION_ENDPOINT, OUTPUT_DIR,
    Setting, WORKSPACE_ID, WORKSPACE_KEY,
};
use super::reading::Reading;
use super::{Place, identity};
use crate::log_analytics::data_collector::workspace::{
    LogAnalyticsUri, LogType, WorkspaceId, WorkspaceKey,
};
use crate::log_analytics::logs_ingestion::rule::Rule;
use crate::net::identity::Identity;

/// Where events go.
#[derive(Clone, Debug)]
pub enum SinkSettings {
    /// The Logs Ingestion API of a data collection rule.
    LogsIngestion {
        /// The rule.
        rule: Rule,
        /// Whose tokens it is sent.
        identity: Identity,
    },
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

/// What each road has of its own.
const OF_THE_RULE: [&Setting; 3] = [&LOGS_INGESTION_ENDPOINT, &DCR_IMMUTABLE_ID, &DCR_STREAM];
const OF_THE_WORKSPACE: [&Setting; 4] =
    [&WORKSPACE_ID, &WORKSPACE_KEY, &LOG_ANALYTICS_URI, &LOG_TYPE];

impl SinkSettings {
    pub(super) fn read(reading: &mut Reading<'_>, place: Place) -> Option<SinkSettings> {
        if reading.is_set(&LOGS_INGESTION_ENDPOINT) || reading.is_set(&DCR_IMMUTABLE_ID) {
            let unused = OF_THE_WORKSPACE.into_iter().chain([&OUTPUT_DIR]);
            let where_to = "the data collection rule";
            warn_unused(reading, unused, where_to, &LOGS_INGESTION_ENDPOINT);
            return logs_ingestion(reading);
        }
        if reading.is_set(&WORKSPACE_ID) || reading.is_set(&WORKSPACE_KEY) {
            let unused = OF_THE_RULE.into_iter().chain([&OUTPUT_DIR]);
            warn_unused(reading, unused, "the workspace", &WORKSPACE_ID);
            reading.warn(SUPPORT_ENDED.to_owned());
            return data_collector(reading);
        }
        if !reading.is_set(&OUTPUT_DIR) {
            reading.problem(LOGS_INGESTION_ENDPOINT.name, no_sink(place));
        }
        let folder = reading.value(&OUTPUT_DIR)?.text.into();
        Some(SinkSettings::Local { folder })
    }
}

/// Microsoft's page "Migrate from the HTTP Data Collector API to the Log Ingestion API".
const SUPPORT_ENDED: &str = "events go by the HTTP Data Collector API, because WORKSPACE_ID is \
    set: its support ended on 14 September 2026, though it goes on ingesting; make a data \
    collection rule and set LOGS_INGESTION_ENDPOINT and DCR_IMMUTABLE_ID instead";

/// One warning for all settings that were given a meaning of their own and have none.
fn warn_unused<'s>(
    reading: &mut Reading<'_>,
    candidates: impl Iterator<Item = &'s Setting>,
    where_to: &str,
    because: &Setting,
) {
    let unused: Vec<&str> = candidates
        .filter(|setting| reading.value(setting).map(|given| given.text) != setting.default)
        .filter_map(|setting| reading.value(setting).map(|given| given.name))
        .collect();
    if let Some((last, others)) = unused.split_last() {
        let names = match others.is_empty() {
            true => format!("{last} is"),
            false => format!("{} and {last} are", others.join(", ")),
        };
        let because = because.name;
        reading.warn(format!(
            "{names} not used: events go to {where_to}, because {because} is set"
        ));
    }
}

fn logs_ingestion(reading: &mut Reading<'_>) -> Option<SinkSettings> {
    let endpoint = reading.required(
        &LOGS_INGESTION_ENDPOINT,
        "DCR_IMMUTABLE_ID needs it; copy endpoints.logsIngestion from the data collection rule's \
         JSON view",
        |given| given.text.parse(),
    );
    let id = reading.required(
        &DCR_IMMUTABLE_ID,
        "LOGS_INGESTION_ENDPOINT needs it; copy immutableId from the data collection rule's JSON \
         view",
        |given| given.text.parse(),
    );
    let events = reading.defaulted(&DCR_STREAM, str::parse);
    let identity = identity::read(reading, None);
    Some(SinkSettings::LogsIngestion {
        rule: Rule {
            endpoint: endpoint?,
            id: id?,
            events: events?,
        },
        identity: identity?,
    })
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
    format!(
        "nothing says where events go; set LOGS_INGESTION_ENDPOINT and DCR_IMMUTABLE_ID, or {folder}"
    )
}
