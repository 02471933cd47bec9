//! The program's process, between one org and one workspace.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use okta_sentinel::okta::api::domain::OktaDomain;
use sandbox::okta::OktaOrg;
use sandbox::workspace::Workspace;
use tokio::process::Command;
use tokio::time::timeout;

use crate::soak::state::{self, Blobs, Store};

/// A run that has neither ended nor come to its moment by then never will.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Killed,
    /// Everything had arrived.
    ByItself,
}

/// What is started again and again.
pub(super) struct Program {
    executable: PathBuf,
    settings: Vec<(&'static str, String)>,
    /// Where a dead process leaves a lease behind.
    blobs: Option<Blobs>,
    /// What the last run wrote to stderr.
    stderr: PathBuf,
}

impl Program {
    /// Ships from `org` to `workspace`. `folder` is for its state and its last words.
    pub(super) async fn new(
        executable: &Path,
        org: &OktaOrg,
        workspace: &Workspace,
        store: Store,
        folder: PathBuf,
    ) -> anyhow::Result<Program> {
        let mut settings = vec![
            ("OKTA_DOMAIN", org.url().to_owned()),
            ("OKTA_API_TOKEN", org.token().to_owned()),
            ("OKTA_RATE_SHARE", "1".to_owned()),
            ("WORKSPACE_ID", workspace.id().to_owned()),
            ("WORKSPACE_KEY", workspace.key().to_owned()),
            ("LOG_ANALYTICS_URI", workspace.uri()),
        ];
        let blobs = match store {
            Store::Folder => {
                settings.push(("STATE_DIR", folder.join("state").display().to_string()));
                None
            }
            Store::Blobs => {
                let azurite = state::azurite().await?;
                settings.push(("AzureWebJobsStorage", azurite.connection_string()));
                let domain: OktaDomain = org.url().parse()?;
                Some(Blobs::of(azurite, domain.key()))
            }
        };
        Ok(Program {
            executable: executable.to_owned(),
            settings,
            blobs,
            stderr: folder.join("stderr"),
        })
    }

    /// Starts it and kills it at `moment`.
    ///
    /// # Errors
    /// It failed by itself.
    pub(super) async fn run_until(
        &self,
        moment: impl Future<Output = ()>,
    ) -> anyhow::Result<Ended> {
        let mut child = self
            .command()?
            .spawn()
            .with_context(|| self.not_started())?;
        let status = tokio::select! {
            // At equal times the kill counts: an end cannot be told from it.
            biased;
            reached = timeout(TIME_LIMIT, moment) => {
                if reached.is_err() {
                    bail!("a run did nothing for {} s: {}", TIME_LIMIT.as_secs(), self.last_error());
                }
                child.kill().await.context("the program cannot be killed")?;
                return Ok(Ended::Killed);
            }
            status = child.wait() => status?,
        };
        match status.success() {
            true => Ok(Ended::ByItself),
            false => Err(self.failed(&status)),
        }
    }

    /// Starts it and waits for its end.
    ///
    /// # Errors
    /// It failed.
    pub(super) async fn run_to_the_end(&self) -> anyhow::Result<()> {
        match self.run_until(std::future::pending()).await? {
            Ended::ByItself => Ok(()),
            Ended::Killed => bail!("a run that nobody killed was killed"),
        }
    }

    /// Ends the dead process's lease, which would run out within 30 seconds.
    ///
    /// # Errors
    /// Storage does not do as asked.
    pub(super) async fn break_lease(&self) -> anyhow::Result<()> {
        if let Some(blobs) = &self.blobs {
            blobs.break_lease().await?;
        }
        Ok(())
    }

    fn command(&self) -> anyhow::Result<Command> {
        let stderr = std::fs::File::create(&self.stderr)
            .with_context(|| format!("{} cannot be written", self.stderr.display()))?;
        let mut command = Command::new(&self.executable);
        command
            .args(["ship", "--until-caught-up"])
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .kill_on_drop(true);
        Ok(command)
    }

    fn failed(&self, status: &std::process::ExitStatus) -> anyhow::Error {
        anyhow!("a run failed by itself ({status}): {}", self.last_error())
    }

    fn not_started(&self) -> String {
        format!("{} cannot be started", self.executable.display())
    }

    fn last_error(&self) -> String {
        let stderr = std::fs::read_to_string(&self.stderr).unwrap_or_default();
        stderr.trim().to_owned()
    }
}
