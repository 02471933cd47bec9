//! The buffers of batches that are delivered, for batches to come.
//!
//! Memory of this size that is freed goes back to the system, sooner or later, and costs a fault for
//! every 4 KB of it when it is asked for again.

use std::sync::{Arc, Mutex, PoisonError};

use super::Batch;

/// What one half of a run gives back and the other one takes. There are never more than batches were
/// under way at once.
#[derive(Clone, Debug, Default)]
pub struct Spares(Arc<Mutex<Vec<Vec<u8>>>>);

impl Spares {
    /// Takes a delivered batch's buffer back, unless somebody still holds its bytes.
    pub fn give_back(&self, batch: Batch) {
        if let Ok(body) = batch.body.try_into_mut() {
            let mut body = Vec::from(body);
            body.clear();
            self.lock().push(body);
        }
    }

    /// An empty buffer with room for `bytes`, or an empty one without any.
    pub(super) fn take(&self, bytes: usize) -> Vec<u8> {
        // The last one given back is the likeliest to be in the processor's caches still.
        let spare = self.lock().pop();
        // To make one larger would copy what it had.
        spare
            .filter(|spare| spare.capacity() >= bytes)
            .unwrap_or_default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
