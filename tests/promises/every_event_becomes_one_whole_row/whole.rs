//! Nothing of an event is lost: every leaf is found again in its row.

use std::collections::HashSet;

use okta_rows::schema::COLUMNS;
use proptest::prelude::*;
use sandbox::okta::events::EventMaker;
use serde_json::Value;

use super::generate;
use super::json::Json;
use super::{Made, inferred, is_one_whole_row, made};
use crate::support::shared_data::shared_text;
use okta_rows::ColumnNaming;
use okta_rows::EventId;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn an_event_of_any_shape_is_one_whole_row(event in generate::event()) {
        is_one_whole_row(&event);
    }
}

#[test]
fn the_events_of_the_sandbox_are_whole_rows() {
    let start = "2026-11-21T12:00:00Z".parse().unwrap();
    let seed = 20_261_121;
    println!("seed {seed}");
    let maker = EventMaker::new(seed, start, std::time::Duration::from_millis(250));
    for number in 0..2_000 {
        let event = String::from_utf8(maker.event(number).to_vec()).unwrap();
        is_one_whole_row(&event);
        let row = inferred(&event);
        assert_eq!(Some(row.id), EventId::from_uuid(&maker.id(number)));
        assert!(row.has_uuid);
        let published: chrono::DateTime<chrono::Utc> = row.published.unwrap().parse().unwrap();
        assert_eq!(published, maker.published(number));
    }
}

#[test]
fn events_that_others_published_are_whole_rows() {
    if let Some(events) = shared_text("data/okta-events/panther-analysis-okta-events.ndjson") {
        let lines: Vec<&str> = events.lines().collect();
        assert_eq!(lines.len(), 42);
        lines.into_iter().for_each(is_one_whole_row);
    }
    if let Some(events) = shared_text("data/ms-mock-events-device-registration.json") {
        let page = Json(events);
        let events = page.elements().expect("a list of events");
        assert_eq!(events.len(), 2);
        for event in events {
            is_one_whole_row(&event.0);
        }
    }
}

#[test]
fn a_second_value_of_one_key_is_kept_beside_the_first() {
    let row = inferred(
        r#"{"severity":"INFO","severity":"WARN","client":{"zone":"a"},"client":{"zone":"b","zone":"c"}}"#,
    );
    assert_eq!(row.text("severity"), "INFO");
    assert_eq!(row.text("client_zone"), "a");
    assert_eq!(
        row.text("additionalFields"),
        r#"{"severity":"WARN","client":{"zone":"b","zone":"c"}}"#
    );
}

#[test]
fn debug_data_that_is_no_object_stays_and_so_does_what_comes_after() {
    let row = inferred(
        r#"{"debugContext":{"debugData":"text","debugData":{"new":1,"url":"/"},"debugData":[2]}}"#,
    );
    assert_eq!(row.text("debugContext_debugData"), "text");
    assert_eq!(row.text("debugContext_debugData_url"), "/");
    assert_eq!(
        row.text("additionalFields"),
        r#"{"debugContext":{"debugData":{"new":1},"debugData":[2]}}"#
    );
}

