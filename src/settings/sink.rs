//! Where events go: a data collection rule, else a workspace by its key, else a local folder, and
//! never nowhere. Whatever is passed over is named in one warning.

use std::path::PathBuf;

use crate::log_analytics::data_collector::workspace::{LogAnalyticsUri, Workspace, WorkspaceId};
use crate::log_analytics::logs_ingestion::rule::Rule;
use crate::net::identity::Identity;
use crate::settings::catalogue::{
    DCR_IMMUTABLE_ID, DCR_STREAM, LOG_ANALYTICS_URI, LOG_TYPE, LOGS_INGESTION_ENDPOINT, OUTPUT_DIR,
    Setting, WORKSPACE_ID, WORKSPACE_KEY,
};
use crate::settings::identity;
use crate::settings::launched_by::LaunchedBy;
use crate::settings::reader::SettingsReader;

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
    DataCollector(Box<Workspace>),
    /// NDJSON files named after the tables.
    Local {
        /// The folder they are in.
        folder: PathBuf,
    },
}

/// What each API has of its own.
const RULE_SETTINGS: [&Setting; 3] = [&LOGS_INGESTION_ENDPOINT, &DCR_IMMUTABLE_ID, &DCR_STREAM];
const WORKSPACE_SETTINGS: [&Setting; 4] =
    [&WORKSPACE_ID, &WORKSPACE_KEY, &LOG_ANALYTICS_URI, &LOG_TYPE];

impl SinkSettings {
    /// The folder that events go to, if neither API is set to take them.
    pub(super) fn local_folder(reader: &SettingsReader<'_>) -> Option<PathBuf> {
        let apis = [
            LOGS_INGESTION_ENDPOINT,
            DCR_IMMUTABLE_ID,
            WORKSPACE_ID,
            WORKSPACE_KEY,
        ];
        let is_local = !apis.iter().any(|setting| reader.is_set(setting));
        let folder = reader.value(&OUTPUT_DIR).filter(|_| is_local)?;
        Some(folder.text.into())
    }

    pub(super) fn read(
        reader: &mut SettingsReader<'_>,
        launched_by: LaunchedBy,
    ) -> Option<SinkSettings> {
        if reader.is_set(&LOGS_INGESTION_ENDPOINT) || reader.is_set(&DCR_IMMUTABLE_ID) {
            let unused = WORKSPACE_SETTINGS.into_iter().chain([&OUTPUT_DIR]);
            let where_to = "the data collection rule";
            warn_unused(reader, unused, where_to, &LOGS_INGESTION_ENDPOINT);
            return logs_ingestion(reader);
        }
        if reader.is_set(&WORKSPACE_ID) || reader.is_set(&WORKSPACE_KEY) {
            let unused = RULE_SETTINGS.into_iter().chain([&OUTPUT_DIR]);
            warn_unused(reader, unused, "the workspace", &WORKSPACE_ID);
            reader.warn(SUPPORT_ENDED.to_owned());
            return data_collector(reader);
        }
        if !reader.is_set(&OUTPUT_DIR) {
            reader.problem(LOGS_INGESTION_ENDPOINT.name, no_sink(launched_by));
        }
        let folder = reader.value(&OUTPUT_DIR)?.text.into();
        Some(SinkSettings::Local { folder })
    }
}

/// Microsoft's page "Migrate from the HTTP Data Collector API to the Log Ingestion API".
const SUPPORT_ENDED: &str = "events go by the HTTP Data Collector API, because WORKSPACE_ID is \
    set: its support ended on 14 September 2026, though it goes on ingesting; make a data \
    collection rule and set LOGS_INGESTION_ENDPOINT and DCR_IMMUTABLE_ID instead";

/// One warning for all settings that were given a meaning of their own and have none.
fn warn_unused<'s>(
    reader: &mut SettingsReader<'_>,
    candidates: impl Iterator<Item = &'s Setting>,
    where_to: &str,
    because: &Setting,
) {
    let unused: Vec<&str> = candidates
        .filter(|setting| reader.value(setting).map(|raw| raw.text) != setting.default)
        .filter_map(|setting| reader.value(setting).map(|raw| raw.name))
        .collect();
    if let Some((last, others)) = unused.split_last() {
        let names = match others.is_empty() {
            true => format!("{last} is"),
            false => format!("{} and {last} are", others.join(", ")),
        };
        let because = because.name;
        reader.warn(format!(
            "{names} not used: events go to {where_to}, because {because} is set"
        ));
    }
}

fn logs_ingestion(reader: &mut SettingsReader<'_>) -> Option<SinkSettings> {
    let endpoint = reader.required(
        &LOGS_INGESTION_ENDPOINT,
        "DCR_IMMUTABLE_ID needs it; copy endpoints.logsIngestion from the data collection rule's \
         JSON view",
        str::parse,
    );
    let id = reader.required(
        &DCR_IMMUTABLE_ID,
        "LOGS_INGESTION_ENDPOINT needs it; copy immutableId from the data collection rule's JSON \
         view",
        str::parse,
    );
    let events = reader.defaulted(&DCR_STREAM, str::parse);
    let identity = identity::read(reader, None);
    Some(SinkSettings::LogsIngestion {
        rule: Rule {
            endpoint: endpoint?,
            id: id?,
            events: events?,
        },
        identity: identity?,
    })
}

fn data_collector(reader: &mut SettingsReader<'_>) -> Option<SinkSettings> {
    let id = reader.required(
        &WORKSPACE_ID,
        "WORKSPACE_KEY needs it; copy the Workspace ID from the workspace's overview in the portal",
        str::parse::<WorkspaceId>,
    );
    let key = reader.required(
        &WORKSPACE_KEY,
        "WORKSPACE_ID needs it; copy the workspace's primary key",
        str::parse,
    );
    // A wrong id must not hide a wrong address: any id serves to read it.
    let stand_in = || "00000000-0000-0000-0000-000000000000".parse().ok();
    let id_in_uri = id.clone().or_else(stand_in)?;
    let uri = reader.defaulted(&LOG_ANALYTICS_URI, |text| {
        LogAnalyticsUri::read(text, &id_in_uri)
    });
    let log_type = reader.defaulted(&LOG_TYPE, str::parse);
    let workspace = Workspace {
        id: id?,
        key: key?,
        uri: uri?,
        log_type: log_type?,
    };
    Some(SinkSettings::DataCollector(Box::new(workspace)))
}

fn no_sink(launched_by: LaunchedBy) -> String {
    let folder = match launched_by {
        LaunchedBy::Host => "for a trial on this machine, OUTPUT_DIR",
        LaunchedBy::Shell => "to write files instead, OUTPUT_DIR",
    };
    format!(
        "nothing says where events go; set LOGS_INGESTION_ENDPOINT and DCR_IMMUTABLE_ID, or {folder}"
    )
}
