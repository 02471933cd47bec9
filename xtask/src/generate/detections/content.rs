//! The YAML files below `sentinel/`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde_json::Value;

use crate::checkout;

/// All that is written by hand below `sentinel/`.
pub(super) struct Content {
    pub(super) rules: Vec<Document>,
    pub(super) parsers: Vec<Document>,
    pub(super) watchlists: Vec<Document>,
}

/// A file of YAML.
pub(super) struct Document {
    /// Its name without `.yaml`.
    pub(super) stem: String,
    pub(super) yaml: Value,
}

impl Document {
    /// A text of the document's first level.
    pub(super) fn text(&self, key: &str) -> anyhow::Result<&str> {
        let found = self.yaml.get(key).and_then(Value::as_str);
        found.with_context(|| format!("sentinel: {} has no text `{key}`", self.stem))
    }

    pub(super) fn value(&self, key: &str) -> anyhow::Result<&Value> {
        let found = self.yaml.get(key);
        found.with_context(|| format!("sentinel: {} has no `{key}`", self.stem))
    }

    /// Texts of a list of the document's first level.
    pub(super) fn texts(&self, key: &str) -> anyhow::Result<Vec<&str>> {
        let list = self.value(key)?.as_array();
        let list = list.with_context(|| format!("sentinel: {}: `{key}` is no list", self.stem))?;
        Ok(list.iter().filter_map(Value::as_str).collect())
    }
}

impl Content {
    /// Reads all of it.
    ///
    /// # Errors
    /// A file cannot be read, or is no YAML.
    pub(super) fn read() -> anyhow::Result<Content> {
        Ok(Content {
            rules: documents("analytic-rules")?,
            parsers: documents("parsers")?,
            watchlists: documents("watchlists")?,
        })
    }
}

/// The YAML files of a folder below `sentinel/`, by name.
fn documents(folder: &str) -> anyhow::Result<Vec<Document>> {
    let folder = checkout::root().join("sentinel").join(folder);
    let entries =
        fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    paths.sort();
    paths.iter().map(|path| document(path)).collect()
}

fn document(path: &Path) -> anyhow::Result<Document> {
    let text =
        fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let yaml =
        serde_norway::from_str(&text).with_context(|| format!("{} is no YAML", path.display()))?;
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let stem = stem.ok_or_else(|| anyhow!("{} has an odd name", path.display()))?;
    Ok(Document {
        stem: stem.to_owned(),
        yaml,
    })
}
