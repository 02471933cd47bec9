//! What each stage that an event passes through costs by itself: `cargo bench`.
//!
//! `stages count STAGE ROUNDS` does the same work a given number of times and says nothing, for
//! `cargo xtask instructions` to count. `stages levels SEED` and `stages shares SEED` are for
//! `cargo xtask bench`: a line for each level of gzip, and for each stage of the program.

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use chrono::DateTime;
use flate2::Compression;
use flate2::write::{GzDecoder, GzEncoder};
use okta_rows::{ColumnNaming, Row, RowEncoder, RowSink, encode_page};
use okta_sentinel::log_analytics::batch::{Batch, BatchLimits};
use okta_sentinel::log_analytics::batcher::Batcher;
use okta_sentinel::log_analytics::buffer_pool::BufferPool;
use okta_sentinel::log_analytics::data_collector::signature::{WorkspaceKey, http_date};
use okta_sentinel::log_analytics::logs_ingestion::gzip;
use serde::de::IgnoredAny;

mod clock;
mod levels;
mod pages;
mod shares;

const SEED: u64 = 1;
const AT_LEAST: Duration = Duration::from_secs(1);

type Failure = Box<dyn std::error::Error>;

/// One page and the stages that it passes through.
struct Bench {
    page: Vec<u8>,
    packed: Vec<u8>,
    inferred: RowEncoder,
    named: RowEncoder,
    pool: BufferPool,
    batcher: Batcher,
    /// The page's rows for Logs Ingestion.
    call: Vec<u8>,
    key: WorkspaceKey,
    rows: Rows,
}

/// Keeps nothing: the row alone.
#[derive(Default)]
struct Rows(Vec<u8>);

impl RowSink for Rows {
    fn buffer(&mut self) -> &mut Vec<u8> {
        self.0.clear();
        &mut self.0
    }

    fn row(&mut self, row: &Row<'_>) {
        black_box(row);
    }
}

/// `all` is what an event costs beyond the wire with the Data Collector API.
const STAGES: [&str; 8] = [
    "inflate",
    "grammar",
    "row",
    "row-named",
    "batch",
    "compress",
    "sign",
    "all",
];

impl Bench {
    fn new(page: Vec<u8>) -> Result<Bench, Failure> {
        let pool = BufferPool::default();
        let limits = BatchLimits {
            bytes: 20_000_000,
            rows: 20_000,
        };
        let mut bench = Bench {
            packed: packed(&page)?,
            page,
            inferred: RowEncoder::new(ColumnNaming::Unsuffixed, "acme.okta.com"),
            named: RowEncoder::new(ColumnNaming::Full, "acme.okta.com"),
            batcher: Batcher::new(limits, pool.clone()),
            pool,
            call: Vec::new(),
            key: "BwcHBwcHBwc=".parse()?,
            rows: Rows::default(),
        };
        encode_page(&bench.page, &mut bench.named, &mut bench.batcher)?;
        let batches = bench.batcher.finish_page();
        bench.call = batches
            .iter()
            .flat_map(|batch| batch.body().to_vec())
            .collect();
        Ok(bench)
    }

    fn batches(&mut self) -> Result<Vec<Batch>, Failure> {
        encode_page(&self.page, &mut self.inferred, &mut self.batcher)?;
        Ok(self.batcher.finish_page())
    }

    /// Does a stage once; returns the bytes that went in.
    fn stage(&mut self, name: &str) -> Result<usize, Failure> {
        match name {
            "inflate" => {
                let mut decoder = GzDecoder::new(Vec::with_capacity(self.page.len()));
                decoder.write_all(&self.packed)?;
                black_box(decoder.finish()?);
            }
            "grammar" => drop(black_box(serde_json::from_slice::<IgnoredAny>(&self.page)?)),
            "row" => encode_page(&self.page, &mut self.inferred, &mut self.rows)?,
            "row-named" => encode_page(&self.page, &mut self.named, &mut self.rows)?,
            "batch" => {
                for batch in self.batches()? {
                    self.pool.give_back(black_box(batch));
                }
            }
            "compress" => {
                black_box(gzip::compress(&self.call));
                return Ok(self.call.len());
            }
            "sign" => {
                let date = http_date(DateTime::UNIX_EPOCH);
                black_box(self.key.sign(self.page.len(), &date));
            }
            "all" => {
                self.stage("batch")?;
                return self.stage("sign");
            }
            other => return Err(format!("no stage {other}; there are {STAGES:?}").into()),
        }
        Ok(self.page.len())
    }

    #[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
    fn table(&mut self, input: &str) -> Result<(), Failure> {
        println!(
            "{input}: {} events, {} bytes",
            pages::EVENTS,
            self.page.len()
        );
        for stage in STAGES {
            let mut best = Duration::MAX;
            let mut bytes = 0;
            let began = Instant::now();
            while began.elapsed() < AT_LEAST {
                let round = Instant::now();
                bytes = self.stage(stage)?;
                best = best.min(round.elapsed());
            }
            println!(
                "  {stage:<10} {:>8.0} MB/s {:>8.0} ns an event",
                bytes as f64 / 1e6 / best.as_secs_f64(),
                best.as_secs_f64() * 1e9 / pages::EVENTS as f64,
            );
        }
        Ok(())
    }
}

fn packed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, seed] = arguments.as_slice()
        && mode == "levels"
    {
        return levels::print(seed.parse()?);
    }
    if let [mode, seed] = arguments.as_slice()
        && mode == "shares"
    {
        return shares::print(seed.parse()?);
    }
    let mut bench = Bench::new(pages::generated(SEED, 0))?;
    if let [mode, stage, rounds] = arguments.as_slice()
        && mode == "count"
    {
        for _ in 0..rounds.parse::<u32>()? {
            bench.stage(stage)?;
        }
        return Ok(());
    }
    bench.table("generated")?;
    match pages::published() {
        Some(page) => Bench::new(page)?.table("published by others"),
        None => Ok(()),
    }
}
