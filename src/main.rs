//! The binary's edge: what to do, where lines go, how to end.

use std::process::ExitCode;

use clap::Parser;
use okta_sentinel::cli::{self, Arguments, Command};
use okta_sentinel::settings::Environment;

fn main() -> ExitCode {
    let environment = Environment::process();
    let arguments = Arguments::parse();
    match arguments.command.or_else(|| Command::of(&environment)) {
        // The port is taken before anything else is done: the host is already asking.
        Some(Command::Serve) => cli::serve::run(environment),
        Some(Command::Ship(options)) => cli::ship::run(&environment, &options),
        Some(Command::Check) => cli::check::run(&environment),
        Some(Command::DeadLetters(options)) => cli::dead_letters::run(&environment, &options),
        Some(Command::State(command)) => cli::state::run(&environment, &command),
        None => cli::no_command(),
    }
}
