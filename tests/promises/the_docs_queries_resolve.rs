//! Every query in the docs resolves against the tables as they are.

use crate::support::kusto::{self, Column, Query, Table};
use crate::support::parts;

const PAGES: [&str; 2] = ["README.md", "docs/upgrade.md"];

/// Tables of Azure's that the pages ask as well, with the columns that they use.
fn others() -> Vec<Table> {
    let table = |name: &str, columns: &[(&str, &str)]| Table {
        name: name.to_owned(),
        columns: columns
            .iter()
            .map(|(name, kind)| Column {
                name: (*name).to_owned(),
                kind: (*kind).to_owned(),
            })
            .collect(),
    };
    vec![
        table(
            "traces",
            &[("timestamp", "datetime"), ("message", "string")],
        ),
        table("DCRLogErrors", &[("TimeGenerated", "datetime")]),
    ]
}

/// The queries of a page's `kusto` blocks. As in the portal, an empty line ends a query.
fn queries(page: &str) -> Vec<Query> {
    let text = std::fs::read_to_string(parts::checkout(page)).expect(page);
    let mut queries = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, fence)) = lines.next() {
        if fence.trim() != "```kusto" {
            continue;
        }
        let block: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| line.trim() != "```")
            .map(str::trim)
            .collect();
        for query in block.split(|line| line.is_empty()) {
            let name = format!("{page}:{}", number + 2);
            queries.push(Query {
                tables: others(),
                ..Query::new(name, query.join("\n"))
            });
        }
    }
    queries
}

#[test]
fn every_query_in_the_docs_resolves() {
    for page in PAGES {
        let queries = queries(page);
        assert!(!queries.is_empty(), "{page} has no query");
        kusto::resolved(&queries);
    }
}
