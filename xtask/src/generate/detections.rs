//! What follows from the detections' YAML: the template that deploys them and the page about them.

use self::content::Content;
use super::generated::Generated;

mod content;
mod page;
mod template;

/// The template and the page.
///
/// # Errors
/// A file cannot be read, or has not what its kind must have.
pub(super) fn files() -> anyhow::Result<Vec<Generated>> {
    let content = Content::read()?;
    Ok(vec![
        Generated::of(
            "sentinel/package/detections.json",
            template::text(&content)?,
        ),
        Generated::of("docs/detections.md", page::text(&content)?),
    ])
}
