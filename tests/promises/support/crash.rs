//! A process that stops for good at the write that a test names, as a killed one would.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use okta_sentinel::state::store::StoreError;
use tokio::sync::Notify;

use crate::support::faulty_store::WriteFault;

/// Whether the process crashes before or after the write reaches the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrashSide {
    Before,
    After,
}

/// The crash of a process at its write number `write`, counted from 1.
#[derive(Debug)]
pub(crate) struct Crash {
    pub(crate) write: u64,
    pub(crate) side: CrashSide,
    writes: AtomicU64,
    crashed: Notify,
}

impl Crash {
    pub(crate) fn at(write: u64, side: CrashSide) -> Arc<Crash> {
        Arc::new(Crash {
            write,
            side,
            writes: AtomicU64::new(0),
            crashed: Notify::new(),
        })
    }

    /// Resolves at the crash. The future of the run then never ends; the test drops it.
    pub(crate) async fn reached(&self) {
        self.crashed.notified().await;
    }

    async fn crash_if_due(&self, side: CrashSide) {
        let writes = match side {
            CrashSide::Before => self.writes.fetch_add(1, Ordering::SeqCst) + 1,
            CrashSide::After => self.writes.load(Ordering::SeqCst),
        };
        if writes == self.write && side == self.side {
            self.crashed.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl WriteFault for Crash {
    async fn before(&self) -> Result<(), StoreError> {
        self.crash_if_due(CrashSide::Before).await;
        Ok(())
    }

    async fn after(&self) {
        self.crash_if_due(CrashSide::After).await;
    }
}
