//! What each stage of an event's road costs by itself: `cargo bench`.
//!
//! `stages count STAGE ROUNDS` does the same work a given number of times and says nothing, for
//! `cargo xtask instructions` to count. `stages levels EVENTS SEED` and `stages shares SEED` are for
//! `cargo xtask bench`: a line for each level of gzip, and for each stage of the program.

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::DateTime;
use flate2::Compression;
use flate2::write::{GzDecoder, GzEncoder};
use okta_rows::ColumnNaming;
use okta_rows::{Row, RowEncoder};
use okta_rows::{RowSink, encode_page};
use okta_sentinel::log_analytics::batch::{Batch, BatchLimits, Batcher};
use okta_sentinel::log_analytics::data_collector::signature::{Signer, http_date};
use okta_sentinel::log_analytics::logs_ingestion::gzip::Gzip;
use sandbox::okta::events::EventMaker;
use serde::de::IgnoredAny;

mod clock;
mod levels;
mod shares;

const EVENTS: u64 = 1_000;
const SEED: u64 = 1;
const AT_LEAST: Duration = Duration::from_secs(1);

type Failure = Box<dyn std::error::Error>;

/// One page and the stages that it passes through.
struct Bench {
    page: Vec<u8>,
    packed: Vec<u8>,
    inferred: RowEncoder,
    named: RowEncoder,
    batcher: Batcher,
    /// The page's rows for Logs Ingestion.
    call: Vec<u8>,
    /// What somebody might write into a log to keep the program busy.
    alike: Vec<u8>,
    gzip: Gzip,
    gzipped: Vec<u8>,
    signer: Signer,
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

/// `all` is what an event costs beyond the wire on the Data Collector road.
const STAGES: [&str; 9] = [
    "inflate",
    "grammar",
    "row",
    "row-named",
    "batch",
    "compress",
    "compress-alike",
    "sign",
    "all",
];

impl Bench {
    fn new(page: Vec<u8>) -> Result<Bench, Failure> {
        let mut bench = Bench {
            packed: packed(&page)?,
            page,
            inferred: RowEncoder::new(ColumnNaming::Unsuffixed, "acme.okta.com"),
            named: RowEncoder::new(ColumnNaming::Full, "acme.okta.com"),
            batcher: Batcher::new(BatchLimits {
                bytes: 20_000_000,
                rows: 20_000,
            }),
            call: Vec::new(),
            alike: alike(),
            gzip: Gzip::default(),
            gzipped: Vec::new(),
            signer: Signer::new(&[7; 64])?,
            rows: Rows::default(),
        };
        encode_page(&bench.page, &mut bench.named, &mut bench.batcher)?;
        let batches = bench.batcher.flush();
        bench.call = batches
            .iter()
            .flat_map(|batch| batch.body().to_vec())
            .collect();
        Ok(bench)
    }

    fn batches(&mut self) -> Result<Vec<Batch>, Failure> {
        encode_page(&self.page, &mut self.inferred, &mut self.batcher)?;
        Ok(self.batcher.flush())
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
            "batch" => drop(black_box(self.batches()?)),
            "compress" => {
                self.gzipped.clear();
                self.gzip.compress(&self.call, &mut self.gzipped);
                black_box(&self.gzipped);
                return Ok(self.call.len());
            }
            "compress-alike" => {
                self.gzipped.clear();
                self.gzip.compress(&self.alike, &mut self.gzipped);
                black_box(&self.gzipped);
                return Ok(self.alike.len());
            }
            "sign" => {
                let date = http_date(DateTime::UNIX_EPOCH);
                black_box(self.signer.sign(self.page.len(), &date));
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
        println!("{input}: {EVENTS} events, {} bytes", self.page.len());
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
                best.as_secs_f64() * 1e9 / EVENTS as f64,
            );
        }
        Ok(())
    }
}

/// Values that begin alike, are of one length and differ at their ends, ten of them again and again:
/// each one finds another that is nearer and shorter than the best.
fn alike() -> Vec<u8> {
    let values = (0..10_u64).map(|number| {
        let end = (number + 1).wrapping_mul(0x9E37_79B1_85EB_CA87) >> 32;
        format!("kkkkkkkk:\"0123456789abcdef{end:08x}")
    });
    values.collect::<String>().repeat(1_000).into_bytes()
}

fn packed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn generated() -> Vec<u8> {
    let maker = EventMaker::new(SEED, DateTime::UNIX_EPOCH, Duration::from_secs(1));
    let events: Vec<_> = (0..EVENTS).map(|number| maker.event(number)).collect();
    [b"[", events.join(&b","[..]).as_slice(), b"]"].concat()
}

/// Events that others published, in turn; most have lost their ids, so each gets one again.
fn published() -> Option<Vec<u8>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/okta-events/panther-analysis-okta-events.ndjson");
    let text = std::fs::read_to_string(file).ok()?;
    let events = text.lines().cycle().take(EVENTS as usize).enumerate();
    let events = events.filter_map(|(number, line)| {
        let mut event: serde_json::Map<_, _> = serde_json::from_str(line).ok()?;
        let uuid = format!("00000000-0000-4000-8000-{number:012}");
        event.insert("uuid".to_owned(), uuid.into());
        serde_json::to_string(&event).ok()
    });
    let events: Vec<_> = events.collect();
    Some(format!("[{}]", events.join(",")).into_bytes())
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, events, seed] = arguments.as_slice()
        && mode == "levels"
    {
        return levels::print(events.parse()?, seed.parse()?);
    }
    if let [mode, seed] = arguments.as_slice()
        && mode == "shares"
    {
        return shares::print(seed.parse()?);
    }
    let mut bench = Bench::new(generated())?;
    if let [mode, stage, rounds] = arguments.as_slice()
        && mode == "count"
    {
        for _ in 0..rounds.parse::<u32>()? {
            bench.stage(stage)?;
        }
        return Ok(());
    }
    bench.table("generated")?;
    match published() {
        Some(page) => Bench::new(page)?.table("published by others"),
        None => Ok(()),
    }
}
