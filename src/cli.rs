//! The command line. Results go to stdout, lines for people to stderr; exit codes are 0 for
//! done, 1 for a failure that the message explains, 2 for wrong usage or settings, 130 and 143 for
//! what Ctrl-C and SIGTERM stopped.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::output::{WRONG_USAGE, help};
use crate::host::server::PORT;
use crate::settings::Environment;

pub mod check;
pub mod dead_letters;
mod output;
mod progress;
mod runtime;
pub mod serve;
pub mod ship;
mod shipper;
pub mod state;

/// Okta's System Log in Microsoft Sentinel: all of it, once, unattended.
#[derive(Debug, Parser)]
#[command(
    name = "okta-sentinel",
    version,
    after_help = "Settings are environment variables, as in local.settings.json.example. Examples:\n  \
        okta-sentinel check                      try every setting, one line each\n  \
        okta-sentinel ship --until-caught-up     bring everything that is not there yet\n  \
        OUTPUT_DIR=out okta-sentinel ship        the same into a local folder, to have a look\n\n\
        Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 130 and 143 told to stop by Ctrl-C \
        and SIGTERM. A second Ctrl-C ends a command at once."
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
        something failed, 2 if a setting cannot be read, 130 or 143 if it was told to stop. Examples:\n  \
        okta-sentinel check                  every setting of this environment\n  \
        OUTPUT_DIR=out okta-sentinel check   Okta alone, with a local folder for a workspace"
    )]
    Check,
    /// List what the workspace refused, and send it again
    DeadLetters(dead_letters::Options),
    /// Take the saved state along when the org gets a new host
    #[command(subcommand)]
    State(state::Command),
}

impl Command {
    /// What to do when nothing is said: serve, where the Functions host gave a port.
    pub fn of(environment: &Environment) -> Option<Command> {
        environment.get(PORT).map(|_| Command::Serve)
    }
}

/// No command was given, and no port.
pub fn no_command() -> ExitCode {
    help(&Arguments::command().render_help().to_string());
    ExitCode::from(WRONG_USAGE)
}
