//! Time that others on the machine do not count in.

use std::time::{Duration, Instant};

/// What this process has had of the processor; the time of day where the system does not tell.
/// It moves by milliseconds: only sums of many differences mean something.
pub(super) fn processor_time() -> Duration {
    thread_local!(static BEGUN: Instant = Instant::now());
    let told = std::fs::read_to_string("/proc/self/schedstat").ok();
    let first = told
        .as_deref()
        .and_then(|told| told.split_whitespace().next());
    let nanoseconds = first.and_then(|figure| figure.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.with(Instant::elapsed), Duration::from_nanos)
}
