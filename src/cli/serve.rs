//! `okta-sentinel serve`: listen for the Functions host.

use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;

use crate::cli::output::{failure, wrong_usage};
use crate::cli::runtime::with_runtime;
use crate::host::server::{self, PORT};
use crate::settings::Environment;
use crate::telemetry::{self, Lines};

/// Serves until SIGTERM, and then ends with 0. Any other end is a failure: the host takes exit
/// code 0 for "finished" and never starts this process again.
pub fn run(environment: Environment) -> ExitCode {
    let listener = match listen(&environment) {
        Ok(listener) => listener,
        Err(problem) => return wrong_usage(problem),
    };
    telemetry::set_up(Lines::Json);
    with_runtime(async |stop| {
        let told = stop.clone();
        match server::serve(listener, environment, stop).await {
            Ok(()) if told.is_cancelled() => ExitCode::SUCCESS,
            Ok(()) => ExitCode::FAILURE,
            Err(error) => failure(format!("the server broke off: {error}")),
        }
    })
}

fn listen(environment: &Environment) -> Result<TcpListener, String> {
    let port = environment.get(PORT).ok_or_else(|| {
        format!(
            "{PORT} is not set: the Functions host sets it; in a shell, use `okta-sentinel ship`"
        )
    })?;
    let number: u16 = port
        .parse()
        .map_err(|_| format!("{PORT} is {port:?}, which is no port"))?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, number))
        .map_err(|error| format!("127.0.0.1:{number} cannot be listened on: {error}"))
}
