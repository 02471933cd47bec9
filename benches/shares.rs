//! What each stage takes of an event in a run of many, page after page as the program does it, so
//! that a report can say where the rest goes.

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::write::GzEncoder;
use flate2::{Compression, Decompress, FlushDecompress};
use okta_rows::{ColumnNaming, RowEncoder, encode_page};
use okta_sentinel::log_analytics::batch::{Batch, BatchLimits};
use okta_sentinel::log_analytics::batcher::Batcher;
use okta_sentinel::log_analytics::buffer_pool::BufferPool;
use okta_sentinel::log_analytics::logs_ingestion::gzip;

use super::Failure;
use super::clock::processor_time;
use super::pages;

/// Pages that are made once and gone through again and again: more than the caches hold.
const PAGES: u64 = 20;
/// The clock moves by milliseconds.
const AT_LEAST: Duration = Duration::from_secs(2);
const DATA_COLLECTOR: BatchLimits = BatchLimits {
    bytes: 20_000_000,
    rows: 20_000,
};
const LOGS_INGESTION: BatchLimits = BatchLimits {
    bytes: 1_000_000,
    rows: usize::MAX,
};

/// Prints a line for each stage: `stage`, its name, nanoseconds of an event.
#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
pub(super) fn print(seed: u64) -> Result<(), Failure> {
    let pages = (0..PAGES).map(|number| pages::generated(seed, number));
    let pages: Vec<Vec<u8>> = pages.collect();
    let calls = batches(&pages)?;
    let figures = [
        ("inflate", inflate(&pages)?),
        (
            "rows",
            rows(&pages, ColumnNaming::Unsuffixed, DATA_COLLECTOR)?,
        ),
        (
            "rows-named",
            rows(&pages, ColumnNaming::Full, LOGS_INGESTION)?,
        ),
        ("gzip", compress(&calls)?),
    ];
    for (name, took) in figures {
        println!("stage {name} {}", took.as_nanos());
    }
    Ok(())
}

/// What `round` over all events takes for one of them.
fn timed(mut round: impl FnMut() -> Result<(), Failure>) -> Result<Duration, Failure> {
    round()?;
    let (began, before, mut rounds) = (Instant::now(), processor_time(), 0);
    while began.elapsed() < AT_LEAST {
        round()?;
        rounds += 1;
    }
    let nanoseconds = processor_time().saturating_sub(before).as_nanos();
    let each = nanoseconds / u128::from(PAGES * pages::EVENTS * rounds);
    Ok(Duration::from_nanos(u64::try_from(each)?))
}

fn inflate(pages: &[Vec<u8>]) -> Result<Duration, Failure> {
    let packed = pages.iter().map(|page| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(page)?;
        encoder.finish()
    });
    let packed: Vec<Vec<u8>> = packed.collect::<std::io::Result<_>>()?;
    let longest = pages.iter().map(Vec::len).max().unwrap_or_default();
    let mut body = Vec::with_capacity(longest + 1);
    timed(|| {
        for page in &packed {
            body.clear();
            Decompress::new_gzip(15).decompress_vec(page, &mut body, FlushDecompress::None)?;
            black_box(&body);
        }
        Ok(())
    })
}

fn rows(pages: &[Vec<u8>], naming: ColumnNaming, limits: BatchLimits) -> Result<Duration, Failure> {
    let pool = BufferPool::default();
    let mut encoder = RowEncoder::new(naming, "acme.okta.com");
    let mut batcher = Batcher::new(limits, pool.clone());
    timed(|| {
        for page in pages {
            encode_page(page, &mut encoder, &mut batcher)?;
            for batch in batcher.finish_page() {
                pool.give_back(black_box(batch));
            }
        }
        Ok(())
    })
}

fn batches(pages: &[Vec<u8>]) -> Result<Vec<Batch>, Failure> {
    let mut encoder = RowEncoder::new(ColumnNaming::Full, "acme.okta.com");
    let mut batcher = Batcher::new(LOGS_INGESTION, BufferPool::default());
    let mut batches = Vec::new();
    for page in pages {
        encode_page(page, &mut encoder, &mut batcher)?;
        batches.extend(batcher.finish_page());
    }
    Ok(batches)
}

fn compress(calls: &[Batch]) -> Result<Duration, Failure> {
    timed(|| {
        for call in calls {
            black_box(gzip::compress(call.body()));
        }
        Ok(())
    })
}
