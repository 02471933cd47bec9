//! What each level of gzip makes of rows for the Logs Ingestion API, and what that takes.
//!
//! Rows are batched and compressed as the program does it: calls of a million bytes over the bounds
//! of pages, one state for all of them, into room that is kept.

use std::time::{Duration, Instant};

use chrono::DateTime;
use flate2::{Compress, Compression, FlushCompress, Status};
use okta_sentinel::batch::{Batch, BatchLimits, Batcher};
use okta_sentinel::event::layout::Spelling;
use okta_sentinel::event::page::encode_page;
use okta_sentinel::event::row::RowEncoder;
use sandbox::okta::events::EventMaker;

use super::Failure;

const PAGE: u64 = 1_000;
const LIMITS: BatchLimits = BatchLimits {
    bytes: 1_000_000,
    rows: usize::MAX,
};

/// One level's state and what it has done so far.
struct Level {
    number: u32,
    state: Compress,
    out: Vec<u8>,
    bytes: usize,
    took: Duration,
}

impl Level {
    fn new(number: u32) -> Level {
        Level {
            number,
            state: Compress::new_gzip(Compression::new(number), 15),
            out: Vec::with_capacity(LIMITS.bytes),
            bytes: 0,
            took: Duration::ZERO,
        }
    }

    fn compress(&mut self, plain: &[u8]) -> Result<(), Failure> {
        self.out.clear();
        self.state.reset();
        let before = processor_time();
        let ended = self
            .state
            .compress_vec(plain, &mut self.out, FlushCompress::Finish)?;
        self.took += processor_time().saturating_sub(before);
        self.bytes += self.out.len();
        match ended {
            Status::StreamEnd => Ok(()),
            _ => Err(format!("level {} did not shrink a call", self.number).into()),
        }
    }
}

/// Prints `rows`, their number and bytes, then a line for each level: `level`, its number, bytes
/// and nanoseconds of all rows.
#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
pub(super) fn print(events: u64, seed: u64) -> Result<(), Failure> {
    let maker = EventMaker::new(seed, DateTime::UNIX_EPOCH, Duration::from_secs(1));
    let mut encoder = RowEncoder::new(Spelling::Named, "acme.okta.com");
    let mut batcher = Batcher::new(LIMITS);
    let mut levels: Vec<Level> = (1..=9).map(Level::new).collect();
    let (mut rows, mut bytes) = (0, 0);
    let mut pack = |batches: Vec<Batch>| -> Result<(), Failure> {
        for batch in &batches {
            rows += batch.rows().len();
            bytes += batch.body().len();
            for level in &mut levels {
                level.compress(batch.body())?;
            }
        }
        Ok(())
    };
    for page in 0..events.div_ceil(PAGE) {
        let numbers = page * PAGE..events.min((page + 1) * PAGE);
        let events: Vec<_> = numbers.map(|number| maker.event(number)).collect();
        let page = [b"[", events.join(&b","[..]).as_slice(), b"]"].concat();
        encode_page(&page, &mut encoder, &mut batcher)?;
        pack(batcher.closed())?;
    }
    pack(batcher.flush())?;
    println!("rows {rows} {bytes}");
    for level in &levels {
        println!(
            "level {} {} {}",
            level.number,
            level.bytes,
            level.took.as_nanos()
        );
    }
    Ok(())
}

/// What this process has had of the processor, so that others on the machine do not count; the
/// time of day where the system does not tell.
fn processor_time() -> Duration {
    thread_local!(static BEGUN: Instant = Instant::now());
    let told = std::fs::read_to_string("/proc/self/schedstat").ok();
    let first = told
        .as_deref()
        .and_then(|told| told.split_whitespace().next());
    let nanoseconds = first.and_then(|figure| figure.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.with(Instant::elapsed), Duration::from_nanos)
}
