//! A state store that stops for good at the write that a test names, as a killed process would.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use okta_sentinel::state::checkpoint::Checkpoint;
use okta_sentinel::state::store::{OrgState, StateLease, StateStore, StoreError};
use tokio::sync::Notify;

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

pub(crate) struct CrashingStore {
    pub(crate) store: Arc<dyn StateStore>,
    pub(crate) crash: Arc<Crash>,
}

struct CrashingLease {
    lease: Box<dyn StateLease>,
    crash: Arc<Crash>,
}

impl CrashingStore {
    fn crashing(&self, lease: Box<dyn StateLease>) -> Box<dyn StateLease> {
        let crash = Arc::clone(&self.crash);
        Box::new(CrashingLease { lease, crash })
    }
}

#[async_trait]
impl StateStore for CrashingStore {
    fn place(&self) -> String {
        self.store.place()
    }

    async fn open(&self) -> Result<Box<dyn StateLease>, StoreError> {
        Ok(self.crashing(self.store.open().await?))
    }

    async fn open_afresh(&self) -> Result<Box<dyn StateLease>, StoreError> {
        Ok(self.crashing(self.store.open_afresh().await?))
    }

    async fn orgs(&self) -> Result<Vec<OrgState>, StoreError> {
        self.store.orgs().await
    }

    async fn dead_letters(&self) -> Result<Vec<String>, StoreError> {
        self.store.dead_letters().await
    }

    async fn dead_letter(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.dead_letter(name).await
    }
}

#[async_trait]
impl StateLease for CrashingLease {
    fn saved(&self) -> Option<&Checkpoint> {
        self.lease.saved()
    }

    fn check(&self) -> Result<(), StoreError> {
        self.lease.check()
    }

    async fn save(&mut self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        self.crash.crash_if_due(CrashSide::Before).await;
        self.lease.save(checkpoint).await?;
        self.crash.crash_if_due(CrashSide::After).await;
        Ok(())
    }

    async fn mark_moved(&mut self, to: &str) -> Result<(), StoreError> {
        self.crash.crash_if_due(CrashSide::Before).await;
        self.lease.mark_moved(to).await?;
        self.crash.crash_if_due(CrashSide::After).await;
        Ok(())
    }

    async fn recent_ids(&self) -> Result<Vec<u8>, StoreError> {
        self.lease.recent_ids().await
    }

    async fn save_recent_ids(&mut self, ids: Vec<u8>) -> Result<(), StoreError> {
        self.crash.crash_if_due(CrashSide::Before).await;
        self.lease.save_recent_ids(ids).await?;
        self.crash.crash_if_due(CrashSide::After).await;
        Ok(())
    }

    async fn keep_dead_letter(&mut self, name: &str, body: Vec<u8>) -> Result<(), StoreError> {
        self.crash.crash_if_due(CrashSide::Before).await;
        self.lease.keep_dead_letter(name, body).await?;
        self.crash.crash_if_due(CrashSide::After).await;
        Ok(())
    }

    async fn remove_dead_letter(&mut self, name: &str) -> Result<(), StoreError> {
        self.crash.crash_if_due(CrashSide::Before).await;
        self.lease.remove_dead_letter(name).await?;
        self.crash.crash_if_due(CrashSide::After).await;
        Ok(())
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.lease.release().await
    }
}
