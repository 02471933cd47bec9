//! Calls to a disk, each bounded in time: a network share that is gone lets a call hang for ever.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::state::store::StoreError;

/// One call, and its wait for those before it.
const LIMIT: Duration = Duration::from_secs(20);

/// Calls at once. Each that hangs keeps a thread, and the process has 512 of them.
const AT_ONCE: usize = 8;

/// The calls to one folder.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    permits: Arc<Semaphore>,
    /// One clone for each call that runs, besides this one.
    running: Arc<()>,
    /// One clone for each call that is waited for, besides this one.
    awaited: Arc<()>,
}

impl Default for Disk {
    fn default() -> Disk {
        Disk {
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            running: Arc::default(),
            awaited: Arc::default(),
        }
    }
}

impl Disk {
    /// Runs `work` where it may block. What does not end in time is left to itself.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        place: &str,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = async {
            let permit = Arc::clone(&self.permits).acquire_owned().await;
            let (_awaited, running) = (Arc::clone(&self.awaited), Arc::clone(&self.running));
            let work = move || {
                let (_permit, _running) = (permit, running);
                work()
            };
            tokio::task::spawn_blocking(work).await
        };
        match tokio::time::timeout(LIMIT, done).await {
            Ok(Ok(done)) => done,
            Ok(Err(stopped)) => {
                let problem = stopped.to_string();
                Err(StoreError::unavailable(
                    place,
                    problem,
                    "the next run tries again",
                ))
            }
            Err(_) => Err(hangs(place)),
        }
    }

    /// Whether a call that was given up still runs.
    pub(super) fn hangs(&self) -> bool {
        Arc::strong_count(&self.running) > Arc::strong_count(&self.awaited)
    }
}

/// The error of a call that does not end.
pub(super) fn hangs(place: &str) -> StoreError {
    StoreError::unavailable(
        place,
        format!("the disk did not answer within {} s", LIMIT.as_secs()),
        "check the disk; if it is a network share, is it still there?",
    )
}
