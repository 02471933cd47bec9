//! `cargo xtask generate`: the files that follow from the tables' schema.
//!
//! Each is made from [`okta_sentinel::log_analytics::tables`] alone, or, where people write the
//! rest of a file, the schema's part of it is put in its place. A file that is as it should be is not touched.

use anyhow::{Context as _, bail};
use clap::Args;
use okta_sentinel::log_analytics::tables;

use self::generated::{Generated, read};
use crate::terminal;

mod detections;
mod generated;
mod json;
mod reference;
mod resource;
mod template;

/// What `generate` takes.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Write nothing, and fail if a file is not as it would be written
    #[arg(long)]
    check: bool,
}

/// Writes what is not as it should be and says what that was.
///
/// # Errors
/// A file cannot be read or written; with `--check`, a file is not as it should be.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut stale = Vec::new();
    for file in files()? {
        let Some(change) = file.change()? else {
            continue;
        };
        if !options.check {
            file.write()?;
        }
        terminal::line(&format!("{change}: {}", file.path));
        stale.push(file.path);
    }
    match stale.len() {
        0 => terminal::line("ok every generated file is as the code says"),
        _ if options.check => bail!(
            "not as the code says: {}; to write what follows from it: cargo xtask generate",
            stale.join(", ")
        ),
        _ => {}
    }
    Ok(())
}

/// Every file that follows from the schema.
fn files() -> anyhow::Result<Vec<Generated>> {
    let mut files: Vec<Generated> = tables::ALL
        .iter()
        .map(|table| {
            let path = format!("sentinel/tables/{}.json", table.name);
            Generated::of(path, resource::table(table))
        })
        .collect();
    files.push(Generated::of(
        "sentinel/tables/data-collection-rule.json",
        resource::rule(&tables::ALL),
    ));
    files.push(Generated::of(
        "docs/columns.md",
        reference::page(&tables::ALL),
    ));
    files.extend(detections::files()?);
    if let Some(text) = read(template::PATH)? {
        let updated = template::with_columns(&text, &tables::ALL)
            .with_context(|| format!("{} cannot be understood", template::PATH))?;
        files.push(Generated::of(template::PATH, updated));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generated_file_is_as_the_code_says() {
        for file in files().unwrap() {
            assert_eq!(
                file.change().unwrap(),
                None,
                "{}; to write it: cargo xtask generate",
                file.path
            );
        }
    }

    #[test]
    fn what_is_not_there_yet_is_new() {
        let file = Generated::of("target/no-such-file.json", String::new());
        assert_eq!(file.change().unwrap(), Some("new"));
        let file = Generated::of("Cargo.toml", String::new());
        assert_eq!(file.change().unwrap(), Some("changed"));
    }
}
