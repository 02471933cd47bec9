//! Okta, the workspace, the identity's endpoint and storage may answer with anything. After they
//! heal every event is in the table, or set aside because it was damaged or refused. No more rows
//! come again than the answers explain. Every run keeps to its memory and its time.
//!
//! `cargo xtask soak anything` does the same for as long as one likes, and shrinks what fails.

use futures_util::{StreamExt as _, stream};
use sandbox::anything::{Plan, Program, carry_out};

use crate::support::{fixture, program};

/// Seeds whose plans hold odd answers of every end.
const SEEDS: &[u64] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
/// Seeds that nobody has tried before.
const NEW_SEEDS: usize = 2;
/// Cases at a time: most of one is waiting.
const AT_A_TIME: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_services_heal_every_event_is_there() {
    let new = std::iter::repeat_with(|| fastrand::u64(..1_000_000_000));
    let seeds: Vec<u64> = SEEDS.iter().copied().chain(new.take(NEW_SEEDS)).collect();
    println!("seeds {seeds:?}");
    let program = Program {
        executable: program::PROGRAM.into(),
        streams: fixture::streams(),
    };
    let cases = stream::iter(seeds)
        .map(|seed| {
            let plan = Plan::draw(seed, &[], &[]).brief();
            let program = &program;
            async move { carry_out(&plan, program).await.unwrap() }
        })
        .buffer_unordered(AT_A_TIME);
    let broken: Vec<String> = cases
        .filter_map(async |outcome| {
            let failures: Vec<String> = outcome.failures.iter().map(ToString::to_string).collect();
            (!failures.is_empty()).then(|| format!("{}\n{}", failures.join("; "), outcome.plan))
        })
        .collect()
        .await;
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
