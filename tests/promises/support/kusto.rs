//! Microsoft's own KQL analyser over the tables of `sentinel/tables/`.
//!
//! All queries of a test go through one node process, since loading the analyser takes longer than
//! a query does. What it takes and gives: `tests/parts/kusto.js`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::support::parts;

/// A query and what the workspace holds beside our tables.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Query {
    /// What a failure calls it.
    pub(crate) name: String,
    pub(crate) query: String,
    /// More tables, or others of the same name.
    pub(crate) tables: Vec<Table>,
    /// Workspace functions.
    pub(crate) functions: Vec<Function>,
}

/// A table of the workspace; the service's own columns are added to it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
}

/// A column of a table or of a query's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// As Kusto names it: `string`, `real`, `bool`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// A function of the workspace.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// `since:datetime, least:int=5`, or nothing.
    pub(crate) parameters: String,
    pub(crate) body: String,
}

/// What the analyser says of a query.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Analysis {
    pub(crate) name: String,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What the query results in.
    pub(crate) columns: Vec<Column>,
}

/// Something wrong with a query.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Diagnostic {
    /// The function in whose body it is; the query itself where there is none.
    #[serde(rename = "in")]
    function: Option<String>,
    pub(crate) code: String,
    line: u32,
    column: u32,
    /// The words of the query that it is about.
    text: String,
    message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(function) = &self.function {
            write!(f, "{function} ")?;
        }
        let Diagnostic {
            code,
            line,
            column,
            text,
            message,
            ..
        } = self;
        write!(f, "{line}:{column} {code} `{text}`: {message}")
    }
}

impl Query {
    /// A query over our tables alone.
    pub(crate) fn new(name: impl Into<String>, query: impl Into<String>) -> Query {
        Query {
            name: name.into(),
            query: query.into(),
            ..Query::default()
        }
    }
}

/// What the analyser says of each query, in the same order.
#[track_caller]
pub(crate) fn analyse(queries: &[Query]) -> Vec<Analysis> {
    let mut node = parts::node();
    node.arg(parts::checkout("tests/parts/kusto.js"))
        .arg(parts::checkout("sentinel/tables"));
    parts::ask(&mut node, queries)
}

/// The same, where nothing may be wrong with any of them.
#[track_caller]
pub(crate) fn resolved(queries: &[Query]) -> Vec<Analysis> {
    let analyses = analyse(queries);
    let problems: Vec<String> = analyses
        .iter()
        .flat_map(|of| {
            of.diagnostics
                .iter()
                .map(move |found| format!("{} {found}", of.name))
        })
        .collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    analyses
}
