//! An Okta org, a workspace and a folder for state, and the program's own parts between them. Rows
//! go through either of the two ingestion APIs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use chrono::Utc;
use okta_sentinel::log_analytics::logs_ingestion::LogsIngestion;
use okta_sentinel::net::http::http_client;
use okta_sentinel::settings::{Environment, LaunchedBy, Settings, SinkSettings};
use okta_sentinel::ship::{Begin, Ended, RunError, RunReport, Shipper};
use okta_sentinel::telemetry::Log;
use sandbox::okta::{OktaOrg, OrgConfig};
use sandbox::workspace::{self, Fault, Post, RuleConfig, StreamColumns, Workspace};
use tokio_util::sync::CancellationToken;

/// The API that takes the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IngestionApi {
    DataCollector,
    LogsIngestion,
}

/// Makes two tests of each function: one through each API.
macro_rules! for_each_sink {
    ($($test:ident),+ $(,)?) => {
        mod data_collector_api {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::support::fixture::IngestionApi::DataCollector).await;
            })+
        }
        mod logs_ingestion_api {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::support::fixture::IngestionApi::LogsIngestion).await;
            })+
        }
    };
}
pub(crate) use for_each_sink;

pub(crate) struct Fixture {
    pub(crate) api: IngestionApi,
    pub(crate) org: OktaOrg,
    pub(crate) workspace: Workspace,
    pub(crate) state: tempfile::TempDir,
}

impl Fixture {
    /// An org as given and an empty workspace.
    pub(crate) async fn with_org(org: OrgConfig) -> Fixture {
        Fixture::start(IngestionApi::DataCollector, org).await
    }

    /// The same through this API.
    pub(crate) async fn start(api: IngestionApi, org: OrgConfig) -> Fixture {
        Fixture::start_with_workspace(workspace_config(), api, org).await
    }

    /// The same, to a workspace as given.
    pub(crate) async fn start_with_workspace(
        workspace: workspace::Config,
        api: IngestionApi,
        org: OrgConfig,
    ) -> Fixture {
        crate::support::log_capture::install_global_subscriber();
        println!("seed {}", org.seed);
        Fixture {
            api,
            org: OktaOrg::start(org).await.unwrap(),
            workspace: Workspace::start(workspace).await.unwrap(),
            state: tempfile::tempdir().unwrap(),
        }
    }

    /// An org with this many events of the last hours.
    pub(crate) async fn with_events(events: u64) -> Fixture {
        Fixture::start_with_events(IngestionApi::DataCollector, events).await
    }

    /// The same through this API.
    pub(crate) async fn start_with_events(api: IngestionApi, events: u64) -> Fixture {
        let org = OrgConfig {
            events,
            ..OrgConfig::default()
        };
        Fixture::start(api, org).await
    }