#[test]
fn half_a_surrogate_pair_spoils_its_own_character_only() {
    let row = inferred(r#"{"displayMessage":"a\ud83d","uuid":"x\udc00","severity":"INFO"}"#);
    assert_eq!(row.text("displayMessage"), "a\u{fffd}\u{fffd}\u{fffd}");
    assert_eq!(row.text("severity"), "INFO");
    let long = inferred(&format!(
        r#"{{"displayMessage":"{}\ud83d"}}"#,
        "a".repeat(31_990)
    ));
    assert!(long.text("displayMessage").starts_with("aaa"));
    assert_eq!(long.truncated, 0);
}

#[test]
fn an_event_that_cannot_be_walked_is_kept_as_it_stands() {
    for event in [
        r#"{"uuid":"u","\ud83d":1}"#,
        r#"{"uuid":"u","actor":1e400}"#,
        r#"{"uuid":"u","client":{"userAgent":"\ud83d"}}"#,
    ] {
        let row = inferred(event);
        assert_eq!(row.text("additionalFields"), event);
        assert_eq!(
            row.row().len(),
            2,
            "nothing of the broken walk stays: {}",
            row.json
        );
        assert!(!row.has_uuid);
    }
}

#[test]
fn a_long_event_with_half_a_surrogate_pair_in_a_key_is_cut_in_its_long_member() {
    let long = "a".repeat(33_000);
    for (event, column) in [
        (
            format!(r#"{{"\ud800":1,"x":"{long}","uuid":"u"}}"#),
            "additionalFields",
        ),
        (
            format!(r#"{{"actor":{{"detailEntry":{{"\ud800":1,"x":"{long}","uuid":"u"}}}}}}"#),
            "actor_detailEntry",
        ),
    ] {
        let row = inferred(&event);
        let kept: Value = serde_json::from_str(&row.text(column)).unwrap();
        assert_eq!(kept["\u{fffd}\u{fffd}\u{fffd}"], 1);
        assert_eq!(kept["uuid"], "u");
        assert!(long.starts_with(kept["x"].as_str().unwrap()));
        assert!(row.truncated > 1_000);
    }
}

#[test]
fn an_event_without_a_uuid_is_known_by_its_own_content() {
    for (event, other) in [
        ("{\"severity\":\"a\"}", "{\"severity\":\"b\"}"),
        (
            "{\"uuid\":\"\",\"version\":\"1\"}",
            "{\"uuid\":\"\",\"version\":\"2\"}",
        ),
    ] {
        assert!(!inferred(event).has_uuid);
        assert_eq!(inferred(event).id, inferred(event).id);
        assert_ne!(inferred(event).id, inferred(other).id);
    }
}

#[test]
fn both_roads_know_an_event_by_the_same_id() {
    let event =
        r#"{"uuid":"2A992F80-D1AD-4f62-900e-8c68bb72a21b","published":"2026-11-21T12:04:58.123Z"}"#;
    let (one, other) = (inferred(event), made(event, ColumnNaming::Full));
    assert_eq!((one.id, one.published), (other.id, other.published.clone()));
    assert_eq!(other.text("uuid_g"), "2a992f80-d1ad-4f62-900e-8c68bb72a21b");
    assert_eq!(Some(other.text("TimeGenerated")), other.published);
}

/// Keys from the event's root, and a value in a form that does not depend on its place.
type Leaf = (Vec<String>, String);

/// Finds every leaf of `event` (arrays count as one) in `made`, unless something had to be cut.
pub(super) fn holds_every_leaf(event: &str, made: &Made) {
    let mut kept = HashSet::new();
    let row = Json(made.json.clone());
    for (name, value) in row.entries().expect("a row is an object") {
        let inside = Json(value.text().unwrap_or_default());
        let path: Vec<String> = match name.as_str() {
            "additionalFields" => Vec::new(),
            "debugContext_debugData" => vec!["debugContext".to_owned(), "debugData".to_owned()],
            _ => COLUMNS
                .iter()
                .find(|column| column.key() == name)
                .map(|column| column.path.split('.').map(str::to_owned).collect())
                .unwrap_or_else(|| panic!("{name} is no column")),
        };
        leaves(&path, &value, &mut |leaf| kept.extend([leaf]));
        if inside.0.starts_with(['{', '[']) {
            leaves(&path, &inside, &mut |leaf| kept.extend([leaf]));
        }
    }
    let event = Json(event.to_owned());
    let root = if event.entries().is_some() {
        vec![]
    } else {
        vec!["event".to_owned()]
    };
    let mut lost = Vec::new();
    leaves(&root, &event, &mut |leaf| {
        if !kept.contains(&leaf) {
            lost.push(leaf);
        }
    });
    assert!(
        lost.is_empty() || made.truncated > 0,
        "{lost:?} of {} is not in {}",
        event.0,
        made.json
    );
}

fn leaves(path: &[String], value: &Json, found: &mut impl FnMut(Leaf)) {
    if value.holds_nothing() {
        return;
    }
    if let Some(entries) = value.entries() {
        for (key, value) in entries {
            leaves(&[path, &[key]].concat(), &value, found);
        }
    } else {
        found((path.to_vec(), form(value)));
    }
}

/// Numbers by what they count, flags in lower case, all else as it reads.
fn form(value: &Json) -> String {
    let text = value.text().unwrap_or_else(|| value.0.clone());
    if let Ok(number) = text.parse::<f64>() {
        return number.to_string();
    }
    if value.elements().is_some() {
        return value.value().map_or(text, |value: Value| value.to_string());
    }
    match text.to_ascii_lowercase() {
        flag if flag == "true" || flag == "false" => flag,
        _ => text,
    }
}
