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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_analytics::batch::{BatchLimits, Batcher};
    use okta_rows::EventId;
    use okta_rows::Row;
    use okta_rows::RowSink as _;

    const LIMITS: BatchLimits = BatchLimits {
        bytes: 1_000,
        rows: 10,
    };

    fn batch(batcher: &mut Batcher, json: &str) -> Batch {
        batcher.buffer().extend_from_slice(json.as_bytes());
        batcher.row(&Row {
            id: EventId::digest(json.as_bytes()),
            has_uuid: true,
            published: None,
            truncated: 0,
            raw: None,
        });
        batcher.flush().remove(0)
    }

    #[test]
    fn the_buffer_of_a_delivered_batch_takes_the_next_rows() {
        let spares = Spares::default();
        let mut batcher = Batcher::with_spares(LIMITS, spares.clone());
        batch(&mut batcher, "{\"a\":1}");
        let second = batch(&mut batcher, "{\"a\":2}");
        let buffer = second.body().as_ptr();
        spares.give_back(second);
        let third = batch(&mut batcher, "{\"a\":3}");
        assert_eq!(third.body().as_ref(), b"[{\"a\":3}]");
        assert_eq!(third.body().as_ptr(), buffer);
    }

    #[test]
    fn a_buffer_that_is_too_small_is_let_go_of() {
        let spares = Spares::default();
        for bytes in [100, 20, 50] {
            spares.give_back(Batch {
                body: Vec::with_capacity(bytes).into(),
                rows: Vec::new(),
            });
        }
        assert!(spares.take(40).capacity() >= 50);
        assert_eq!(spares.take(40).capacity(), 0);
        assert!(spares.take(40).capacity() >= 100);
        assert_eq!(spares.take(0).capacity(), 0);
    }

    #[test]
    fn bytes_that_somebody_holds_are_left_to_them() {
        let spares = Spares::default();
        let mut batcher = Batcher::with_spares(LIMITS, spares.clone());
        batch(&mut batcher, "{\"a\":1}");
        let posted = batch(&mut batcher, "{\"a\":2}");
        let held = posted.body().clone();
        spares.give_back(posted);
        batch(&mut batcher, "{\"a\":3}");
        assert_eq!(held.as_ref(), b"[{\"a\":2}]");
        assert_eq!(spares.lock().len(), 0);
    }
}
