//! Each rule finds what its scenarios say, and nothing else.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::content::{self, Document};
use super::engine::{self, Job, JobResult, Run, Watchlist};
use super::event::{rows, time};
use super::scenario::{self, Directory, Finding, Scenario};

/// A scenario is played twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    /// It runs half a frequency off, so that its windows cut the scenario elsewhere.
    HalfOff,
    /// The rule runs first one frequency after the start, and every row is there twice, as after an
    /// answer that was lost.
    Twice,
}

#[test]
fn every_rule_finds_its_attacks_and_leaves_the_near_misses_alone() {
    let (rules, directory, scenarios) = (
        content::rules(),
        scenario::directory(),
        scenario::scenarios(),
    );
    let mut jobs = Vec::new();
    let mut checks = Vec::new();
    for rule in &rules {
        let scenarios = scenarios.get(&rule.stem).map_or(&[][..], Vec::as_slice);
        assert!(
            scenarios.iter().any(|s| !s.finds.is_empty()),
            "{} has no attack",
            rule.stem
        );
        assert!(
            scenarios.iter().any(|s| s.finds.is_empty()),
            "{} has no near miss",
            rule.stem
        );
        for scenario in scenarios {
            for variant in [Variant::HalfOff, Variant::Twice] {
                jobs.push(job(rule, scenario, &directory, variant));
                checks.push((scenario, variant));
            }
        }
    }
    let played = engine::run(&jobs);
    let mut wrong = Vec::new();
    for (played, (scenario, variant)) in played.iter().zip(checks) {
        let problems = problems(played, scenario, variant);
        wrong.extend(
            problems
                .into_iter()
                .map(|problem| format!("{}: {problem}", played.name)),
        );
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_scenario_has_its_rule() {
    let rules: Vec<String> = content::rules().into_iter().map(|rule| rule.stem).collect();
    for name in scenario::scenarios().keys() {
        assert!(rules.contains(name), "no rule is called {name}");
    }
}

fn job(rule: &Document, scenario: &Scenario, directory: &Directory, variant: Variant) -> Job {
    let mut events = rows(scenario, directory);
    if variant == Variant::Twice {
        events.extend(events.clone());
    }
    let mut rows = BTreeMap::from([("Okta_CL".to_owned(), events)]);
    for (table, told) in &scenario.tables {
        rows.insert(
            table.clone(),
            told.iter().map(|row| dated(row, scenario)).collect(),
        );
    }
    Job {
        name: format!("{}: {} ({variant:?})", rule.stem, scenario.name),
        query: rule.text("query").to_owned(),
        period: rule.duration("queryPeriod").num_seconds(),
        ticks: ticks(scenario, rule.duration("queryFrequency"), variant),
        watchlists: watchlists(scenario),
        rows,
    }
}

fn dated(row: &Map<String, Value>, scenario: &Scenario) -> Map<String, Value> {
    let mut row = row.clone();
    for name in ["TimeGenerated", "_IngestionTime"] {
        row.entry(name).or_insert_with(|| time(scenario.start));
    }
    row
}

/// The runs from the scenario's start until all of it has been seen. Of a time in which nothing
/// arrives, only the first run counts, which must not find again what the last one found.
fn ticks(scenario: &Scenario, frequency: TimeDelta, variant: Variant) -> Vec<Value> {
    let mut tick = scenario.start + frequency;
    if variant == Variant::HalfOff {
        tick -= frequency / 2;
    }
    let events = scenario.events();
    let is_quiet = |tick: DateTime<Utc>| {
        let since = tick - frequency * 2;
        !events
            .iter()
            .any(|h| h.arrived > since && h.arrived <= tick)
    };
    let mut ticks = Vec::new();
    loop {
        if !is_quiet(tick) {
            ticks.push(time(tick));
        }
        if tick >= scenario.end() + frequency {
            return ticks;
        }
        tick += frequency;
    }
}

/// Every watchlist, with the scenario's rows.
fn watchlists(scenario: &Scenario) -> BTreeMap<String, Watchlist> {
    let lists = content::watchlists();
    for alias in scenario.watchlists.keys() {
        assert!(
            lists.iter().any(|list| list.stem == *alias),
            "no watchlist {alias}"
        );
    }
    lists
        .iter()
        .map(|list| {
            let columns = content::watchlist_columns(&list.stem);
            let key = list.text("itemsSearchKey");
            let told = scenario
                .watchlists
                .get(&list.stem)
                .map_or(&[][..], Vec::as_slice);
            let rows = told
                .iter()
                .map(|row| watchlist_row(row, key, &columns))
                .collect();
            (list.stem.clone(), Watchlist { columns, rows })
        })
        .collect()
}

fn watchlist_row(row: &BTreeMap<String, String>, key: &str, columns: &[String]) -> Vec<String> {
    for name in row.keys() {
        assert!(columns.contains(name), "the watchlist has no column {name}");
    }
    let value = |name: &str| row.get(name).cloned().unwrap_or_default();
    let columns = columns.iter().map(|name| value(name));
    std::iter::once(value(key)).chain(columns).collect()
}

/// What is not as the scenario says.
fn problems(played: &JobResult, scenario: &Scenario, variant: Variant) -> Vec<String> {
    if let Some(error) = &played.error {
        return vec![error.clone()];
    }
    let mut wrong = Vec::new();
    for run in &played.runs {
        for row in &run.rows {
            if !scenario
                .finds
                .iter()
                .any(|finding| is_found(finding, row, variant))
            {
                wrong.push(format!("at {} it finds {}", run.at, short(row)));
            }
        }
    }
    for finding in &scenario.finds {
        let runs = played
            .runs
            .iter()
            .filter(|run| count(run, finding, variant) > 0)
            .count();
        // Cut elsewhere, an attack that goes on may be in a run more or less.
        let right = match variant {
            Variant::HalfOff => runs >= 1,
            Variant::Twice => runs == finding.runs,
        };
        if !right {
            let expected = Value::Object(finding.columns.clone());
            wrong.push(format!(
                "{runs} of {} runs find {expected}, not {}",
                played.runs.len(),
                finding.runs
            ));
        }
        if let Some(run) = played
            .runs
            .iter()
            .find(|run| count(run, finding, variant) > 1)
        {
            wrong.push(format!(
                "at {} it finds {} twice",
                run.at,
                Value::Object(finding.columns.clone())
            ));
        }
    }
    wrong
}

fn count(run: &Run, finding: &Finding, variant: Variant) -> usize {
    run.rows
        .iter()
        .filter(|row| is_found(finding, row, variant))
        .count()
}

/// Whether a row is as told. Half of an attack has other counts, but the same people and places.
fn is_found(finding: &Finding, row: &Map<String, Value>, variant: Variant) -> bool {
    let mut told = finding.columns.iter().filter(|(name, _)| {
        variant != Variant::HalfOff || matches!(name.as_str(), "Login" | "ClientIp" | "Pattern")
    });
    told.all(|(name, value)| row.get(name) == Some(value))
}

/// A row without what is empty.
fn short(row: &Map<String, Value>) -> Value {
    let told = row
        .iter()
        .filter(|(_, value)| !value.is_null() && *value != "");
    Value::Object(
        told.map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}
