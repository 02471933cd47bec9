//! Life cycle of the handler process: it listens until it is told to stop, then lets the runs
//! under way finish.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::host::connections;
use crate::host::context::Context;
use crate::host::routes::Routes;
use crate::settings::Environment;
use crate::telemetry::Log;

/// The variable in which the host names the port.
pub(crate) const PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";

/// What a run that was told to end may take: its last post, its last save, and the answer.
const LAST_WORK: Duration = Duration::from_secs(20);

/// What connections without a run may take to end once the runs have ended.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Serves the Functions host on `listener` until `stop`, then lets the runs under way finish.
///
/// # Errors
/// What the listener reports.
pub(crate) async fn serve(
    listener: std::net::TcpListener,
    environment: Environment,
    stop: CancellationToken,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let log = Log::new("none");
    log.listening(listener.local_addr()?.port());
    let routes = Routes::new();
    let router = routes.router(&Arc::new(Context::new(environment, stop.clone())));
    let served = connections::serve(listener, router, stop.clone());
    let out_of_time = async {
        stop.cancelled().await;
        log.stopping();
        // Only a run is worth waiting for; a connection that never says anything is not.
        routes.idle(LAST_WORK).await;
        tokio::time::sleep(LAST_ANSWERS).await;
    };
    tokio::select! {
        () = served => {}
        () = out_of_time => return Ok(()),
    }
    // A host that hung up has no connection to wait for, and may have left a run under way.
    routes.idle(LAST_WORK).await;
    Ok(())
}
