//! The smallest part of a plan that fails in the same way.

use std::io;

use futures_util::{StreamExt as _, stream};

use super::case::{Outcome, Program, carry_out};
use super::plan::Plan;

/// Tries at a time.
const AT_A_TIME: usize = 4;

/// Removes entries while one of the failures stays; the outcome of the smallest plan that was found.
///
/// # Errors
/// A case that cannot be carried out.
pub async fn shrink(failed: Outcome, program: &Program) -> io::Result<Outcome> {
    let names: Vec<&str> = failed
        .failures
        .iter()
        .map(|failure| failure.name())
        .collect();
    let same = |outcome: &Outcome| {
        let mut failures = outcome.failures.iter();
        failures.any(|failure| names.contains(&failure.name()))
    };
    // Most failures have one cause.
    let alone = failed
        .plan
        .numbers()
        .into_iter()
        .map(|number| failed.plan.keeping(&[number]));
    let alone: Vec<Plan> = alone.collect();
    if alone.len() > 1
        && let Some(found) = first_failing(&alone, program, &same).await?
    {
        return Ok(found);
    }
    let mut smallest = failed;
    loop {
        let numbers = smallest.plan.numbers();
        let without = numbers.iter().map(|left_out| {
            let kept: Vec<usize> = numbers
                .iter()
                .copied()
                .filter(|number| number != left_out)
                .collect();
            smallest.plan.keeping(&kept)
        });
        let without: Vec<Plan> = without.filter(|plan| !plan.entries.is_empty()).collect();
        match first_failing(&without, program, &same).await? {
            Some(found) => smallest = found,
            None => return Ok(smallest),
        }
    }
}

async fn first_failing(
    plans: &[Plan],
    program: &Program,
    same: &impl Fn(&Outcome) -> bool,
) -> io::Result<Option<Outcome>> {
    let mut tried = stream::iter(plans)
        .map(|plan| carry_out(plan, program))
        .buffered(AT_A_TIME);
    while let Some(outcome) = tried.next().await {
        let outcome = outcome?;
        if same(&outcome) {
            return Ok(Some(outcome));
        }
    }
    Ok(None)
}
