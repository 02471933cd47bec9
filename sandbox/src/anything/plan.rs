//! A case: everything that a seed decides.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;

use super::catalogue::{Api, Kind, kinds};
use super::odd::{Call, End, Odd};

/// One line of a plan.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place in the whole plan of the seed, by which it can be kept alone.
    pub number: usize,
    /// What kind of odd answer it is.
    pub kind: &'static Kind,
    /// The call that it answers.
    pub call: Call,
    /// The first such call of the case that it answers, from 0; for refused connections, the run.
    pub nth: usize,
    /// How many such calls in a row it answers.
    pub times: usize,
    /// The answer.
    pub odd: Odd,
}

/// What a seed decides.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// The API that takes the rows.
    pub api: Api,
    /// Events in the log at the start.
    pub events: u64,
    /// Events that come before each run but the first.
    pub later: u64,
    /// Most events on a page.
    pub page: usize,
    /// How long before the start the last event was published.
    pub idle_for: Duration,
    /// Whether Okta compresses.
    pub gzip: bool,
    /// `RUN_BUDGET_SECONDS`.
    pub budget: u64,
    /// Most runs before the ends heal; they heal earlier when every entry was used.
    pub odd_runs: usize,
    /// What the ends answer.
    pub entries: Vec<Entry>,
}

impl Plan {
    /// The plan of this seed, without the kinds whose names begin with one of `without`, and of
    /// `only` those that begin so, if there are any.
    pub fn draw(seed: u64, without: &[String], only: &[String]) -> Plan {
        let mut random = Rng::with_seed(seed);
        let api = match random.bool() {
            true => Api::DataCollector,
            false => Api::LogsIngestion,
        };
        let backlog = random.u8(..3);
        let mut plan = Plan {
            seed,
            api,
            events: random.u64(40..=300),
            later: random.u64(0..=15),
            page: random.usize(20..=100),
            idle_for: Duration::from_secs(if backlog == 0 { 3 * 3_600 } else { 0 }),
            gzip: random.bool(),
            budget: random.u64(10..=12),
            odd_runs: 4,
            entries: Vec::new(),
        };
        let named = |names: &[String], kind: &Kind| {
            names
                .iter()
                .any(|name| kind.name.starts_with(name.as_str()))
        };
        let wanted: Vec<&'static Kind> = kinds()
            .filter(|kind| api == Api::LogsIngestion || kind.end != End::Identity)
            .filter(|kind| !named(without, kind) && (only.is_empty() || named(only, kind)))
            .collect();
        let count = random.usize(1..=6);
        for number in 0..count {
            // The end first: each has as many odd answers as any other, whatever its kinds.
            let end = [
                End::Okta,
                End::Okta,
                End::Workspace,
                End::Workspace,
                End::Storage,
                End::Identity,
            ];
            let end = end.get(random.usize(..end.len())).copied();
            let of_end: Vec<_> = wanted.iter().filter(|kind| Some(kind.end) == end).collect();
            let Some(kind) = of_end.get(random.usize(..of_end.len().max(1))) else {
                continue;
            };
            plan.entries
                .push(Entry::draw(number, kind, &mut random, api));
        }
        plan
    }

    /// The same plan with these entries alone.
    #[must_use]
    pub fn keeping(&self, numbers: &[usize]) -> Plan {
        let kept = |entry: &&Entry| numbers.contains(&entry.number);
        Plan {
            entries: self.entries.iter().filter(kept).cloned().collect(),
            ..self.clone()
        }
    }

    /// The event of the first log at this place.
    pub(super) fn event<'a>(&self, ids: &'a [String], place: usize) -> Option<&'a String> {
        ids.get(place % usize::try_from(self.events).unwrap_or(usize::MAX).max(1))
    }

    /// The same plan for those who wait: the ends heal after one run.
    #[must_use]
    pub fn brief(self) -> Plan {
        Plan {
            budget: 10,
            odd_runs: 1,
            ..self
        }
    }

    /// The entries' numbers.
    pub fn numbers(&self) -> Vec<usize> {
        self.entries.iter().map(|entry| entry.number).collect()
    }

    /// Most memory that a run may have, in bytes: 64 MB, and 128 MB with a page of odd shape.
    pub fn memory_limit(&self) -> u64 {
        match self.entries.iter().any(|entry| entry.kind.odd_page) {
            true => 128_000_000,
            false => 64_000_000,
        }
    }
}

