//! The event loop of a command, and the signals that end it.

use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use crate::cli::output::failure;

/// Runs a command's future on this thread, with a token that Ctrl-C and SIGTERM cancel.
pub(super) fn with_runtime(work: impl AsyncFnOnce(CancellationToken) -> ExitCode) -> ExitCode {
    // One thread: a page takes milliseconds to encode, and hand-overs between threads cost more
    // than they save.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            return failure(format!(
                "no event loop can be had from this system: {error}"
            ));
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