    /// The settings that lead here, for an environment.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let workspace = &self.workspace;
        let mut settings = vec![
            ("OKTA_DOMAIN", self.org.url().to_owned()),
            ("OKTA_API_TOKEN", self.org.token().to_owned()),
            ("OKTA_RATE_SHARE", "1".to_owned()),
            ("STATE_DIR", self.state.path().to_str().unwrap().to_owned()),
        ];
        settings.extend(match self.api {
            IngestionApi::DataCollector => vec![
                ("WORKSPACE_ID", workspace.id().to_owned()),
                ("WORKSPACE_KEY", workspace.key().to_owned()),
                ("LOG_ANALYTICS_URI", workspace.uri()),
            ],
            IngestionApi::LogsIngestion => vec![
                ("LOGS_INGESTION_ENDPOINT", workspace.uri()),
                ("DCR_IMMUTABLE_ID", workspace.rule_id().to_owned()),
                (
                    "AZURE_CLIENT_ID",
                    workspace.identity().client_id().to_owned(),
                ),
                ("IDENTITY_ENDPOINT", workspace.identity_endpoint()),
                ("IDENTITY_HEADER", workspace.identity().header().to_owned()),
            ],
        });
        let own = settings.into_iter();
        own.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The program's parts, with some settings changed.
    pub(crate) fn shipper_with(&self, changes: &[(&str, &str)]) -> Shipper {
        let mut pairs = self.settings();
        pairs.extend(
            changes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let environment = Environment::from_pairs(pairs);
        let settings = Settings::read(&environment, LaunchedBy::Shell, Utc::now()).unwrap();
        let sink = settings.sink.clone();
        let shipper = Shipper::assemble(settings).unwrap();
        match sink {
            // The SDK reads its variables from the process, which all tests share.
            SinkSettings::LogsIngestion { rule, .. } => {
                let http = http_client(rule.endpoint.base()).unwrap();
                let identity = Arc::new(FixtureIdentity(self.workspace.identity().clone()));
                let sink =
                    LogsIngestion::with_credential(http, rule, "ask the administrator", identity);
                Shipper {
                    sink: Arc::new(sink),
                    ..shipper
                }
            }
            _ => shipper,
        }
    }

    /// The program's parts.
    pub(crate) fn shipper(&self) -> Shipper {
        self.shipper_with(&[])
    }

    /// One run.
    pub(crate) async fn run(&self) -> RunReport {
        run(&self.shipper()).await
    }

    /// The posts of events, the refused ones too, without those of other tables.
    pub(crate) fn posts_of_events(&self) -> Vec<Post> {
        let posts = self.workspace.posts().into_iter();
        posts.filter(|post| post.log_type == "Okta").collect()
    }

    /// Where the state of this org is.
    pub(crate) fn state_of_org(&self) -> PathBuf {
        let mut folders = std::fs::read_dir(self.state.path()).unwrap();
        folders.next().unwrap().unwrap().path()
    }

    /// `cursor.json` as it stands.
    pub(crate) fn cursor(&self) -> serde_json::Value {
        let text = std::fs::read_to_string(self.state_of_org().join("cursor.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Tries a refusal for a wrong setting: the run stops after one post and names the remedy, and
    /// the next run ships all ten events once the refusal is gone.
    pub(crate) async fn assert_stopped_with_a_remedy(&self, fault: Fault, remedy: &str) {
        self.workspace.faults().always(fault.clone());
        let report = self.run().await;
        assert!(
            matches!(report.ended, Ended::Failed(RunError::Post(_))),
            "{fault:?}: {report}"
        );
        assert!(report.to_string().contains(remedy), "{fault:?}: {report}");
        assert_eq!(self.posts_of_events().len(), 1, "{fault:?}");
        self.workspace.faults().clear();
        assert_eq!(self.run().await.events, 10, "{fault:?}");
        self.assert_each_event_is_there_once();
    }

    /// Compares the workspace with Okta's log, event by event.
    #[track_caller]
    pub(crate) fn assert_each_event_is_there_once(&self) {
        let table = self.workspace.table("Okta_CL");
        let missing: Vec<String> = self
            .org
            .ids()
            .filter(|id| table.times_seen(id) == 0)
            .take(5)
            .collect();
        assert!(missing.is_empty(), "missing, for example: {missing:?}");
        assert!(
            table.repeated_ids().is_empty(),
            "repeated: {:?}",
            table.repeated_ids()
        );
        assert_eq!(table.distinct_ids(), self.org.ids().count());
        assert_eq!(self.workspace.reports(), []);
    }
}

/// A workspace whose rule declares the columns of our tables.
pub(crate) fn workspace_config() -> workspace::Config {
    workspace::Config {
        rule: RuleConfig {
            streams: streams(),
            ..RuleConfig::default()
        },
        ..workspace::Config::default()
    }
}

/// What the deployed rule declares.
pub(crate) fn streams() -> BTreeMap<String, StreamColumns> {
    let rule = include_str!("../../../sentinel/tables/data-collection-rule.json");
    workspace::declared_streams(rule).unwrap()
}

/// Issues the tokens of the workspace's identity without HTTP.
#[derive(Debug)]
pub(crate) struct FixtureIdentity(pub(crate) workspace::Identity);

#[async_trait]
impl TokenCredential for FixtureIdentity {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let resource = scopes[0].strip_suffix("/.default").unwrap();
        match self.0.issue(resource, None, Utc::now()) {
            Ok((token, end)) => {
                let end = OffsetDateTime::from_unix_timestamp(end.timestamp()).unwrap();
                Ok(AccessToken::new(token, end))
            }
            Err(status) => Err(azure_core::error::ErrorKind::HttpResponse {
                status: status.into(),
                error_code: None,
                raw_response: None,
            }
            .into_error()),
        }
    }
}

/// One run from the saved cursor, never told to stop.
pub(crate) async fn run(shipper: &Shipper) -> RunReport {
    shipper
        .run(
            Begin::Saved,
            CancellationToken::new(),
            &Log::new("test"),
            &|_| (),
        )
        .await
}
