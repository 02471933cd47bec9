//! A local Functions host: starts a custom handler as Azure does and judges its answers alike.
//!
//! The handler is a child process with the host's variables and the app settings in an otherwise
//! clean environment. It counts as ready at the first answer of any kind to `GET /`. Invocations
//! are chunked posts; their answers go through the host's own table of outcomes, its oddities
//! included: an empty 2xx answer never ends, a 500 loses its body, exit code 0 is never restarted,
//! the third crash ends the host.
//!
//! It stands for one instance of the host. Indexing, storage, leases and the clock of a timer are
//! not its job: a test says when a timer fires. The rules were read in the source of
//! `Azure/azure-functions-host` 4.x.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::process::Command;
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

mod answer;
mod app;
mod config;
mod console;
mod dispatch;
mod invocation;
mod process;
mod wire;

pub use answer::Outcome;
pub use app::{AppError, Function};
pub use config::Config;
pub use console::{Category, Level, Line};
pub use invocation::{HttpCall, Invocation, LastRun, Retry, TimerFiring};
pub use process::{Exit, State};

use app::App;
use console::Console;
use dispatch::Dispatcher;
use process::{Order, Status, Supervisor};

/// Why the host did not start.
#[derive(Debug)]
pub enum HostError {
    /// The folder is no function app.
    App(AppError),
    /// No port, or the process could not be started.
    Start(io::Error),
    /// The handler never became ready; the last lines it wrote are given.
    NotReady(String),
}

impl fmt::Display for HostError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(problem) => problem.fmt(formatter),
            Self::Start(problem) => {
                write!(formatter, "the handler could not be started: {problem}")
            }
            Self::NotReady(lines) => {
                write!(
                    formatter,
                    "the handler ended or stayed silent before it was ready:\n{lines}"
                )
            }
        }
    }
}

impl std::error::Error for HostError {}

/// A running host. Its handler is killed when the host is dropped.
#[derive(Debug)]
pub struct FunctionsHost {
    dispatcher: Dispatcher,
    /// One lock per function: the timer's listener never overlaps its own runs.
    listeners: HashMap<String, Mutex<()>>,
    supervisor: JoinHandle<()>,
}

impl FunctionsHost {
    /// Starts the handler and waits until it is ready.
    ///
    /// # Errors
    /// No usable app in the folder, no such executable, or a handler that does not become ready.
    pub async fn start(config: Config) -> Result<Self, HostError> {
        let app = App::load(&config.app_root, &config.app_settings).map_err(HostError::App)?;
        let console = Arc::new(Console::default());
        for problem in &app.problems {
            console.write(Level::Error, Category::Host, problem.clone());
        }
        // As the real host: asked for free once, kept for every restart of the handler.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|free| free.local_addr())
            .map_err(HostError::Start)?
            .port();
        let (supervisor, mut status, orders) =
            Supervisor::new(&app, &config, port, Arc::clone(&console));
        let first = supervisor.spawn().map_err(HostError::Start)?;
        let supervisor = tokio::spawn(supervisor.run(first));
        let listeners = app
            .functions
            .iter()
            .map(|function| (function.name.clone(), Mutex::default()))
            .collect();
        status
            .wait_for(|status| status.state != State::Starting)
            .await
            .ok();
        let host = Self {
            dispatcher: Dispatcher {
                app,
                config,
                port,
                console,
                status,
                orders,
            },
            listeners,
            supervisor,
        };
        if host.state() == State::Ready {
            return Ok(host);
        }
        let lines: Vec<String> = host.lines().into_iter().map(|line| line.text).collect();
        Err(HostError::NotReady(lines.join("\n")))
    }

