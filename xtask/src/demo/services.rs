//! The local services of the demo, and the program between them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use sandbox::functions_host::{self, FunctionsHost};
use sandbox::okta::{OktaOrg, OrgConfig};
use sandbox::workspace::{self, Table, Workspace};

use super::options::Options;
use crate::checkout;

/// The function that ships.
pub(super) const TIMER: &str = "OktaSyslogTimer";
/// The table that it fills.
pub(super) const TABLE: &str = "Okta_CL";

/// How long a 429 keeps the program waiting: Okta's window is a minute, too long to watch.
const RATE_WINDOW: Duration = Duration::from_secs(2);

/// Everything that runs during the demo.
pub(super) struct Services {
    pub(super) org: OktaOrg,
    pub(super) workspace: Workspace,
    pub(super) host: FunctionsHost,
    /// From the start of the handler's process to its first answered probe.
    pub(super) ready_after: Option<Duration>,
    pub(super) folder: PathBuf,
}

impl Services {
    /// Starts the org and the workspace, then the host with the real binary.
    pub(super) async fn start(
        options: &Options,
        program: &Path,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let org = OktaOrg::start(OrgConfig {
            seed: options.seed,
            events: options.backlog(),
            rate_window: RATE_WINDOW,
            ..OrgConfig::default()
        });
        let org = org.await.context("the local Okta org cannot be started")?;
        let workspace = Workspace::start(workspace::Config {
            keep_rows: 0,
            output_dir: Some(folder.to_owned()),
            ..workspace::Config::default()
        });
        let workspace = workspace
            .await
            .context("the local workspace cannot be started")?;
        let config = functions_host::Config {
            executable: Some(program.to_owned()),
            ..functions_host::Config::new(checkout::root())
        };
        let config = config
            .setting("OKTA_DOMAIN", org.url())
            .setting("OKTA_API_TOKEN", org.token())
            .setting("OKTA_POLL_SCHEDULE", "0 * * * * *")
            .setting("WORKSPACE_ID", workspace.id())
            .setting("WORKSPACE_KEY", workspace.key())
            .setting("LOG_ANALYTICS_URI", workspace.uri())
            .setting("STATE_DIR", folder.join("state").display().to_string());
        let host = FunctionsHost::start(config).await?;
        Ok(Self {
            ready_after: host.ready_after(),
            folder: folder.to_owned(),
            org,
            workspace,
            host,
        })
    }

    pub(super) fn table(&self) -> Table {
        self.workspace.table(TABLE)
    }

    pub(super) fn table_file(&self) -> PathBuf {
        self.folder.join(format!("{TABLE}.ndjson"))
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.folder.join("handler.log")
    }

    /// Writes what the handler has logged so far.
    pub(super) fn write_log(&self) -> anyhow::Result<()> {
        let lines: Vec<String> = self
            .host
            .lines()
            .into_iter()
            .map(|line| line.text)
            .collect();
        let file = self.log_file();
        fs::write(&file, lines.join("\n") + "\n")
            .with_context(|| format!("{} cannot be written", file.display()))
    }
}
