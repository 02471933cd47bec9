//! What each stage takes of an event in a run of many, page after page as the program does it, so
//! that a report can say where the rest goes.

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use chrono::DateTime;
use flate2::write::GzEncoder;
use flate2::{Compression, Decompress, FlushDecompress};
use okta_rows::ColumnNaming;
use okta_rows::RowEncoder;
use okta_rows::encode_page;
use okta_sentinel::log_analytics::batch::{Batch, BatchLimits, Batcher};
use okta_sentinel::log_analytics::logs_ingestion::gzip::Gzip;
use sandbox::okta::events::EventMaker;

use super::Failure;
use super::clock::processor_time;

const PAGE: u64 = 1_000;
/// Pages that are made once and gone through again and again: more than the caches hold.
const PAGES: u64 = 20;
/// The clock moves by milliseconds.
const AT_LEAST: Duration = Duration::from_secs(2);
const A_PAGE: BatchLimits = BatchLimits {
    bytes: 20_000_000,
    rows: 20_000,
};
const A_CALL: BatchLimits = BatchLimits {
    bytes: 1_000_000,
    rows: usize::MAX,
};

/// Prints a line for each stage: `stage`, its name, nanoseconds of an event.
#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
pub(super) fn print(seed: u64) -> Result<(), Failure> {
    let maker = EventMaker::new(seed, DateTime::UNIX_EPOCH, Duration::from_secs(1));
    let page = |number: u64| {
        let events = (number * PAGE..(number + 1) * PAGE).map(|event| maker.event(event));
        let events: Vec<_> = events.collect();
        [b"[", events.join(&b","[..]).as_slice(), b"]"].concat()
    };
    let pages: Vec<Vec<u8>> = (0..PAGES).map(page).collect();
    let calls = batches(&pages, ColumnNaming::Full, A_CALL)?;
    let figures = [
        ("inflate", inflate(&pages)?),
        ("rows", rows(&pages, ColumnNaming::Unsuffixed, A_PAGE)?),
        ("rows-named", rows(&pages, ColumnNaming::Full, A_CALL)?),
        ("gzip", gzip(&calls)?),
    ];
    for (name, took) in figures {
        println!("stage {name} {}", took.as_nanos());
    }
    Ok(())
}

/// What `round` over `events` events takes for one of them.
fn timed(events: u64, mut round: impl FnMut() -> Result<(), Failure>) -> Result<Duration, Failure> {
    round()?;
    let (began, before, mut rounds) = (Instant::now(), processor_time(), 0);
    while began.elapsed() < AT_LEAST {
        round()?;
        rounds += 1;
    }
    let nanoseconds = processor_time().saturating_sub(before).as_nanos();
    let each = nanoseconds / u128::from(events * rounds);
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
    timed(PAGES * PAGE, || {
        for page in &packed {
            body.clear();
            Decompress::new_gzip(15).decompress_vec(page, &mut body, FlushDecompress::None)?;
            black_box(&body);
        }
        Ok(())
    })
}

fn rows(pages: &[Vec<u8>], naming: ColumnNaming, limits: BatchLimits) -> Result<Duration, Failure> {
    let mut encoder = RowEncoder::new(naming, "acme.okta.com");
    let mut batcher = Batcher::new(limits);
    timed(PAGES * PAGE, || {
        for page in pages {
            encode_page(page, &mut encoder, &mut batcher)?;
            black_box(match limits == A_PAGE {
                true => batcher.flush(),
                false => batcher.closed(),
            });
        }
        Ok(())
    })
}

fn batches(
    pages: &[Vec<u8>],
    naming: ColumnNaming,
    limits: BatchLimits,
) -> Result<Vec<Batch>, Failure> {
    let mut encoder = RowEncoder::new(naming, "acme.okta.com");
    let mut batcher = Batcher::new(limits);
    for page in pages {
        encode_page(page, &mut encoder, &mut batcher)?;
    }
    Ok(batcher.flush())
}

fn gzip(calls: &[Batch]) -> Result<Duration, Failure> {
    let (mut gzip, mut out) = (Gzip::default(), Vec::new());
    timed(PAGES * PAGE, || {
        for call in calls {
            out.clear();
            gzip.compress(call.body(), &mut out);
            black_box(&out);
        }
        Ok(())
    })
}
