//! The buffers of posted batches, for the batches to come.
//!
//! The allocator returns freed memory of this size to the system, and every 4 KB page of it then
//! costs a page fault when it is allocated again.

use std::sync::{Arc, Mutex, PoisonError};

use super::batch::Batch;

/// The rows of a full page of 1,000 events have 3.4 to 3.7 MB.
const INITIAL_CAPACITY: usize = 4 << 20;

/// Buffers to write rows to. Clones share one pool, which grows to the number of batches that
/// are in memory at once.
#[derive(Clone, Debug, Default)]
pub struct BufferPool(Arc<Mutex<Vec<Vec<u8>>>>);

impl BufferPool {
    /// Takes the buffer of a batch that is posted, unless something still refers to its body.
    pub fn give_back(&self, batch: Batch) {
        if let Ok(body) = batch.body.try_into_mut() {
            let mut buffer = Vec::from(body);
            buffer.clear();
            self.lock().push(buffer);
        }
    }

    /// An empty buffer. The one given back last is the likeliest to be in the CPU's caches.
    pub(super) fn take(&self) -> Vec<u8> {
        let buffer = self.lock().pop();
        buffer.unwrap_or_else(|| Vec::with_capacity(INITIAL_CAPACITY))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        // A push or a pop cannot leave the list half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(buffer: Vec<u8>) -> Batch {
        Batch {
            body: buffer.into(),
            rows: Vec::new(),
        }
    }

    #[test]
    fn the_buffer_of_a_posted_batch_is_used_again() {
        let pool = BufferPool::default();
        let mut buffer = pool.take();
        buffer.extend_from_slice(b"[{}]");
        let (address, capacity) = (buffer.as_ptr(), buffer.capacity());
        pool.give_back(batch(buffer));
        let again = pool.take();
        assert_eq!((again.as_ptr(), again.capacity()), (address, capacity));
        assert!(again.is_empty());
    }

    #[test]
    fn a_body_that_is_still_referred_to_keeps_its_bytes() {
        let pool = BufferPool::default();
        let posted = batch(b"[{\"a\":1}]".to_vec());
        let held = posted.body().clone();
        pool.give_back(posted);
        pool.take().extend_from_slice(b"[{\"a\":2}]");
        assert_eq!(held.as_ref(), b"[{\"a\":1}]");
        assert_eq!(pool.lock().len(), 0);
    }
}
