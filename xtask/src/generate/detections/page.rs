//! `docs/detections.md`: what each rule finds, on which events, why, and how to tune it.

use std::fmt::Write as _;

use super::content::{Content, Document};

/// The page.
pub(super) fn text(content: &Content) -> anyhow::Result<String> {
    let mut page = String::from(
        "<!-- Written by `cargo xtask generate` from sentinel/analytic-rules/ and sentinel/watchlists/. -->\n\
         # Detections\n\n\
         Rules over `Okta_CL`, which read it by the function `OktaEvents`. `sentinel/package/detections.json`\n\
         deploys them with that function and the watchlists. Each is run in the tests over the scenarios\n\
         of `sentinel/scenarios/`: attacks that it must find and near misses that it must leave alone.\n\n\
         An alert needs an event that arrived since the last run, so that an event is late by up to an\n\
         hour and is still found, and is not found again. What a first connection brings from past days\n\
         fires nothing; rules that compare with the past learn from it. Rows that are there twice change\n\
         no result. Incidents are grouped by account.\n\n\
         | Rule | Severity | Runs | Looks back | ATT&CK |\n|---|---|---|---|---|\n",
    );
    for rule in &content.rules {
        let (name, severity) = (rule.text("name")?, rule.text("severity")?);
        let (runs, back) = (rule.text("queryFrequency")?, rule.text("queryPeriod")?);
        let techniques = rule.texts("relevantTechniques")?.join(", ");
        let _ = writeln!(
            page,
            "| [{name}](#{}) | {severity} | {runs} | {back} | {techniques} |",
            anchor(name)
        );
    }
    for rule in &content.rules {
        page.push_str(&section(rule)?);
    }
    page.push_str("\n## Watchlists\n\nDeployed with rows that match nothing; deploying again puts them back, so keep your own rows elsewhere, too.\n\n");
    page.push_str("| Watchlist | Search key | What it is for |\n|---|---|---|\n");
    for list in &content.watchlists {
        let (alias, key, what) = (
            list.text("alias")?,
            list.text("itemsSearchKey")?,
            list.text("description")?,
        );
        let _ = writeln!(
            page,
            "| `{alias}` | `{key}` | {} |",
            what.replace('|', "\\|")
        );
    }
    Ok(page)
}

fn section(rule: &Document) -> anyhow::Result<String> {
    let (name, query) = (rule.text("name")?, rule.text("query")?);
    let mut section = format!("\n## {name}\n\n{}\n\n", rule.text("description")?.trim());
    for word in ["Why", "Tune", "False positives"] {
        if let Some(note) = note(query, word) {
            let _ = writeln!(section, "- **{word}**: {note}");
        }
    }
    let _ = writeln!(section, "- **Events**: {}", listed(&event_types(query)));
    let _ = writeln!(
        section,
        "- **Tactics**: {}",
        rule.texts("tactics")?.join(", ")
    );
    let _ = writeln!(
        section,
        "- **File**: [`{0}.yaml`](../sentinel/analytic-rules/{0}.yaml)",
        rule.stem
    );
    Ok(section)
}

/// What a comment of the query says after `// Why: ` and the like.
fn note<'q>(query: &'q str, word: &str) -> Option<&'q str> {
    let begin = format!("// {word}: ");
    query
        .lines()
        .find_map(|line| line.trim().strip_prefix(begin.as_str()))
}

/// Event types that the query names, in their order.
fn event_types(query: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for text in query.split('"').skip(1).step_by(2) {
        let first = text.split('.').next().unwrap_or_default();
        let is_one = text.contains('.')
            && !text.contains([' ', ':', '@'])
            && first.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if is_one && !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The anchor that a heading has.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
    kept.collect::<String>().replace(' ', "-")
}
