//! The row's contract read a second time: slow, simple, on a copy of every value.

use chrono::DateTime;
use okta_rows::ColumnNaming;
use okta_rows::schema::{COLUMNS, Column, Kind};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::json::{Json, array, object};

const LONGEST: usize = 32_000;

/// The row that `event` of the org at `host` must become.
pub(super) fn row(event: &str, host: &str, naming: ColumnNaming) -> Map<String, Value> {
    let mut making = Making {
        naming,
        row: Map::new(),
        debug: Vec::new(),
        debug_text: false,
        cut: 0,
    };
    making.made("domain", Kind::Text, host.into());
    let event = Json(event.to_owned());
    let left = match event.entries() {
        Some(entries) => making.object(&[], &entries),
        None if event.holds_nothing() => Vec::new(),
        None => vec![("event".to_owned(), in_an_objects_place(&event))],
    };
    if !making.debug.is_empty() {
        let debug = making.text(&Json(object(&making.debug)));
        making.made("debugContext_debugData", Kind::Text, debug.into());
    }
    if !left.is_empty() {
        let left = making.text(&Json(object(&left)));
        making.made("additionalFields", Kind::Text, left.into());
    }
    if making.cut > 0 {
        making.made("truncated", Kind::Number, making.cut.into());
    }
    if let (ColumnNaming::Full, Some(published)) = (naming, making.row.get("published_t")) {
        let published = published.clone();
        making.row.insert("TimeGenerated".to_owned(), published);
    }
    making.row
}

struct Making {
    naming: ColumnNaming,
    row: Map<String, Value>,
    debug: Vec<(String, String)>,
    debug_text: bool,
    cut: usize,
}

impl Making {
    /// Fills the columns below `path`; returns what has none, as an object's entries.
    fn object(&mut self, path: &[&str], entries: &[(String, Json)]) -> Vec<(String, String)> {
        let mut left = Vec::new();
        for (key, value) in entries.iter().filter(|(_, value)| !value.holds_nothing()) {
            let path = [path, &[key.as_str()]].concat();
            let is_debug_data = path == ["debugContext", "debugData"];
            if let Some(column) = COLUMNS.iter().find(|column| steps(column) == path) {
                if !self.fill(column, value) {
                    left.push((key.clone(), value.0.clone()));
                }
            } else if !COLUMNS
                .iter()
                .any(|column| steps(column).starts_with(&path))
            {
                left.push((key.clone(), value.0.clone()));
            } else if let Some(entries) = value.entries() {
                let rest = self.object(&path, &entries);
                if is_debug_data && !self.debug_text {
                    self.debug.extend(rest);
                } else if !rest.is_empty() {
                    left.push((key.clone(), object(&rest)));
                }
            } else if is_debug_data && self.debug.is_empty() && !self.debug_text {
                let text = self.text(&Json(in_an_objects_place(value)));
                self.made("debugContext_debugData", Kind::Text, text.into());
                self.debug_text = true;
            } else {
                left.push((key.clone(), in_an_objects_place(value)));
            }
        }
        left
    }

    /// False if the column has a value already, or cannot have this one.
    fn fill(&mut self, column: &Column, value: &Json) -> bool {
        let flat = column.path.replace('.', "_");
        if self.row.contains_key(&self.name(&flat, column.kind)) {
            return false;
        }
        let text = value.text();
        // A text spelt with escapes is no number, flag or time; Okta writes none so.
        let plain = text.as_deref().filter(|_| !value.0.contains('\\'));
        let bare = plain.unwrap_or(&value.0);
        let cell = match column.kind {
            Kind::Text => Some(self.text(value).into()),
            Kind::Number => Json(bare.to_owned())
                .value()
                .filter(|value| value.is_number() && bare.trim() == bare),
            Kind::Flag => bare
                .to_ascii_lowercase()
                .parse::<bool>()
                .ok()
                .map(Value::from),
            Kind::Time => plain.filter(|text| is_time(text)).map(Value::from),
            Kind::Guid => text.as_deref().map(|text| match hyphenated(text) {
                Some(guid) if self.naming == ColumnNaming::Full && plain.is_some() => guid.into(),
                _ => self.text(value).into(),
            }),
        };
        let Some(cell) = cell else { return false };
        self.made(&flat, column.kind, cell);
        true
    }

    fn made(&mut self, flat: &str, kind: Kind, cell: Value) {
        self.row.insert(self.name(flat, kind), cell);
    }

    fn name(&self, flat: &str, kind: Kind) -> String {
        let suffix = match kind {
            Kind::Text => "_s",
            Kind::Number => "_d",
            Kind::Flag => "_b",
            Kind::Time => "_t",
            Kind::Guid => "_g",
        };
        match (self.naming, flat) {
            (ColumnNaming::Unsuffixed, _) => flat.to_owned(),
            (_, "authenticationContext_authenticationProvider") => {
                "authenticationContext_authnProvider_s".to_owned()
            }
            _ => format!("{flat}{suffix}"),
        }
    }

    /// A value as a text column has it, and the bytes that this costs counted. Arrays and objects are
    /// not cut here: see [`settle_cuts`].
    fn text(&mut self, value: &Json) -> String {
        let whole = value.text().unwrap_or_else(|| value.0.clone());
        let is_nested = value.elements().is_some() || value.entries().is_some();
        if whole.len() <= LONGEST || is_nested {
            return whole;
        }
        let ends = whole
            .char_indices()
            .map(|(start, one)| start + one.len_utf8());
        let kept = &whole[..ends.take_while(|end| *end <= LONGEST).last().unwrap_or(0)];
        self.cut += whole.len() - kept.len();
        kept.to_owned()
    }
}

/// Takes from `made` what is left of arrays and objects that are too long, where it is JSON that
/// fits; what is to be left of them, the tests of the cut itself say.
pub(super) fn settle_cuts(expected: &mut Map<String, Value>, made: &Map<String, Value>) {
    let mut cut = 0;
    for (name, cell) in expected.iter_mut() {
        let Some(whole) = cell.as_str().filter(|text| text.len() > LONGEST) else {
            continue;
        };
        let kept = made[name].as_str().expect("a text");
        assert!(kept.len() <= LONGEST, "{name} has {} bytes", kept.len());
        serde_json::from_str::<IgnoredAny>(kept).expect("JSON");
        cut += whole.len() - kept.len();
        *cell = kept.into();
    }
    if cut > 0 {
        let name = made.keys().find(|name| name.starts_with("truncated"));
        let said = expected.entry(name.expect("said")).or_insert(0.into());
        *said = (said.as_u64().unwrap_or(0) + cut as u64).into();
    }
}

fn steps(column: &Column) -> Vec<&'static str> {
    if column.path.is_empty() {
        vec![]
    } else {
        column.path.split('.').collect()
    }
}

/// What stands where an object was expected is read and written anew.
fn in_an_objects_place(value: &Json) -> String {
    let elements = value.elements().map(|elements| array(&elements));
    elements
        .or_else(|| value.value().map(|value| value.to_string()))
        .expect("a value")
}

fn is_time(text: &str) -> bool {
    text.get(10..11) == Some("T") && DateTime::parse_from_rfc3339(text).is_ok()
}

fn hyphenated(text: &str) -> Option<String> {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let digits: String = text.to_ascii_lowercase().split('-').collect();
    let spelt = groups == [32] || groups == [8, 4, 4, 4, 12];
    (spelt && digits.chars().all(|digit| digit.is_ascii_hexdigit())).then(|| {
        let cut = |from: usize, to: usize| &digits[from..to];
        [cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, 32)].join("-")
    })
}
