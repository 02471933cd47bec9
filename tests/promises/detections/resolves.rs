//! Every query resolves in a workspace, and the columns that a rule maps exist.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::content::{self, Document};
use crate::support::kusto::{self, Analysis, Function, Query, Table};
use crate::support::{parts, shared_data};

#[test]
fn every_query_resolves_and_maps_only_columns_that_it_gives() {
    let rules = content::rules();
    let queries: Vec<Query> = rules.iter().map(|rule| query(rule, "query")).collect();
    for (rule, analysis) in rules.iter().zip(kusto::resolved(&queries)) {
        let columns: BTreeSet<&str> = analysis.columns.iter().map(|c| c.name.as_str()).collect();
        for mapped in mapped_columns(rule) {
            assert!(
                columns.contains(mapped.as_str()),
                "{}: no column {mapped}",
                rule.stem
            );
        }
    }
}

#[test]
fn the_parser_gives_every_column_of_the_table_and_those_of_the_classic_name() {
    let parsers = content::parsers();
    let queries: Vec<Query> = parsers.iter().map(parser_query).collect();
    let analyses = kusto::resolved(&queries);
    let events = analyses
        .iter()
        .find(|analysis| analysis.name == "OktaEvents")
        .expect("OktaEvents");
    for column in okta_rows::schema::COLUMNS {
        assert!(
            gives(events, &column.classic_name()),
            "no {}",
            column.classic_name()
        );
    }
    assert!(gives(
        events,
        "authenticationContext_authenticationProvider_s"
    ));
}

#[test]
fn the_asim_parser_gives_what_its_schema_demands() {
    let parsers = content::parsers();
    let asim = parsers
        .iter()
        .find(|parser| parser.stem == "ASimAuthenticationOktaSentinel");
    let analyses = kusto::resolved(&[parser_query(asim.expect("the parser"))]);
    for column in [
        "EventCount",
        "EventStartTime",
        "EventEndTime",
        "EventType",
        "EventResult",
        "EventProduct",
        "EventVendor",
        "EventSchema",
        "EventSchemaVersion",
        "Dvc",
        "TargetUsername",
        "TargetUsernameType",
        "SrcIpAddr",
        "EventResultDetails",
        "EventOriginalUid",
    ] {
        assert!(gives(&analyses[0], column), "no {column}");
    }
}

#[test]
fn every_event_type_that_a_rule_names_is_in_oktas_catalogue() {
    let Some(text) = shared_data::shared_text("data/okta-event-types.json") else {
        return;
    };
    let catalogue: Vec<Value> = serde_json::from_str(&text).expect("a catalogue");
    let known: BTreeSet<&str> = catalogue
        .iter()
        .filter_map(|e| e["eventType"].as_str())
        .collect();
    for rule in content::rules() {
        let named = event_types(rule.text("query"));
        assert!(!named.is_empty(), "{} names no event type", rule.stem);
        for name in named {
            assert!(
                known.contains(name),
                "{}: {name} is not in the catalogue",
                rule.stem
            );
        }
    }
}

/// What looks like an event type between quotation marks: words in lower case, joined by dots.
fn event_types(query: &str) -> BTreeSet<&str> {
    let quoted = query.split('"').skip(1).step_by(2);
    quoted.filter(|text| is_event_type(text)).collect()
}

fn is_event_type(text: &str) -> bool {
    let first = text.split('.').next().unwrap_or_default();
    text.matches('.').count() >= 1
        && !text.contains([' ', ':', '@'])
        && first.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

fn gives(analysis: &Analysis, name: &str) -> bool {
    analysis.columns.iter().any(|column| column.name == name)
}

/// A parser as a rule calls it.
fn parser_query(parser: &Document) -> Query {
    Query {
        tables: other_tables(),
        functions: workspace_functions(),
        ..Query::new(parser.stem.clone(), parser.stem.clone())
    }
}

fn query(of: &Document, key: &str) -> Query {
    Query {
        tables: other_tables(),
        functions: workspace_functions(),
        ..Query::new(of.stem.clone(), of.text(key))
    }
}

/// Tables of others that our queries read.
fn other_tables() -> Vec<Table> {
    let text = content::read(&parts::checkout("tests/kql/tables.json"));
    let tables: BTreeMap<String, Vec<(String, String)>> =
        serde_json::from_str(&text).expect("tables");
    let column = |(name, kind)| kusto::Column { name, kind };
    tables
        .into_iter()
        .map(|(name, columns)| Table {
            name,
            columns: columns.into_iter().map(column).collect(),
        })
        .collect()
}

/// Our functions, and the service's for watchlists, of which only the search key is sure to be there.
fn workspace_functions() -> Vec<Function> {
    let watchlist = Function {
        name: "_GetWatchlist".to_owned(),
        parameters: "alias:string".to_owned(),
        body: "datatable(_DTItemId:string, LastUpdatedTimeUTC:datetime, SearchKey:string, \
            WatchlistItem:dynamic)[]"
            .to_owned(),
    };
    let parsers = content::parsers().into_iter();
    let ours = parsers.map(|parser| {
        let is_asim = parser.yaml.get("ParserQuery").is_some();
        let (body, parameters) = match is_asim {
            true => ("ParserQuery", "disabled:bool=false"),
            false => ("FunctionQuery", ""),
        };
        Function {
            name: parser.stem.clone(),
            parameters: parameters.to_owned(),
            body: parser.text(body).to_owned(),
        }
    });
    ours.chain([watchlist]).collect()
}

/// Columns that entities, details and the alert's words are taken from.
fn mapped_columns(rule: &Document) -> Vec<String> {
    let mut columns = Vec::new();
    for entity in rule.yaml["entityMappings"].as_array().expect("entities") {
        for field in entity["fieldMappings"].as_array().expect("fields") {
            columns.push(field["columnName"].as_str().expect("a column").to_owned());
        }
    }
    let details = rule.yaml["customDetails"].as_object().expect("details");
    columns.extend(
        details
            .values()
            .map(|column| column.as_str().expect("a column").to_owned()),
    );
    let alert = &rule.yaml["alertDetailsOverride"];
    columns.extend(alert["alertSeverityColumnName"].as_str().map(str::to_owned));
    for format in ["alertDisplayNameFormat", "alertDescriptionFormat"] {
        let text = alert[format].as_str().expect("a format");
        columns.extend(super::format::placeholders(text));
    }
    columns
}
