//! Each rule finds what its scenes say, and nothing else.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::content::{self, Document};
use super::engine::{self, Play, Played, Run, Watchlist};
use super::event::{rows, time};
use super::scene::{self, Cast, Finding, Scene};

/// A scene is played twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telling {
    /// It runs half a frequency off, so that its windows cut the scene elsewhere.
    HalfOff,
    /// The rule runs first one frequency after the start, and every row is there twice, as after an
    /// answer that was lost.
    Twice,
}

#[test]
fn every_rule_finds_its_attacks_and_leaves_the_near_misses_alone() {
    let (rules, cast, scenes) = (content::rules(), scene::cast(), scene::scenes());
    let mut plays = Vec::new();
    let mut checks = Vec::new();
    for rule in &rules {
        let scenes = scenes.get(&rule.stem).map_or(&[][..], Vec::as_slice);
        assert!(
            scenes.iter().any(|s| !s.finds.is_empty()),
            "{} has no attack",
            rule.stem
        );
        assert!(
            scenes.iter().any(|s| s.finds.is_empty()),
            "{} has no near miss",
            rule.stem
        );
        for scene in scenes {
            for telling in [Telling::HalfOff, Telling::Twice] {
                plays.push(play(rule, scene, &cast, telling));
                checks.push((scene, telling));
            }
        }
    }
    let played = engine::play(&plays);
    let mut wrong = Vec::new();
    for (played, (scene, telling)) in played.iter().zip(checks) {
        let problems = problems(played, scene, telling);
        wrong.extend(
            problems
                .into_iter()
                .map(|problem| format!("{}: {problem}", played.name)),
        );
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_scene_has_its_rule() {
    let rules: Vec<String> = content::rules().into_iter().map(|rule| rule.stem).collect();
    for name in scene::scenes().keys() {
        assert!(rules.contains(name), "no rule is called {name}");
    }
}

fn play(rule: &Document, scene: &Scene, cast: &Cast, telling: Telling) -> Play {
    let mut events = rows(scene, cast);
    if telling == Telling::Twice {
        events.extend(events.clone());
    }
    let mut rows = BTreeMap::from([("Okta_CL".to_owned(), events)]);
    for (table, told) in &scene.tables {
        rows.insert(
            table.clone(),
            told.iter().map(|row| dated(row, scene)).collect(),
        );
    }
    Play {
        name: format!("{}: {} ({telling:?})", rule.stem, scene.name),
        query: rule.text("query").to_owned(),
        period: rule.duration("queryPeriod").num_seconds(),
        ticks: ticks(scene, rule.duration("queryFrequency"), telling),
        watchlists: watchlists(scene),
        rows,
    }
}

fn dated(row: &Map<String, Value>, scene: &Scene) -> Map<String, Value> {
    let mut row = row.clone();
    for name in ["TimeGenerated", "_IngestionTime"] {
        row.entry(name).or_insert_with(|| time(scene.start));
    }
    row
}

/// The runs from the scene's start until all of it has been seen. Of a time in which nothing
/// arrives, only the first run counts, which must not find again what the last one found.
fn ticks(scene: &Scene, frequency: TimeDelta, telling: Telling) -> Vec<Value> {
    let mut tick = scene.start + frequency;
    if telling == Telling::HalfOff {
        tick -= frequency / 2;
    }
    let happenings = scene.happenings();
    let is_quiet = |tick: DateTime<Utc>| {
        let since = tick - frequency * 2;
        !happenings
            .iter()
            .any(|h| h.arrived > since && h.arrived <= tick)
    };
    let mut ticks = Vec::new();
    loop {
        if !is_quiet(tick) {
            ticks.push(time(tick));
        }
        if tick >= scene.end() + frequency {
            return ticks;
        }
        tick += frequency;
    }
}

/// Every watchlist, with the scene's rows.
fn watchlists(scene: &Scene) -> BTreeMap<String, Watchlist> {
    let lists = content::watchlists();
    for alias in scene.watchlists.keys() {
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
            let told = scene
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

/// What is not as the scene says.
fn problems(played: &Played, scene: &Scene, telling: Telling) -> Vec<String> {
    if let Some(error) = &played.error {
        return vec![error.clone()];
    }
    let mut wrong = Vec::new();
    for run in &played.runs {
        for row in &run.rows {
            if !scene
                .finds
                .iter()
                .any(|finding| is_found(finding, row, telling))
            {
                wrong.push(format!("at {} it finds {}", run.at, short(row)));
            }
        }
    }
    for finding in &scene.finds {
        let runs = played
            .runs
            .iter()
            .filter(|run| count(run, finding, telling) > 0)
            .count();
        // Cut elsewhere, an attack that goes on may be in a run more or less.
        let right = match telling {
            Telling::HalfOff => runs >= 1,
            Telling::Twice => runs == finding.runs,
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
            .find(|run| count(run, finding, telling) > 1)
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

fn count(run: &Run, finding: &Finding, telling: Telling) -> usize {
    run.rows
        .iter()
        .filter(|row| is_found(finding, row, telling))
        .count()
}

/// Whether a row is as told. Half of an attack has other counts, but the same people and places.
fn is_found(finding: &Finding, row: &Map<String, Value>, telling: Telling) -> bool {
    let mut told = finding.columns.iter().filter(|(name, _)| {
        telling != Telling::HalfOff || matches!(name.as_str(), "Login" | "ClientIp" | "Pattern")
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
