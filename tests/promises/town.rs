//! A small town for the tests: an Okta org, a workspace, and a folder for state, with the
//! program's own parts between them.

use std::path::PathBuf;

use chrono::Utc;
use okta_sentinel::run::{Begin, RunReport, Shipper};
use okta_sentinel::settings::{Environment, Place, Settings};
use okta_sentinel::telemetry::Log;
use sandbox::okta::{OktaOrg, OrgConfig};
use sandbox::workspace::{self, Post, Workspace};
use tokio_util::sync::CancellationToken;

pub(crate) struct Town {
    pub(crate) org: OktaOrg,
    pub(crate) workspace: Workspace,
    pub(crate) state: tempfile::TempDir,
}

impl Town {
    /// An org as given and an empty workspace.
    pub(crate) async fn with(org: OrgConfig) -> Town {
        crate::heard::prick_up_ears();
        println!("seed {}", org.seed);
        Town {
            org: OktaOrg::start(org).await.unwrap(),
            workspace: Workspace::start(workspace::Config::default())
                .await
                .unwrap(),
            state: tempfile::tempdir().unwrap(),
        }
    }

    /// An org with this many events of the last hours.
    pub(crate) async fn of(events: u64) -> Town {
        Town::with(OrgConfig {
            events,
            ..OrgConfig::default()
        })
        .await
    }

    /// The settings that lead here, for an environment.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        [
            ("OKTA_DOMAIN", self.org.url()),
            ("OKTA_API_TOKEN", self.org.token()),
            ("OKTA_RATE_SHARE", "1"),
            ("WORKSPACE_ID", self.workspace.id()),
            ("WORKSPACE_KEY", self.workspace.key()),
            ("LOG_ANALYTICS_URI", &self.workspace.uri()),
            ("STATE_DIR", self.state.path().to_str().unwrap()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
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
        let settings = Settings::read(&environment, Place::Shell, Utc::now()).unwrap();
        Shipper::assemble(settings).unwrap()
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

    /// Holds the workspace against Okta's log, event by event.
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
