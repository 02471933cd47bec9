//! One file that follows from the sources.

use std::fs;
use std::io::ErrorKind;

use anyhow::Context as _;

use crate::checkout;

/// A file of the checkout and what it should hold.
#[derive(Debug)]
pub(super) struct Generated {
    /// Seen from the checkout's root.
    pub(super) path: String,
    pub(super) text: String,
}

impl Generated {
    pub(super) fn of(path: impl Into<String>, text: String) -> Generated {
        let path = path.into();
        Generated { path, text }
    }

    /// What would be said of it; nothing where the file is as it should be.
    pub(super) fn change(&self) -> anyhow::Result<Option<&'static str>> {
        Ok(match read(&self.path)? {
            None => Some("new"),
            Some(text) if text != self.text => Some("changed"),
            Some(_) => None,
        })
    }

    pub(super) fn write(&self) -> anyhow::Result<()> {
        let path = checkout::root().join(&self.path);
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, &self.text))
            .with_context(|| format!("{} cannot be written", self.path))
    }
}

/// A file's text; `None` where there is no such file.
pub(super) fn read(path: &str) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(checkout::root().join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(problem) if problem.kind() == ErrorKind::NotFound => Ok(None),
        Err(problem) => Err(problem).with_context(|| format!("{path} cannot be read")),
    }
}
