//! The command line. Results go to stdout, lines for people to stderr; exit codes are 0 for
//! done, 1 for a failure that the message explains, 2 for wrong usage or settings.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::host::server::PORT;
use crate::settings::{Environment, LaunchedBy, Settings};
use crate::ship::Shipper;
use crate::telemetry::{self, Lines, Log};

pub mod check;
pub mod dead_letters;
mod progress;
pub mod serve;
pub mod ship;

/// The exit code of wrong usage and wrong settings, which is also clap's.
const WRONG_USAGE: u8 = 2;

/// Okta's System Log in Microsoft Sentinel: all of it, once, unattended.
#[derive(Debug, Parser)]
#[command(
    name = "okta-sentinel",
    version,
    after_help = "Settings are environment variables, as in local.settings.json.example. Examples:\n  \
        okta-sentinel check                      try every setting, one line each\n  \
        okta-sentinel ship --until-caught-up     bring everything that is not there yet\n  \
        OUTPUT_DIR=out okta-sentinel ship        the same into a local folder, to have a look"
)]
pub struct Arguments {
    /// What to do; under the Functions host `serve` needs no naming.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Listen for the Functions host on 127.0.0.1, at the port in FUNCTIONS_CUSTOMHANDLER_PORT
    #[command(
        after_help = "The Functions host starts this by itself. To see what it sees, examples:\n  \
        FUNCTIONS_CUSTOMHANDLER_PORT=7071 okta-sentinel serve\n  \
        curl -X POST http://127.0.0.1:7071/OktaSyslogTimer"
    )]
    Serve,
    /// Do one run now
    Ship(ship::Options),
    /// Try every setting for real and say how to mend what fails
    #[command(
        after_help = "A data collection rule is tried with an empty array. A workspace gets one \
        row of outcome `check` in OktaConnectorHealth_CL: the Data Collector API has no other way \
        to try a key. Exit code 0 if all is well, 1 if \
        something failed, 2 if a setting cannot be read. Examples:\n  \
        okta-sentinel check                  every setting of this environment\n  \
        OUTPUT_DIR=out okta-sentinel check   Okta alone, with a local folder for a workspace"
    )]
    Check,
    /// List what the workspace refused, and send it again
    DeadLetters(dead_letters::Options),
}

impl Command {
    /// What to do when nothing is said: serve, where the Functions host gave a port.
    pub fn of(environment: &Environment) -> Option<Command> {
        environment.get(PORT).map(|_| Command::Serve)
    }
}

/// Nothing was said and nobody gave a port.
pub fn no_command() -> ExitCode {
    people(&Arguments::command().render_help().to_string());
    ExitCode::from(WRONG_USAGE)
}

/// Reads settings for a command in a shell; what is wrong with them is said on stderr.
fn settings(environment: &Environment) -> Result<Settings, ExitCode> {
    let colour = std::io::stderr().is_terminal() && environment.get("NO_COLOR").is_none();
    telemetry::set_up(Lines::Text { colour });
    let log = Log::new("shell");
    let settings = Settings::read_and_log(environment, LaunchedBy::Shell, &log);
    settings.map_err(|_| ExitCode::from(WRONG_USAGE))
}

fn shipper(settings: Settings) -> Result<Shipper, ExitCode> {
    Shipper::assemble(settings).map_err(|error| {
        people(&format!("error: {error}\n"));
        ExitCode::FAILURE
    })
}

/// Runs a command's future on this thread, with a token that Ctrl-C and SIGTERM cancel.
fn with_runtime<F: Future<Output = ExitCode>>(
    work: impl FnOnce(CancellationToken) -> F,
) -> ExitCode {
    // One thread: a page takes milliseconds to encode, and hand-overs between threads cost more
    // than they save.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            people(&format!(
                "error: no event loop can be had from this system: {error}\n"
            ));
            return ExitCode::FAILURE;
        }
    };
    let stop = CancellationToken::new();
    let code = runtime.block_on(async {
        tokio::spawn(cancel_on_signal(stop.clone()));
        work(stop).await
    });
    // A lookup of a name may still hang on a thread of its own; nothing waits for it.
    runtime.shutdown_background();
    code
}

async fn cancel_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.cancel();
}

/// A result, on stdout. A reader that went away (`| head`) is no failure of ours.
fn result(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// A line for people, on stderr.
fn people(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
