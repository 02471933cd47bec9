//! How fast a page becomes rows: `cargo bench --bench encode`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use okta_sentinel::batch::{BatchLimits, Batcher};
use okta_sentinel::event::layout::Spelling;
use okta_sentinel::event::page::{PageError, encode_page};
use okta_sentinel::event::row::RowEncoder;
use sandbox::okta::events::EventMaker;

const EVENTS: u64 = 1_000;
const AT_LEAST: Duration = Duration::from_secs(3);

#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
fn main() -> Result<(), PageError> {
    let maker = EventMaker::new(1, chrono::DateTime::UNIX_EPOCH, Duration::from_secs(1));
    let events: Vec<_> = (0..EVENTS).map(|number| maker.event(number)).collect();
    let page = [b"[", events.join(&b","[..]).as_slice(), b"]"].concat();
    for spelling in [Spelling::Inferred, Spelling::Named] {
        let mut encoder = RowEncoder::new(spelling, "acme.okta.com");
        let mut batcher = Batcher::new(BatchLimits {
            bytes: 20_000_000,
            rows: 20_000,
        });
        let mut best = Duration::MAX;
        let (began, mut rounds) = (Instant::now(), 0_u32);
        while began.elapsed() < AT_LEAST {
            let round = Instant::now();
            encode_page(&page, &mut encoder, &mut batcher)?;
            black_box(batcher.flush());
            best = best.min(round.elapsed());
            rounds += 1;
        }
        let mean = began.elapsed() / rounds;
        let megabytes = |time: Duration| page.len() as f64 / 1e6 / time.as_secs_f64();
        println!(
            "{spelling:?}: {EVENTS} events, {} bytes: {:.0} MB/s at best, {:.0} MB/s in the mean of {rounds} pages ({:.2} µs an event)",
            page.len(),
            megabytes(best),
            megabytes(mean),
            mean.as_secs_f64() * 1e6 / EVENTS as f64,
        );
    }
    Ok(())
}
