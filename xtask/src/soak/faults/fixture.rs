//! The services of a trial: an org, a workspace and a store, and the program's parts between them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use chrono::Utc;
use okta_sentinel::okta::api::domain::OktaDomain;
use okta_sentinel::settings::{Environment, LaunchedBy, Settings};
use okta_sentinel::ship::{Begin, RunReport, Shipper};
use okta_sentinel::telemetry::Log;
use sandbox::okta::{OktaOrg, OrgConfig};
use sandbox::workspace::Workspace;
use tokio::sync::{RwLock, RwLockWriteGuard};
use tokio_util::sync::CancellationToken;

use crate::soak::proxy::Proxy;
use crate::soak::services;
use crate::soak::state::{self, Blobs, Store, connection_string};

/// Where the cursor is.
#[derive(Debug)]
pub(super) enum State {
    Folder(PathBuf),
    Blobs { proxy: Proxy, blobs: Blobs },
}

/// The services of one trial.
pub(super) struct Fixture {
    pub(super) org: OktaOrg,
    pub(super) workspace: Workspace,
    pub(super) state: State,
    shipper: Shipper,
    /// Read by a run for as long as it lasts.
    runs: RwLock<()>,
    stop: Mutex<CancellationToken>,
    stolen: AtomicBool,
}

impl Fixture {
    /// Starts everything. `name` tells this trial's folder from the others'.
    ///
    /// # Errors
    /// Something cannot be started.
    pub(super) async fn start(org: OrgConfig, store: Store, name: &str) -> anyhow::Result<Fixture> {
        let (org, workspace) = services::start(org).await?;
        let state = match store {
            Store::Folder => State::Folder(state::new_folder(name)?),
            Store::Blobs => {
                let azurite = state::azurite().await?;
                let port = azurite.endpoint().port().context("Azurite has no port")?;
                let domain: OktaDomain = org.url().parse()?;
                State::Blobs {
                    proxy: Proxy::start(port).await?,
                    blobs: Blobs::of(azurite, domain.key()),
                }
            }
        };
        let shipper = shipper(&org, &workspace, &state)?;
        Ok(Fixture {
            org,
            workspace,
            state,
            shipper,
            runs: RwLock::new(()),
            stop: Mutex::default(),
            stolen: AtomicBool::new(false),
        })
    }

    /// One run, to its end or until somebody wants none.
    pub(super) async fn run(&self) -> RunReport {
        let _running = self.runs.read().await;
        let stop = CancellationToken::new();
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = stop.clone();
        self.shipper
            .run(Begin::Saved, stop, &Log::new("soak"), &|_| ())
            .await
    }

    /// Tells the run under way to stop; none begins while what is returned is held.
    pub(super) async fn between_runs(&self) -> RwLockWriteGuard<'_, ()> {
        let told = self
            .stop
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        told.cancel();
        self.runs.write().await
    }

    /// Says whether somebody else has the lease on purpose.
    pub(super) fn set_lease_stolen(&self, stolen: bool) {
        self.stolen.store(stolen, Ordering::Relaxed);
    }

    /// Breaks the lease of a run that could not release it; else it lasts half a minute.
    ///
    /// # Errors
    /// Storage does not do as asked.
    pub(super) async fn break_abandoned_lease(&self) -> anyhow::Result<()> {
        match &self.state {
            State::Blobs { blobs, .. } if !self.stolen.load(Ordering::Relaxed) => {
                blobs.break_lease().await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Resolves once that many posts were made.
    pub(super) async fn posts(&self, count: usize) {
        self.workspace.wait_for_posts(count).await;
    }

    /// `cursor.json` as it stands.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub(super) async fn cursor(&self) -> anyhow::Result<String> {
        match &self.state {
            State::Folder(_) => Ok(std::fs::read_to_string(self.cursor_file()?)?),
            State::Blobs { blobs, .. } => blobs.cursor().await?.context("there is no cursor yet"),
        }
    }

    /// Writes `cursor.json` past the program. On blobs the lease must have been broken before.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) async fn write_cursor(&self, document: &str) -> anyhow::Result<()> {
        match &self.state {
            State::Folder(_) => Ok(std::fs::write(self.cursor_file()?, document)?),
            State::Blobs { blobs, .. } => blobs.write_cursor(document).await,
        }
    }

    fn cursor_file(&self) -> anyhow::Result<PathBuf> {
        let State::Folder(folder) = &self.state else {
            anyhow::bail!("this trial keeps its state in blobs");
        };
        let org: OktaDomain = self.org.url().parse()?;
        Ok(folder.join(org.key()).join("cursor.json"))
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if let State::Folder(folder) = &self.state {
            state::remove_folder(folder);
        }
    }
}

fn shipper(org: &OktaOrg, workspace: &Workspace, state: &State) -> anyhow::Result<Shipper> {
    let (store, place) = match state {
        State::Folder(folder) => ("STATE_DIR", folder.display().to_string()),
        State::Blobs { proxy, .. } => ("AzureWebJobsStorage", connection_string(proxy.port())),
    };
    let environment = Environment::from_pairs([
        ("OKTA_DOMAIN", org.url()),
        ("OKTA_API_TOKEN", org.token()),
        ("OKTA_RATE_SHARE", "1"),
        ("WORKSPACE_ID", workspace.id()),
        ("WORKSPACE_KEY", workspace.key()),
        ("LOG_ANALYTICS_URI", &workspace.uri()),
        (store, &place),
    ]);
    let settings = Settings::read(&environment, LaunchedBy::Shell, Utc::now())
        .map_err(|problems| anyhow::anyhow!("{problems}"))?;
    Shipper::assemble(settings).context("the program's parts do not fit")
}