impl Entry {
    fn draw(number: usize, kind: &'static Kind, random: &mut Rng, api: Api) -> Entry {
        let call = kind.calls.get(random.usize(..kind.calls.len().max(1)));
        let call = call.copied().unwrap_or(Call::Other);
        let nth = match call {
            Call::Page | Call::Post | Call::SaveCursor => random.usize(..6),
            Call::AcquireLease | Call::Token | Call::Read | Call::SaveOther => random.usize(..3),
            _ => 0,
        };
        let times = match random.u8(..10) {
            0 => random.usize(4..=12),
            1..=3 => random.usize(2..=3),
            _ => 1,
        };
        let odd = (kind.draw)(random, api);
        let nth = match odd {
            Odd::Refused => random.usize(..2),
            _ => nth,
        };
        Entry {
            number,
            kind,
            call,
            nth,
            times,
            odd,
        }
    }

    /// Whether it answers call `count` (from 0) of this kind.
    pub(super) fn answers(&self, call: Call, count: usize) -> bool {
        self.odd.is_of_a_call()
            && self.call == call
            && (self.nth..self.nth + self.times).contains(&count)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry {
            number,
            kind,
            call,
            nth,
            times,
            odd,
        } = self;
        let odd = format!("{odd:?}");
        let odd: String = odd.chars().take(300).collect();
        match self.odd {
            Odd::Refused => write!(
                f,
                "[{number}] {}: run {} finds no open port",
                kind.name,
                nth + 1
            ),
            Odd::EventDamaged { .. } | Odd::RowRefused { .. } => {
                write!(f, "[{number}] {}: {odd}", kind.name)
            }
            _ => write!(
                f,
                "[{number}] {}: {call:?} {} to {}: {odd}",
                kind.name,
                nth + 1,
                nth + times
            ),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}: {:?}, {} events and {} more before each run, pages of {}, idle for {} s, gzip {}, \
             budget {} s",
            self.seed,
            self.api,
            self.events,
            self.later,
            self.page,
            self.idle_for.as_secs(),
            self.gzip,
            self.budget,
        )?;
        for entry in &self.entries {
            writeln!(f, "  {entry}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_seed_is_a_plan() {
        let draw = |seed| Plan::draw(seed, &[], &[]).to_string();
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn kinds_can_be_left_out_and_chosen() {
        for seed in 0..200 {
            let plan = Plan::draw(
                seed,
                &named(&["okta-links", "storage"]),
                &named(&["okta", "storage"]),
            );
            for entry in &plan.entries {
                assert_eq!(entry.kind.end, End::Okta, "seed {seed}");
                assert_ne!(entry.kind.name, "okta-links", "seed {seed}");
            }
        }
    }

    #[test]
    fn an_entry_kept_alone_is_the_one_of_the_whole_plan() {
        let plan = Plan::draw(1, &[], &[]);
        let numbers = plan.numbers();
        let last = numbers.last().copied().unwrap();
        let kept = plan.keeping(&[last]);
        assert_eq!(kept.numbers(), [last]);
        assert_eq!(
            kept.entries[0].to_string(),
            plan.entries[numbers.len() - 1].to_string()
        );
    }

    #[test]
    fn every_kind_is_drawn_and_named_after_its_end() {
        let mut random = Rng::with_seed(1);
        let mut names = Vec::new();
        for kind in kinds() {
            let end = format!("{:?}-", kind.end).to_lowercase();
            assert!(kind.name.starts_with(&end), "{}", kind.name);
            for api in [Api::DataCollector, Api::LogsIngestion] {
                for _ in 0..50 {
                    Entry::draw(0, kind, &mut random, api);
                }
            }
            names.push(kind.name);
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "each name once");
    }
}
