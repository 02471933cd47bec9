//! A value that is too long is cut where it stays readable, and the row says by how much.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Made, inferred};

const LONGEST: usize = 32_000;

fn said(made: &Made) -> usize {
    let said = made
        .row()
        .get("truncated")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    assert_eq!(said, made.truncated as u64);
    made.truncated
}

proptest! {
    #[test]
    fn text_ends_between_characters_and_loses_no_more_than_it_must(
        start in "[a-z]{0,4}",
        unit in prop::sample::select(vec!["a", "é", "€", "😀", "a\u{301}", "\n", "\u{1}"]),
        bytes in 31_950_usize..33_000,
    ) {
        let text = start + &unit.repeat(bytes / unit.len());
        let made = inferred(&json!({"displayMessage": text}).to_string());
        let kept = made.text("displayMessage");
        prop_assert!(text.starts_with(&kept));
        prop_assert!(kept.len() <= LONGEST && (kept.len() == text.len() || kept.len() + 4 > LONGEST));
        prop_assert_eq!(said(&made), text.len() - kept.len());
    }

    #[test]
    fn json_stays_json_and_loses_whole_parts_from_its_end(
        lengths in prop::collection::vec(0_usize..9_000, 1..20),
        unit in prop::sample::select(vec!["a", "é", "\"", "\n"]),
    ) {
        let parts: Vec<Value> = lengths.iter().enumerate()
            .map(|(at, length)| json!({"id": at, "text": unit.repeat(*length)}))
            .collect();
        let named: serde_json::Map<String, Value> = parts.iter().enumerate()
            .map(|(at, part)| (format!("k{at:02}"), part.clone()))
            .collect();
        let made = inferred(&json!({"target": parts, "actor": {"detailEntry": named}, "more": named}).to_string());
        let (target, detail, more) =
            (made.text("target"), made.text("actor_detailEntry"), made.text("additionalFields"));
        let kept: Vec<Value> = serde_json::from_str(&target).unwrap();
        prop_assert_eq!(&kept[..], &parts[..kept.len()]);
        let entries: serde_json::Map<String, Value> = serde_json::from_str(&detail).unwrap();
        prop_assert!(entries.iter().eq(named.iter().take(entries.len())));
        let _: Value = serde_json::from_str(&more).unwrap();

        let whole = Value::from(parts).to_string().len()
            + Value::from(named.clone()).to_string().len()
            + json!({"more": named}).to_string().len();
        prop_assert!(target.len().max(detail.len()).max(more.len()) <= LONGEST);
        prop_assert_eq!(said(&made), whole - target.len() - detail.len() - more.len());
    }
}

#[test]
fn the_limit_is_on_what_the_text_reads_not_on_how_it_is_spelt() {
    let spelt = |times: usize| format!(r#"{{"displayMessage":"{}"}}"#, r"\u0061".repeat(times));
    assert_eq!(said(&inferred(&spelt(LONGEST))), 0);
    assert_eq!(
        inferred(&spelt(LONGEST)).text("displayMessage").len(),
        LONGEST
    );
    assert_eq!(said(&inferred(&spelt(LONGEST + 1))), 1);
}

#[test]
fn every_kind_of_column_keeps_within_the_limit() {
    let long = "7".repeat(LONGEST + 5);
    let quoted = format!("\"{long}\"");
    for (event, cut) in [
        (format!(r#"{{"uuid":{quoted}}}"#), 5),
        (format!(r#"{{"severity":{long}}}"#), 5),
        (format!(r#"{{"debugContext":{{"debugData":{quoted}}}}}"#), 5),
        // No double holds it, so that it goes to the catch-all, and does not fit there.
        (
            format!(r#"{{"securityContext":{{"asNumber":{quoted}}}}}"#),
            quoted.len() + r#"{"securityContext":{"asNumber":}}"#.len() - "{}".len(),
        ),
    ] {
        for naming in super::BOTH {
            let made = super::made(&event, naming);
            assert_eq!(made.truncated, cut, "{naming:?} {}", &event[..60]);
            assert!(
                made.json.len() < LONGEST + 200,
                "{naming:?} {}",
                &event[..60]
            );
        }
    }
}

#[test]
fn what_was_cut_from_several_values_is_added_up() {
    let text = "x".repeat(LONGEST + 3);
    let event = json!({"displayMessage": text, "severity": text, "debugContext": {"debugData": {"url": text}}});
    assert_eq!(said(&inferred(&event.to_string())), 9);
}

#[test]
fn a_row_without_a_cut_does_not_speak_of_it() {
    assert!(
        !inferred(r#"{"severity":"INFO"}"#)
            .row()
            .contains_key("truncated")
    );
}

#[test]
fn json_of_just_the_limit_is_kept_and_one_byte_more_is_not() {
    for (length, kept) in [(LONGEST, 1), (LONGEST + 1, 0)] {
        let first = "a".repeat(length - r#"[""]"#.len());
        let target = inferred(&json!({"target": [first, "b"]}).to_string()).text("target");
        let elements: Vec<String> = serde_json::from_str(&target).unwrap();
        assert_eq!(
            elements.len(),
            kept,
            "an array cut to {} bytes",
            target.len()
        );

        let first = "a".repeat(length - r#"{"a":""}"#.len());
        let event = json!({"actor": {"detailEntry": {"a": first, "b": 1}}});
        let detail = inferred(&event.to_string()).text("actor_detailEntry");
        let entries: serde_json::Map<String, Value> = serde_json::from_str(&detail).unwrap();
        assert_eq!(
            entries.len(),
            kept,
            "an object cut to {} bytes",
            detail.len()
        );
    }
}
