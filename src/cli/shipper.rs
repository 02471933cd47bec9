//! The shipper of a command in a shell, made of its settings.

use std::io::IsTerminal;
use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use crate::cli::output::{WRONG_USAGE, failure};
use crate::cli::runtime::with_runtime;
use crate::settings::{Environment, LaunchedBy, Settings, StoreSettings};
use crate::ship::Shipper;
use crate::telemetry::{self, Lines, Log};

/// Runs a command that needs nothing but a shipper and a token that says when to stop.
pub(super) fn with_shipper(
    environment: &Environment,
    work: impl AsyncFnOnce(&Shipper, CancellationToken) -> ExitCode,
) -> ExitCode {
    match settings(environment).and_then(shipper) {
        Ok(shipper) => with_runtime(async |stop| work(&shipper, stop).await),
        Err(code) => code,
    }
}

/// Reads settings for a command in a shell; what is wrong with them is said on stderr.
pub(super) fn settings(environment: &Environment) -> Result<Settings, ExitCode> {
    let log = log(environment);
    let settings = Settings::read_and_log(environment, LaunchedBy::Shell, &log);
    settings.map_err(|_| ExitCode::from(WRONG_USAGE))
}

/// The same for the place of the state alone.
pub(super) fn store_settings(environment: &Environment) -> Result<StoreSettings, ExitCode> {
    let settings = Settings::read_store_and_log(environment, &log(environment));
    settings.map_err(|_| ExitCode::from(WRONG_USAGE))
}

fn log(environment: &Environment) -> Log {
    let colour = std::io::stderr().is_terminal() && environment.get("NO_COLOR").is_none();
    telemetry::set_up(Lines::Text { colour });
    Log::new("shell")
}

pub(super) fn shipper(settings: Settings) -> Result<Shipper, ExitCode> {
    Shipper::assemble(settings).map_err(failure)
}
