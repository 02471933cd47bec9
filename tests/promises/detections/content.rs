//! The files below `sentinel/`, as a test reads them.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use serde_json::Value;

/// A file of YAML with its name.
pub(super) struct Document {
    /// The file's name without `.yaml`.
    pub(super) stem: String,
    pub(super) yaml: Value,
}

impl Document {
    /// A text of the document's first level.
    #[track_caller]
    pub(super) fn text(&self, key: &str) -> &str {
        let found = self.yaml[key].as_str();
        found.unwrap_or_else(|| panic!("{}: no text `{key}`", self.stem))
    }

    /// A duration of the document's first level, such as `1h`.
    #[track_caller]
    pub(super) fn duration(&self, key: &str) -> TimeDelta {
        let text = self.text(key);
        duration(text).unwrap_or_else(|| panic!("{}: {key} is no duration: {text}", self.stem))
    }
}

pub(super) fn rules() -> Vec<Document> {
    documents("analytic-rules")
}

pub(super) fn parsers() -> Vec<Document> {
    documents("parsers")
}

pub(super) fn watchlists() -> Vec<Document> {
    documents("watchlists")
}

/// Column names of a watchlist's template, in their order.
pub(super) fn watchlist_columns(alias: &str) -> Vec<String> {
    let path = folder("watchlists").join(format!("{alias}.csv"));
    let text = read(&path);
    let header = text.lines().next().expect("a header");
    header.split(',').map(str::to_owned).collect()
}

/// All YAML files of a folder below `sentinel/`, by name.
pub(super) fn documents(name: &str) -> Vec<Document> {
    let folder = folder(name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder:?}: {e}"));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    paths.sort();
    paths.iter().map(|path| document(path)).collect()
}

fn document(path: &Path) -> Document {
    let yaml = serde_norway::from_str(&read(path)).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    Document {
        stem: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        yaml,
    }
}

pub(super) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path:?}: {e}"))
}

pub(super) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sentinel")
        .join(name)
}

/// `90s`, `1h30m`, `-2d` as KQL and Microsoft's YAML write durations.
pub(super) fn duration(text: &str) -> Option<TimeDelta> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut seconds = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        let unit = match rest.get(digits..=digits)? {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        seconds += number * unit;
        rest = rest.get(digits + 1..)?;
    }
    Some(TimeDelta::seconds(sign * seconds))
}
