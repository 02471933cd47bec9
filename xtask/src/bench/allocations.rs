//! How often an event makes the program ask for memory, counted by valgrind on the shipped binary.

use anyhow::Context as _;
use sandbox::okta::{OktaOrg, OrgConfig};
use sandbox::workspace::Workspace;

use super::road::Road;
use super::shipping;
use crate::checkout;

/// Two sizes: their difference has none of what starting and ending take.
const FEW: u64 = 2_000;
const MORE: u64 = 12_000;

/// Allocations of one more event, all of the process; a page's are shared by its thousand events.
///
/// # Errors
/// The road failed, or valgrind said something else than usual.
pub(super) async fn measure(road: &Road, seed: u64) -> anyhow::Result<f64> {
    let few = blocks(road, FEW, seed).await?;
    let more = blocks(road, MORE, seed).await?;
    Ok((more as f64 - few as f64) / (MORE - FEW) as f64)
}

async fn blocks(road: &Road, events: u64, seed: u64) -> anyhow::Result<u64> {
    let config = OrgConfig {
        seed,
        events,
        ..OrgConfig::default()
    };
    let org = OktaOrg::start(config)
        .await
        .context("the local Okta org cannot be started")?;
    let workspace = Workspace::start(shipping::counting())
        .await
        .context("the local workspace cannot be started")?;
    let file = checkout::target("bench").join("dhat.out");
    let file = format!("--dhat-out-file={}", file.display());
    let wrapper = ["valgrind", "--tool=dhat", &file];
    let (_, said) = road.run_under(&wrapper, &org, &workspace).await?;
    shipping::complete(road, &org, &workspace)?;
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
