//! What the program's gzip makes of rows for the Logs Ingestion API, what each level of libdeflate
//! makes of them, and what that takes.
//!
//! Rows are batched and compressed as the program does it: calls of a million bytes over the bounds
//! of pages, one state for all of them, into room that is kept.

use std::time::Duration;

use chrono::DateTime;
use libdeflater::{CompressionLvl, Compressor};
use okta_rows::ColumnNaming;
use okta_rows::RowEncoder;
use okta_rows::encode_page;
use okta_sentinel::log_analytics::batch::{Batch, BatchLimits, Batcher};
use okta_sentinel::log_analytics::logs_ingestion::gzip::Gzip;
use sandbox::okta::events::EventMaker;

use super::Failure;
use super::clock::processor_time;

/// The name of the program's own.
const OWN: &str = "own";
const PAGE: u64 = 1_000;
const LIMITS: BatchLimits = BatchLimits {
    bytes: 1_000_000,
    rows: usize::MAX,
};

/// One compressor and what it has done so far.
struct Level {
    name: String,
    state: State,
    bytes: usize,
    took: Duration,
}

enum State {
    Own(Box<Gzip>, Vec<u8>),
    Libdeflate(Compressor, Vec<u8>),
}

impl Level {
    fn new(name: &str, state: State) -> Level {
        Level {
            name: name.to_owned(),
            state,
            bytes: 0,
            took: Duration::ZERO,
        }
    }

    fn libdeflate(level: i32) -> Option<Level> {
        let state = Compressor::new(CompressionLvl::new(level).ok()?);
        let state = State::Libdeflate(state, vec![0; LIMITS.bytes]);
        Some(Level::new(&level.to_string(), state))
    }

    fn compress(&mut self, plain: &[u8]) -> Result<(), Failure> {
        let before = processor_time();
        self.bytes += match &mut self.state {
            State::Own(gzip, out) => {
                out.clear();
                gzip.compress(plain, out);
                out.len()
            }
            State::Libdeflate(compressor, out) => compressor.gzip_compress(plain, out)?,
        };
        self.took += processor_time().saturating_sub(before);
        Ok(())
    }
}

/// Prints `rows`, their number and bytes, then a line for each compressor: `level`, its number or
/// `own`, bytes and nanoseconds of all rows.
#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
pub(super) fn print(events: u64, seed: u64) -> Result<(), Failure> {
    let maker = EventMaker::new(seed, DateTime::UNIX_EPOCH, Duration::from_secs(1));
    let mut encoder = RowEncoder::new(ColumnNaming::Full, "acme.okta.com");
    let mut batcher = Batcher::new(LIMITS);
    let mut levels = vec![Level::new(OWN, State::Own(Box::default(), Vec::new()))];
    levels.extend((1..=9).filter_map(Level::libdeflate));
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
            level.name,
            level.bytes,
            level.took.as_nanos()
        );
    }
    Ok(())
}
