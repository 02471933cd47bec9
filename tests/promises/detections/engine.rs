//! The engine that runs KQL: one Python process for as many plays as there are.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use okta_sentinel::event::schema::{COLUMNS, Kind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::content;

/// A rule, or any query, over the rows of a scene.
#[derive(Debug, Serialize)]
pub(super) struct Play {
    pub(super) name: String,
    pub(super) query: String,
    /// How far back each run sees, in seconds.
    pub(super) period: i64,
    /// When it runs.
    pub(super) ticks: Vec<Value>,
    pub(super) watchlists: BTreeMap<String, Watchlist>,
    pub(super) rows: BTreeMap<String, Vec<Map<String, Value>>>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Watchlist {
    pub(super) columns: Vec<String>,
    /// The search key, then the columns.
    pub(super) rows: Vec<Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Played {
    pub(super) name: String,
    #[serde(default)]
    pub(super) runs: Vec<Run>,
    pub(super) error: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Run {
    pub(super) at: String,
    pub(super) rows: Vec<Map<String, Value>>,
}

/// Plays all of them.
pub(super) fn play(plays: &[Play]) -> Vec<Played> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("tests/parts/.venv/bin/python");
    assert!(python.exists(), "no {python:?}: run `cargo xtask setup` once");
    let told = serde_json::json!({
        "tables": tables(),
        "functions": functions(),
        "scenes": plays,
    });
    let mut child = Command::new(python)
        .arg(root.join("tests/kql/run.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python");
    let mut stdin = child.stdin.take().expect("stdin");
    let told = told.to_string();
    let writer = std::thread::spawn(move || stdin.write_all(told.as_bytes()));
    let output = child.wait_with_output().expect("the engine's answer");
    assert!(output.status.success(), "the engine ended with {}", output.status);
    writer.join().expect("the writer").expect("the engine reads all");
    let lines = std::str::from_utf8(&output.stdout).expect("UTF-8").lines();
    lines.map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Tables by name, with names and types of their columns.
pub(super) fn tables() -> BTreeMap<String, Vec<(String, String)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kql/tables.json");
    let mut tables: BTreeMap<String, Vec<(String, String)>> =
        serde_json::from_str(&content::read(&path)).expect("tables");
    tables.insert("Okta_CL".to_owned(), okta());
    tables
}

fn okta() -> Vec<(String, String)> {
    let time = ("TimeGenerated".to_owned(), "datetime".to_owned());
    let columns = COLUMNS.iter().map(|column| {
        let kind = match column.kind {
            Kind::Text | Kind::Guid => "string",
            Kind::Number => "real",
            Kind::Flag => "bool",
            Kind::Time => "datetime",
        };
        (column.name(), kind.to_owned())
    });
    std::iter::once(time).chain(columns).collect()
}

/// The workspace's functions that rules call.
pub(super) fn functions() -> Vec<Value> {
    let parsers = content::parsers().into_iter();
    let functions = parsers.filter(|parser| parser.yaml.get("FunctionQuery").is_some());
    functions
        .map(|parser| {
            serde_json::json!({
                "name": parser.text("FunctionAlias"),
                "query": parser.text("FunctionQuery"),
            })
        })
        .collect()
}
