//! What each level of two gzip libraries makes of rows for the Logs Ingestion API, and what that
//! takes. Rows are cut into bodies as the program cuts them, and every body gets a compressor of
//! its own.

use std::hint::black_box;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use libdeflater::{CompressionLvl, Compressor};
use okta_rows::{ColumnNaming, RowEncoder, encode_page};
use okta_sentinel::log_analytics::batch::{Batch, BatchLimits};
use okta_sentinel::log_analytics::batcher::Batcher;
use okta_sentinel::log_analytics::buffer_pool::BufferPool;

use super::Failure;
use super::clock::processor_time;
use super::pages;

/// Pages of each kind of event.
const PAGES: u64 = 20;
const LEVELS: std::ops::RangeInclusive<u32> = 1..=6;
const CALL: BatchLimits = BatchLimits {
    bytes: 1_000_000,
    rows: usize::MAX,
};

#[derive(Clone, Copy)]
enum Library {
    Flate2,
    Libdeflate,
}

impl Library {
    fn name(self) -> &'static str {
        match self {
            Library::Flate2 => "flate2",
            Library::Libdeflate => "libdeflate",
        }
    }

    fn compress(self, level: u32, plain: &[u8]) -> Result<Vec<u8>, Failure> {
        match self {
            Library::Flate2 => {
                let out = Vec::with_capacity(plain.len() / 4);
                let mut encoder = GzEncoder::new(out, Compression::new(level));
                encoder.write_all(plain)?;
                Ok(encoder.finish()?)
            }
            Library::Libdeflate => {
                let level = CompressionLvl::new(level.try_into()?);
                let mut compressor = Compressor::new(level.map_err(|_| "no such level")?);
                let mut out = vec![0; compressor.gzip_compress_bound(plain.len())];
                let length = compressor.gzip_compress(plain, &mut out)?;
                out.truncate(length);
                Ok(out)
            }
        }
    }
}

/// Prints for each kind of event `rows`, the kind, their number and bytes; then for each library
/// and level `level`, the kind, the library, the level, bytes and nanoseconds of all rows.
pub(super) fn print(seed: u64) -> Result<(), Failure> {
    let generated: Vec<_> = (0..PAGES)
        .map(|number| pages::generated(seed, number))
        .collect();
    measure("generated", &generated)?;
    match pages::published() {
        Some(page) => measure("published", &vec![page; PAGES as usize]),
        None => Ok(()),
    }
}

#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
fn measure(kind: &str, pages: &[Vec<u8>]) -> Result<(), Failure> {
    let batches = batches(pages)?;
    let rows: usize = batches.iter().map(|batch| batch.rows().len()).sum();
    let bytes: usize = batches.iter().map(|batch| batch.body().len()).sum();
    println!("rows {kind} {rows} {bytes}");
    for library in [Library::Flate2, Library::Libdeflate] {
        for level in LEVELS {
            let before = processor_time();
            let mut compressed = 0;
            for batch in &batches {
                compressed += black_box(library.compress(level, batch.body())?).len();
            }
            let took = processor_time().saturating_sub(before).as_nanos();
            println!(
                "level {kind} {} {level} {compressed} {took}",
                library.name()
            );
        }
    }
    Ok(())
}

fn batches(pages: &[Vec<u8>]) -> Result<Vec<Batch>, Failure> {
    let mut encoder = RowEncoder::new(ColumnNaming::Full, "acme.okta.com");
    let mut batcher = Batcher::new(CALL, BufferPool::default());
    let mut batches = Vec::new();
    for page in pages {
        encode_page(page, &mut encoder, &mut batcher)?;
        batches.extend(batcher.finish_page());
    }
    Ok(batches)
}
