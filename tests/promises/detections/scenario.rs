//! Scenarios: a few events, and what the rule must find in them.
//!
//! `sentinel/scenarios/<rule>.yaml` holds the scenarios of one rule; people and places are in
//! `directory.yaml`. Times are relative to the scenario's start. The rule can have learned from
//! what happened before the start; its first run is after it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::content::{self, Document, duration};

/// Who and where, for all scenarios.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Directory {
    pub(super) people: BTreeMap<String, Person>,
    pub(super) places: BTreeMap<String, Place>,
    pub(super) agents: BTreeMap<String, Agent>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) login: String,
    pub(super) name: String,
    /// As Okta names kinds of actors.
    #[serde(default = "user")]
    pub(super) r#type: String,
    /// Made from the login where it says nothing.
    pub(super) id: Option<String>,
}

fn user() -> String {
    "User".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) ip: String,
    pub(super) city: String,
    pub(super) country: String,
    pub(super) lat: f64,
    pub(super) lon: f64,
    pub(super) asn: u32,
    pub(super) org: String,
    #[serde(default)]
    pub(super) proxy: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Agent {
    pub(super) raw: String,
    pub(super) os: String,
    pub(super) browser: String,
    pub(super) device: String,
}

/// One scenario.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) start: DateTime<Utc>,
    /// Rows of watchlists, by alias; a list that is not named here is empty.
    #[serde(default)]
    pub(super) watchlists: BTreeMap<String, Vec<BTreeMap<String, String>>>,
    /// Rows of other tables, by table; `TimeGenerated` is the start unless told.
    #[serde(default)]
    pub(super) tables: BTreeMap<String, Vec<Map<String, Value>>>,
    pub(super) events: Vec<EventSpec>,
    /// What the rule finds: some columns of its result. Nothing, for a near miss.
    pub(super) finds: Vec<Finding>,
}

/// A row that the rule must give.
#[derive(Debug, Deserialize)]
pub(super) struct Finding {
    /// In how many runs it is there; an attack that goes on is found again.
    #[serde(default = "once")]
    pub(super) runs: usize,
    #[serde(flatten)]
    pub(super) columns: Map<String, Value>,
}

fn once() -> usize {
    1
}

/// An event, or a row of like events.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventSpec {
    /// When, from the scenario's start.
    at: String,
    /// How many of them; one where it says nothing.
    #[serde(default = "once")]
    times: usize,
    /// How long from one to the next.
    #[serde(default = "second")]
    every: String,
    /// How long until it is in the workspace.
    #[serde(default = "minute")]
    late: String,
    pub(super) r#type: String,
    /// A name of the directory. Of several, each does it, one after the other.
    who: Names,
    /// A place of the directory; none for what a system does. Of several, in turn.
    #[serde(default)]
    from: Names,
    pub(super) agent: Option<String>,
    #[serde(default = "success")]
    pub(super) outcome: String,
    pub(super) reason: Option<String>,
    pub(super) session: Option<String>,
    /// `same`: of one transaction with what else the same people do at the same moment and say so.
    pub(super) transaction: Option<String>,
    /// `app: name`, `user: name of the directory`, or a target as Okta writes it.
    #[serde(default)]
    pub(super) targets: Vec<Map<String, Value>>,
    #[serde(default)]
    pub(super) debug: Map<String, Value>,
    /// Laid over `securityContext`.
    #[serde(default)]
    pub(super) security: Map<String, Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged)]
enum Names {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
}

impl Names {
    fn all(&self) -> Vec<&str> {
        match self {
            Names::None => Vec::new(),
            Names::One(name) => vec![name],
            Names::Several(names) => names.iter().map(String::as_str).collect(),
        }
    }
}

fn second() -> String {
    "1s".to_owned()
}

fn minute() -> String {
    "1m".to_owned()
}

fn success() -> String {
    "SUCCESS".to_owned()
}

/// One event, with its moments.
#[derive(Debug)]
pub(super) struct ScenarioEvent<'a> {
    pub(super) spec: &'a EventSpec,
    pub(super) who: &'a str,
    pub(super) from: Option<&'a str>,
    pub(super) published: DateTime<Utc>,
    pub(super) arrived: DateTime<Utc>,
}

impl Scenario {
    /// Every event, in the order in which they are told.
    pub(super) fn events(&self) -> Vec<ScenarioEvent<'_>> {
        let mut all = Vec::new();
        for spec in &self.events {
            let (at, every, late) = (
                spec.span(&spec.at),
                spec.span(&spec.every),
                spec.span(&spec.late),
            );
            let (who, from) = (spec.who.all(), spec.from.all());
            for nth in 0..spec.times * who.len() {
                let published = self.start + at + every * i32::try_from(nth).unwrap();
                all.push(ScenarioEvent {
                    spec,
                    who: who[nth % who.len()],
                    from: (!from.is_empty()).then(|| from[nth % from.len()]),
                    published,
                    arrived: published + late,
                });
            }
        }
        all
    }

    /// When the last event is in the workspace.
    pub(super) fn end(&self) -> DateTime<Utc> {
        let arrivals = self.events().into_iter().map(|h| h.arrived);
        arrivals.max().unwrap_or(self.start).max(self.start)
    }
}

impl EventSpec {
    #[track_caller]
    fn span(&self, text: &str) -> TimeDelta {
        duration(text).unwrap_or_else(|| panic!("{}: no duration: {text}", self.r#type))
    }
}

/// The scenarios of each rule, by the rule's file.
pub(super) fn scenarios() -> BTreeMap<String, Vec<Scenario>> {
    let documents = content::documents("scenarios").into_iter();
    let scenarios = documents.filter(|document| document.stem != "directory");
    scenarios
        .map(|Document { stem, yaml }| {
            let told = serde_json::from_value(yaml).unwrap_or_else(|e| panic!("{stem}: {e}"));
            (stem, told)
        })
        .collect()
}

/// Everyone.
pub(super) fn directory() -> Directory {
    let text = content::read(&content::folder("scenarios").join("directory.yaml"));
    serde_norway::from_str(&text).expect("the directory")
}
