//! The handler's process: started, probed, watched, and started again by the host's rules.

use std::collections::HashMap;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::app::App;
use super::config::Config;
use super::console::{Category, Console, Level, Stream};
use super::invocation::random_guid;
use super::wire;

/// Errors until the host gives up, and how long it remembers one.
const ERRORS: u32 = 3;
const ERROR_MEMORY: Duration = Duration::from_secs(30 * 60);
/// The exit code by which a handler asks to be started again.
const INTENTIONAL_RESTART: i32 = 200;
/// How long the last output of an ended handler is waited for; a child of its own may hold the pipe.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// What the host thinks of its handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Started and not yet answering; invocations wait.
    Starting,
    /// Answering.
    Ready,
    /// Ended with exit code 0. The host neither restarts it nor notices: invocations fail.
    Ended,
    /// The third error: the host has shut itself down.
    ShutDown,
    /// Stopped by [`super::FunctionsHost::stop`].
    Stopped,
}

/// How a process ended: its exit code, or 128 plus the number of the signal that ended it, which is
/// how the host sees it (137 SIGKILL, 143 SIGTERM).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub i32);

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        Self(
            status
                .code()
                .or(status.signal().map(|signal| 128 + signal))
                .unwrap_or(-1),
        )
    }
}

#[derive(Clone, Debug)]
pub(super) struct Status {
    pub(super) state: State,
    pub(super) pid: Option<u32>,
    pub(super) starts: u32,
    pub(super) exits: Vec<Exit>,
    pub(super) ready_after: Option<Duration>,
    pub(super) pings: u64,
}

#[derive(Debug)]
pub(super) enum Order {
    /// SIGKILL as if from outside; the rules for a crash follow.
    Kill,
    /// SIGKILL and a new start, which counts as no error, unless a later process has started.
    Recycle {
        life: u32,
    },
    Stop(oneshot::Sender<()>),
}

/// What comes after the end of a process.
enum Next {
    Restart,
    StayDown,
    Over,
}

/// A started process and the readers of its output.
pub(super) struct Running {
    child: Child,
    output: JoinSet<()>,
    started: Instant,
}

pub(super) struct Supervisor {
    executable: PathBuf,
    arguments: Vec<String>,
    working_directory: PathBuf,
    variables: HashMap<String, String>,
    initialization_timeout: Duration,
    probe_every: Duration,
    ping_every: Duration,
    port: u16,
    console: Arc<Console>,
    status: watch::Sender<Status>,
    orders: mpsc::UnboundedReceiver<Order>,
    errors: u32,
    last_error: Option<Instant>,
}

type Handle = (
    Supervisor,
    watch::Receiver<Status>,
    mpsc::UnboundedSender<Order>,
);