    /// The functions found, in order of their names.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.dispatcher.app.functions
    }

    /// The port that the handler must listen on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.dispatcher.port
    }

    /// What the host thinks of its handler.
    #[must_use]
    pub fn state(&self) -> State {
        self.dispatcher.status.borrow().state
    }

    /// The process id of the handler, while there is one.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.dispatcher.status.borrow().pid
    }

    /// How often the handler was started.
    #[must_use]
    pub fn starts(&self) -> u32 {
        self.dispatcher.status.borrow().starts
    }

    /// How the handler's processes ended, oldest first.
    #[must_use]
    pub fn exits(&self) -> Vec<Exit> {
        self.dispatcher.status.borrow().exits.clone()
    }

    /// From the last start of the process to its first answered probe.
    #[must_use]
    pub fn ready_after(&self) -> Option<Duration> {
        self.dispatcher.status.borrow().ready_after
    }

    /// How many health pings the handler answered since it was first ready.
    #[must_use]
    pub fn pings_answered(&self) -> u64 {
        self.dispatcher.status.borrow().pings
    }

    /// A scheduled run. It waits for the run before it: a timer's listener never overlaps itself.
    pub async fn invoke_timer(&self, function: &str) -> Invocation {
        self.invoke_timer_as(function, &TimerFiring::default())
            .await
    }

    /// A scheduled run with a body of the caller's choice.
    pub async fn invoke_timer_as(&self, function: &str, firing: &TimerFiring) -> Invocation {
        let _turn = match self.listeners.get(function) {
            Some(listener) => Some(listener.lock().await),
            None => None,
        };
        self.fire(function, firing).await
    }

    /// *Test/Run* of the portal: the same body as a scheduled run, and it may overlap one.
    pub async fn invoke_manual(&self, function: &str) -> Invocation {
        self.fire(function, &TimerFiring::default()).await
    }

    /// A call of an HTTP function, in the envelope of a handler without forwarding.
    pub async fn invoke_http(&self, function: &str, call: &HttpCall) -> Invocation {
        let body = invocation::http_body(function, self.dispatcher.app.binding_of(function), call);
        self.invoke_with_body(function, body).await
    }

    /// An invocation with exactly this body.
    pub async fn invoke_with_body(&self, function: &str, body: impl Into<Bytes>) -> Invocation {
        self.dispatcher.invoke(function, body.into()).await
    }

    async fn fire(&self, function: &str, firing: &TimerFiring) -> Invocation {
        let body =
            invocation::timer_body(function, self.dispatcher.app.binding_of(function), firing);
        self.invoke_with_body(function, body).await
    }

    /// Everything logged so far, with the level the host gives it.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.dispatcher.console.lines()
    }

    /// The first line, of those written and those to come, that `wanted` says yes to.
    pub async fn wait_for_line(&self, wanted: impl Fn(&Line) -> bool) -> Line {
        self.dispatcher.console.wait_for(wanted).await
    }

    /// Resolves once the host is in this state.
    pub async fn wait_for_state(&self, state: State) {
        self.dispatcher
            .status
            .clone()
            .wait_for(|status| status.state == state)
            .await
            .ok();
    }

    /// Resolves once the handler was started `starts` times and its last start is ready.
    pub async fn wait_for_start(&self, starts: u32) {
        let ready = |status: &Status| status.starts >= starts && status.state == State::Ready;
        self.dispatcher.status.clone().wait_for(ready).await.ok();
    }

    /// Resolves once `count` processes of the handler have ended; the last of them is the answer.
    pub async fn wait_for_exit(&self, count: usize) -> Option<Exit> {
        let mut status = self.dispatcher.status.clone();
        let ended = status
            .wait_for(|status| status.exits.len() >= count)
            .await
            .ok()?;
        ended.exits.get(count.checked_sub(1)?).copied()
    }

    /// Sends SIGTERM to the handler, as a container platform does before it takes an instance
    /// away. What follows is up to the handler's exit code.
    ///
    /// # Errors
    /// There is no handler, or the system has no `sh`.
    pub async fn sigterm(&self) -> io::Result<()> {
        let pid = self.pid().ok_or(io::ErrorKind::NotFound)?;
        let sent = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -TERM {pid}"))
            .status()
            .await?;
        if sent.success() {
            Ok(())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    /// Kills the handler from outside with SIGKILL. The host counts it as a crash and restarts it.
    pub fn kill(&self) {
        self.dispatcher.orders.send(Order::Kill).ok();
    }

    /// Ends the host as a redeployment does: SIGKILL for the handler, and no restart.
    pub async fn stop(self) {
        let (done, stopped) = oneshot::channel();
        if self.dispatcher.orders.send(Order::Stop(done)).is_ok() {
            stopped.await.ok();
        }
    }
}

impl Drop for FunctionsHost {
    fn drop(&mut self) {
        // The supervisor owns the child, which is killed when dropped.
        self.supervisor.abort();
    }
}

#[cfg(test)]
mod tests;
