//! Saves that a test refuses, and counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use okta_sentinel::ship::Shipper;
use okta_sentinel::state::store::StoreError;

use crate::support::faulty_store::{FaultyStore, WriteFault};

pub(crate) struct RefusedSaves {
    /// Saves that succeed before the others are refused.
    left: AtomicI64,
    saved: AtomicU64,
}

impl RefusedSaves {
    /// In front of the shipper's own store; none is refused yet.
    pub(crate) fn before(shipper: &mut Shipper) -> Arc<RefusedSaves> {
        let saves = Arc::new(RefusedSaves {
            left: AtomicI64::new(i64::MAX),
            saved: AtomicU64::new(0),
        });
        shipper.store = Arc::new(FaultyStore {
            store: Arc::clone(&shipper.store),
            fault: Arc::clone(&saves) as Arc<dyn WriteFault>,
        });
        saves
    }

    /// Refuses every save after so many.
    pub(crate) fn refuse_after(&self, saves: i64) {
        self.left.store(saves, Ordering::SeqCst);
    }

    /// The saves that succeeded since this was asked last.
    pub(crate) fn take_saved(&self) -> u64 {
        self.saved.swap(0, Ordering::SeqCst)
    }
}

#[async_trait]
impl WriteFault for RefusedSaves {
    async fn before(&self) -> Result<(), StoreError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(StoreError::Denied {
                place: "the store".to_owned(),
                problem: "HTTP 403 refused by a policy".to_owned(),
                remedy: "let it be written".to_owned(),
            });
        }
        self.saved.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
