//! A state store whose writes a test makes fail, or stops.

use std::sync::Arc;

use async_trait::async_trait;
use okta_sentinel::state::checkpoint::Checkpoint;
use okta_sentinel::state::store::{OrgState, StateLease, StateStore, StoreError};

/// What happens around each write.
#[async_trait]
pub(crate) trait WriteFault: Send + Sync {
    /// Before the write reaches the store; an error keeps it from there.
    async fn before(&self) -> Result<(), StoreError>;

    /// After it has.
    async fn after(&self) {}
}

pub(crate) struct FaultyStore {
    pub(crate) store: Arc<dyn StateStore>,
    pub(crate) fault: Arc<dyn WriteFault>,
}

struct FaultyLease {
    lease: Box<dyn StateLease>,
    fault: Arc<dyn WriteFault>,
}

impl FaultyStore {
    fn faulty(&self, lease: Box<dyn StateLease>) -> Box<dyn StateLease> {
        let fault = Arc::clone(&self.fault);
        Box::new(FaultyLease { lease, fault })
    }
}

#[async_trait]
impl StateStore for FaultyStore {
    fn place(&self) -> String {
        self.store.place()
    }

    async fn open(&self) -> Result<Box<dyn StateLease>, StoreError> {
        Ok(self.faulty(self.store.open().await?))
    }

    async fn open_afresh(&self) -> Result<Box<dyn StateLease>, StoreError> {
        Ok(self.faulty(self.store.open_afresh().await?))
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
impl StateLease for FaultyLease {
    fn saved(&self) -> Option<&Checkpoint> {
        self.lease.saved()
    }

    fn check(&self) -> Result<(), StoreError> {
        self.lease.check()
    }

    async fn save(&mut self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        self.fault.before().await?;
        self.lease.save(checkpoint).await?;
        self.fault.after().await;
        Ok(())
    }

    async fn mark_moved(&mut self, to: &str) -> Result<(), StoreError> {
        self.fault.before().await?;
        self.lease.mark_moved(to).await?;
        self.fault.after().await;
        Ok(())
    }

    async fn recent_ids(&self) -> Result<Vec<u8>, StoreError> {
        self.lease.recent_ids().await
    }

    async fn save_recent_ids(&mut self, ids: Vec<u8>) -> Result<(), StoreError> {
        self.fault.before().await?;
        self.lease.save_recent_ids(ids).await?;
        self.fault.after().await;
        Ok(())
    }

    async fn keep_dead_letter(&mut self, name: &str, body: Vec<u8>) -> Result<(), StoreError> {
        self.fault.before().await?;
        self.lease.keep_dead_letter(name, body).await?;
        self.fault.after().await;
        Ok(())
    }

    async fn remove_dead_letter(&mut self, name: &str) -> Result<(), StoreError> {
        self.fault.before().await?;
        self.lease.remove_dead_letter(name).await?;
        self.fault.after().await;
        Ok(())
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.lease.release().await
    }
}