impl Supervisor {
    pub(super) fn new(app: &App, config: &Config, port: u16, console: Arc<Console>) -> Handle {
        let (orders, received) = mpsc::unbounded_channel();
        let (status, watched) = watch::channel(Status {
            state: State::Starting,
            pid: None,
            starts: 0,
            exits: Vec::new(),
            ready_after: None,
            pings: 0,
        });
        let mut variables = config.app_settings.clone();
        let root = config.app_root.display().to_string();
        let worker = random_guid();
        variables.extend(
            [
                ("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string()),
                ("FUNCTIONS_HTTPWORKER_PORT", port.to_string()),
                ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", worker.clone()),
                ("FUNCTIONS_HTTPWORKER_ID", worker),
                ("FUNCTIONS_APP_ROOT_PATH", root),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let supervisor = Self {
            executable: config
                .executable
                .clone()
                .unwrap_or_else(|| app.executable.clone()),
            arguments: app.arguments.clone(),
            working_directory: app.working_directory.clone(),
            variables,
            initialization_timeout: config.initialization_timeout,
            probe_every: config.probe_every,
            ping_every: config.ping_every,
            port,
            console,
            status,
            orders: received,
            errors: 0,
            last_error: None,
        };
        (supervisor, watched, orders)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the handler is given what a process needs to run at all, not settings"
    )]
    pub(super) fn spawn(&self) -> io::Result<Running> {
        let mut command = Command::new(&self.executable);
        command
            .args(&self.arguments)
            .current_dir(&self.working_directory);
        command.env_clear();
        for kept in ["PATH", "HOME"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.envs(&self.variables).kill_on_drop(true);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Before the spawn: what the system needs to start a process is part of the start.
        let started = Instant::now();
        let mut child = command.spawn()?;
        let mut output = JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            let console = Arc::clone(&self.console);
            output.spawn(async move { console.follow(Stream::Stdout, stdout).await });
        }
        if let Some(stderr) = child.stderr.take() {
            let console = Arc::clone(&self.console);
            output.spawn(async move { console.follow(Stream::Stderr, stderr).await });
        }
        self.status.send_modify(|status| {
            status.state = State::Starting;
            status.pid = child.id();
            status.starts += 1;
        });
        Ok(Running {
            child,
            output,
            started,
        })
    }

    /// Looks after the handler from its first start until the host is over.
    pub(super) async fn run(mut self, first: Running) {
        let mut running = first;
        loop {
            let next = match self.live(running).await {
                Next::StayDown => self.stay_down().await,
                next => next,
            };
            if matches!(next, Next::StayDown | Next::Over) {
                return;
            }
            running = match self.spawn() {
                Ok(running) => running,
                Err(problem) => {
                    let file = self.executable.display();
                    self.log(format!(
                        "Failed to start Worker Channel. Process fileName: {file}: {problem}"
                    ));
                    return self.enter(State::ShutDown);
                }
            };
        }
    }

    /// Runs one process from its start to its end, and says what comes next.
    async fn live(&mut self, mut running: Running) -> Next {
        let limit = self.initialization_timeout;
        let mut probe = Box::pin(timeout(limit, answered(self.port, self.probe_every)));
        let mut ready = false;
        let mut pings = tokio::time::interval_at(
            tokio::time::Instant::now() + self.ping_every,
            self.ping_every,
        );
        loop {
            tokio::select! {
                ended = running.child.wait() => {
                    let exit = ended.map_or(Exit(-1), Exit::from);
                    self.note_end(&mut running, exit).await;
                    return self.after(exit);
                }
                probed = &mut probe, if !ready => {
                    if probed.is_err() {
                        self.end(&mut running).await;
                        return self.error("Timed out waiting for the handler to start".to_owned());
                    }
                    ready = true;
                    self.status.send_modify(|status| {
                        status.state = State::Ready;
                        status.ready_after = Some(running.started.elapsed());
                    });
                }
                _ = pings.tick(), if ready => self.ping(),
                order = self.orders.recv() => match order {
                    // An error means that it has ended already, which the next round sees.
                    Some(Order::Kill) => { running.child.start_kill().ok(); }
                    Some(Order::Recycle { life }) if life == self.status.borrow().starts => {
                        self.end(&mut running).await;
                        return Next::Restart;
                    }
                    Some(Order::Recycle { .. }) => {}
                    Some(Order::Stop(done)) => {
                        self.end(&mut running).await;
                        self.enter(State::Stopped);
                        done.send(()).ok();
                        return Next::Over;
                    }
                    None => return Next::Over,
                },
            }
        }
    }

    /// After exit code 0, or shut down: only an order changes anything.
    async fn stay_down(&mut self) -> Next {
        loop {
            match self.orders.recv().await {
                Some(Order::Stop(done)) => {
                    self.enter(State::Stopped);
                    done.send(()).ok();
                    return Next::Over;
                }
                Some(Order::Recycle { .. }) if self.status.borrow().state == State::Ended => {
                    return Next::Restart;
                }
                Some(_) => {}
                None => return Next::Over,
            }
        }
    }

    fn after(&mut self, Exit(code): Exit) -> Next {
        match code {
            0 => {
                self.enter(State::Ended);
                Next::StayDown
            }
            INTENTIONAL_RESTART => Next::Restart,
            code => self.error(format!("the handler exited with code {code}")),
        }
    }

    fn error(&mut self, what: String) -> Next {
        if self
            .last_error
            .is_some_and(|last| last.elapsed() > ERROR_MEMORY)
        {
            self.errors = 0;
        }
        self.errors += 1;
        self.last_error = Some(Instant::now());
        self.log(what);
        if self.errors < ERRORS {
            return Next::Restart;
        }
        self.log(
            "Exceeded http worker restart retry count. Shutting down Functions Host".to_owned(),
        );
        self.enter(State::ShutDown);
        Next::StayDown
    }

    async fn end(&self, running: &mut Running) {
        let exit = match running.child.kill().await {
            Ok(()) => running.child.wait().await.map_or(Exit(-1), Exit::from),
            Err(_) => Exit(-1),
        };
        self.note_end(running, exit).await;
    }

    async fn note_end(&self, running: &mut Running, exit: Exit) {
        timeout(LAST_OUTPUT, async {
            while running.output.join_next().await.is_some() {}
        })
        .await
        .ok();
        self.status.send_modify(|status| {
            status.pid = None;
            status.state = State::Starting;
            status.exits.push(exit);
        });
    }

    fn ping(&self) {
        let (port, status) = (self.port, self.status.clone());
        tokio::spawn(async move {
            if wire::get(port, "/").await.is_ok() {
                status.send_modify(|status| status.pings += 1);
            }
        });
    }

    fn enter(&self, state: State) {
        self.status.send_modify(|status| status.state = state);
    }

    fn log(&self, text: String) {
        self.console.write(Level::Error, Category::Host, text);
    }
}

/// Resolves at the first answer of any kind. Only a refused connection is tried again: a reset or
/// garbage is an answer, too.
async fn answered(port: u16, every: Duration) {
    while let Err(problem) = wire::get(port, "/").await {
        if problem.kind() != io::ErrorKind::ConnectionRefused {
            return;
        }
        tokio::time::sleep(every).await;
    }
}
