//! How often an event makes the program ask for memory, counted by valgrind on the shipped binary.

use anyhow::Context as _;

use super::site::{Activity, Site};
use super::target::BenchTarget;
use crate::checkout;

/// Two sizes: their difference has none of what starting and ending take.
const FEW: u64 = 2_000;
const MORE: u64 = 12_000;

/// Allocations of one more event, all of the process; a page's are shared by its thousand events.
///
/// # Errors
/// The target failed, or valgrind said something else than usual.
pub(super) async fn measure(target: &BenchTarget, seed: u64) -> anyhow::Result<f64> {
    let few = blocks(target, FEW, seed).await?;
    let more = blocks(target, MORE, seed).await?;
    Ok((more as f64 - few as f64) / (MORE - FEW) as f64)
}

async fn blocks(target: &BenchTarget, events: u64, seed: u64) -> anyhow::Result<u64> {
    let site = Site::start(Activity::Awake.org(events, seed)).await?;
    let file = checkout::target("bench").join("dhat.out");
    let file = format!("--dhat-out-file={}", file.display());
    let wrapper = ["valgrind", "--tool=dhat", &file];
    let (_, said) = target.run_under(&wrapper, &site).await?;
    site.check(target.expected)?;
    total_blocks(&said).with_context(|| format!("valgrind told no total: {}", said.trim()))
}

/// From `==1== Total:     1,234 bytes in 56 blocks`.
fn total_blocks(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("Total:"))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "in")?;
    words.get(at + 1)?.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_from_what_valgrind_says() {
        let said = "==7== \n==7== Total:     2,045,337 bytes in 1,203 blocks\n==7== At t-gmax: 1";
        assert_eq!(total_blocks(said), Some(1_203));
        assert_eq!(total_blocks("nothing"), None);
    }
}
