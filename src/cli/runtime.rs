//! The event loop of a command, and the signals that end it.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::output::failure;

/// The exit codes of a command that was told to stop, by Ctrl-C and by SIGTERM: a shell's own codes
/// for a process that such a signal ended.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// Runs a command's future on this thread, with a token that Ctrl-C and SIGTERM cancel; a Ctrl-C
/// after that ends the process at once. What stops before it is done has the signal's exit code.
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
    let (stop, told) = (CancellationToken::new(), Arc::new(AtomicU8::new(0)));
    let code = runtime.block_on(async {
        let signals = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        );
        if let (Ok(interrupt), Ok(terminate)) = signals {
            let told = Arc::clone(&told);
            tokio::spawn(heed(interrupt, terminate, stop.clone(), told));
        }
        work(stop).await
    });
    // A lookup of a name or a dead disk may still hang on a thread of its own; nothing waits for it.
    runtime.shutdown_background();
    match told.load(Ordering::Relaxed) {
        signal @ 1.. if code != ExitCode::SUCCESS => ExitCode::from(signal),
        _ => code,
    }
}

async fn heed(
    mut interrupt: Signal,
    mut terminate: Signal,
    stop: CancellationToken,
    told: Arc<AtomicU8>,
) {
    let signal = tokio::select! {
        _ = interrupt.recv() => INTERRUPTED,
        _ = terminate.recv() => TERMINATED,
    };
    told.store(signal, Ordering::Relaxed);
    stop.cancel();
    // Of people alone: a platform may send SIGTERM twice and mean no more by it.
    interrupt.recv().await;
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever asks twice waits for nothing, and the code is not 0"
    )]
    std::process::exit(INTERRUPTED.into())
}
