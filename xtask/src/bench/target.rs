//! A program that can be measured, and its settings: ours, or the baseline client.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use tokio::process::Command;
use tokio::time::interval;

use super::expected::Expected;
use super::site::Site;
use crate::child::{self, ProcessorTime};

/// How often the child's memory is looked at; a peak of its last moments may be missed.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// An API of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Api {
    /// By the workspace's key, as it is
    DataCollector,
    /// By a managed identity's token, gzipped
    LogsIngestion,
}

impl Api {
    pub(super) const ALL: [Api; 2] = [Api::DataCollector, Api::LogsIngestion];

    pub(super) fn name(self) -> &'static str {
        match self {
            Api::DataCollector => "Data Collector",
            Api::LogsIngestion => "Logs Ingestion",
        }
    }
}

/// A program that ships everything once and then ends.
pub(super) struct BenchTarget {
    pub(super) name: &'static str,
    pub(super) api: Api,
    pub(super) expected: Expected,
    program: PathBuf,
    arguments: &'static [&'static str],
    /// Where it keeps its cursor; emptied before every run.
    state: PathBuf,
    /// A setting of the baseline client's own: how many bytes the rows of a full page have.
    row_bytes_per_page: Option<u64>,
}

/// What one run used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    pub(super) wall: Duration,
    /// `None` where the system does not tell.
    pub(super) processor: Option<ProcessorTime>,
    /// Bytes; `None` where the system does not tell.
    pub(super) peak_memory: Option<u64>,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} s", self.wall.as_secs_f64())?;
        match self.processor {
            Some(time) => write!(f, ", processor {:.2} s", time.total().as_secs_f64()),
            None => Ok(()),
        }
    }
}

impl BenchTarget {
    pub(super) fn program(api: Api, program: PathBuf, state: PathBuf) -> Self {
        Self {
            name: "okta-sentinel",
            api,
            expected: Expected::EachOnce,
            program,
            arguments: &["ship", "--until-caught-up", "--json"],
            state,
            row_bytes_per_page: None,
        }
    }

    /// The baseline client: see `benches/baseline.rs`.
    pub(super) fn baseline(
        api: Api,
        program: PathBuf,
        state: PathBuf,
        row_bytes_per_page: u64,
    ) -> Self {
        Self {
            name: "baseline client",
            api,
            expected: match api {
                Api::DataCollector => Expected::EachAtLeastOnce,
                // An event as it came has none of the rule's columns.
                Api::LogsIngestion => Expected::AsManyRows,
            },
            program,
            arguments: &[],
            state,
            row_bytes_per_page: Some(row_bytes_per_page),
        }
    }

    /// Runs it from nothing to its end.
    ///
    /// # Errors
    /// It cannot be started, or fails; the error has its last words.
    pub(super) async fn run(&self, site: &Site) -> anyhow::Result<Usage> {
        let (usage, _) = self.run_under(&[], site).await?;
        Ok(usage)
    }

    /// Runs it as another program's argument; returns what was said on stderr, too.
    ///
    /// # Errors
    /// As [`BenchTarget::run`].
    pub(super) async fn run_under(
        &self,
        wrapper: &[&str],
        site: &Site,
    ) -> anyhow::Result<(Usage, String)> {
        self.forget()?;
        let mut command = match wrapper.split_first() {
            Some((first, more)) => {
                let mut command = Command::new(first);
                command.args(more).arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        let earlier = child::processor_time();
        let begun = Instant::now();
        let child = command
            .args(self.arguments)
            .env_clear()
            .envs(settings(self.api, site))
            .env("STATE_DIR", &self.state)
            .envs(
                self.row_bytes_per_page
                    .map(|bytes| ("ROW_BYTES_PER_PAGE", bytes.to_string())),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", self.program.display()))?;
        let pid = child.id();
        let ended = child.wait_with_output();
        tokio::pin!(ended);
        let mut looks = interval(LOOK_EVERY);
        let mut peak_memory = None;
        let output = loop {
            tokio::select! {
                output = &mut ended => break output?,
                _ = looks.tick() => peak_memory = pid.and_then(child::peak_memory).or(peak_memory),
            }
        };
        let wall = begun.elapsed();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            bail!("{} failed ({}): {}", self.name, output.status, said.trim());
        }
        let processor = child::processor_time()
            .zip(earlier)
            .map(|(now, then)| now.since(then));
        let usage = Usage {
            wall,
            processor,
            peak_memory,
        };
        Ok((usage, said))
    }

    fn forget(&self) -> anyhow::Result<()> {
        match fs::remove_dir_all(&self.state) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                bail!("{} cannot be emptied: {error}", self.state.display())
            }
            _ => Ok(()),
        }
    }
}

fn settings(api: Api, site: &Site) -> Vec<(&'static str, String)> {
    let Site { org, workspace } = site;
    let mut settings = vec![
        ("OKTA_DOMAIN", org.url().to_owned()),
        ("OKTA_API_TOKEN", org.token().to_owned()),
        ("OKTA_RATE_SHARE", "1".to_owned()),
        // Ten million events reach back further than the week that is the default.
        ("OKTA_BACKFILL_DAYS", "90".to_owned()),
    ];
    settings.extend(match api {
        Api::DataCollector => vec![
            ("WORKSPACE_ID", workspace.id().to_owned()),
            ("WORKSPACE_KEY", workspace.key().to_owned()),
            ("LOG_ANALYTICS_URI", workspace.uri()),
        ],
        Api::LogsIngestion => {
            let identity = workspace.identity();
            vec![
                ("LOGS_INGESTION_ENDPOINT", workspace.uri()),
                ("DCR_IMMUTABLE_ID", workspace.rule_id().to_owned()),
                ("AZURE_CLIENT_ID", identity.client_id().to_owned()),
                ("IDENTITY_ENDPOINT", workspace.identity_endpoint()),
                ("IDENTITY_HEADER", identity.header().to_owned()),
            ]
        }
    });
    settings
}
