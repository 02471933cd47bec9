//! What a workspace is started with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::ingestion::stream::StreamColumns;

/// The workspace id of [`Config::default`]; it and the key are public and open nothing.
pub const WORKSPACE_ID: &str = "11111111-2222-3333-4444-555555555555";
/// The primary key of [`Config::default`]: the bytes 0 to 63, base64.
pub const WORKSPACE_KEY: &str =
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";

/// How closely posts are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Detail {
    /// Every value is typed and stored as the service would.
    #[default]
    Full,
    /// For benchmarks: signature, well-formed JSON, each distinct property name once, and ids are
    /// checked and counted. No columns, no kept rows, no files, no hash of the body.
    IdsOnly,
}

/// What a workspace is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The workspace id, a GUID.
    pub id: String,
    /// The shared key, base64.
    pub key: String,
    /// The data collection rule.
    pub rule: RuleConfig,
    /// How closely posts are looked at.
    pub detail: Detail,
    /// How many of the newest rows each table keeps for [`super::Table::kept_rows`].
    pub keep_rows: usize,
    /// A folder that gets `<table>.ndjson`, one accepted row a line under its final column names.
    pub output_dir: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            id: WORKSPACE_ID.to_owned(),
            key: WORKSPACE_KEY.to_owned(),
            rule: RuleConfig::default(),
            detail: Detail::Full,
            keep_rows: 1_000,
            output_dir: None,
        }
    }
}

/// A data collection rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleConfig {
    /// Its immutable id.
    pub id: String,
    /// Whom tokens have to be for: each cloud has its own.
    pub audience: String,
    /// Its streams, by name (`Custom-Okta_CL`), which feed the tables of that name.
    pub streams: BTreeMap<String, StreamColumns>,
    /// The client id of the identity that calls it.
    pub client_id: String,
    /// Whether that identity has the role on the rule, from the start.
    pub granted: bool,
}

impl Default for RuleConfig {
    fn default() -> Self {
        Self {
            id: "dcr-00112233445566778899aabbccddeeff".to_owned(),
            audience: "https://monitor.azure.com".to_owned(),
            streams: BTreeMap::new(),
            client_id: "22222222-3333-4444-5555-666666666666".to_owned(),
            granted: true,
        }
    }
}
