//! A value that is too long is cut where it stays readable, and the row says by how much.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

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
    fn json_stays_json_and_is_cut_inside_its_longest_members(
        lengths in prop::collection::vec(0_usize..9_000, 1..20),
        unit in prop::sample::select(vec!["a", "é", "\"", "\n"]),
    ) {
        let parts: Vec<Value> = lengths.iter().enumerate()
            .map(|(at, length)| json!({"id": at, "text": unit.repeat(*length)}))
            .collect();
        let named: Map<String, Value> = parts.iter().enumerate()
            .map(|(at, part)| (format!("k{at:02}"), part.clone()))
            .collect();
        let made = inferred(&json!({"target": parts, "actor": {"detailEntry": named}, "more": named}).to_string());
        let (target, detail, more) =
            (made.text("target"), made.text("actor_detailEntry"), made.text("additionalFields"));
        let kept: Vec<Value> = serde_json::from_str(&target).unwrap();
        let entries: Map<String, Value> = serde_json::from_str(&detail).unwrap();
        let rest: Map<String, Value> = serde_json::from_str(&more).unwrap();
        for kept in [kept, entries.into_iter().map(|(_, kept)| kept).collect(), rest["more"].as_object().unwrap().values().cloned().collect()] {
            prop_assert_eq!(kept.len(), parts.len());
            for (kept, part) in kept.iter().zip(&parts) {
                prop_assert_eq!(&kept["id"], &part["id"]);
                let (kept, text) = (kept["text"].as_str().unwrap(), part["text"].as_str().unwrap());
                prop_assert!(text.starts_with(kept));
                prop_assert!(kept.len() == text.len() || kept.len() > 250);
            }
        }

        let whole = Value::from(parts).to_string().len()
            + Value::from(named.clone()).to_string().len()
            + json!({"more": named}).to_string().len();
        prop_assert!(target.len().max(detail.len()).max(more.len()) <= LONGEST);
        prop_assert_eq!(said(&made), whole - target.len() - detail.len() - more.len());
    }
}

#[test]
fn a_long_member_takes_none_of_its_neighbours_with_it() {
    let long = "x".repeat(LONGEST + 700);
    let event = json!({
        "uuid": "00000000-0000-4000-8000-000000000001",
        "debugContext": {"debugData": {
            "first": 1, "requestList": long, "risk": "{level=HIGH, reasons=New Device}",
            "behaviors": {"New IP": "POSITIVE"},
        }},
        "target": [
            {"id": "00p1", "type": "PolicyRule", "displayName": long, "alternateId": "unknown",
             "detailEntry": {"policyType": "Okta_Sign_On"}},
            {"id": "00u2", "type": "User", "displayName": "Ann", "alternateId": "ann@example.com"},
        ],
        "client": {"unknownKey": {"a": long, "b": 2}},
        "transaction": {"detail": {"requestApiTokenId": "00T1", "text": long}},
    });
    for naming in super::BOTH {
        let made = super::made(&event.to_string(), naming);
        let row = made.row();
        let read = |name: &str| -> Value {
            let suffix = if naming == super::BOTH[1] { "_s" } else { "" };
            let text = row[&format!("{name}{suffix}")].as_str().unwrap();
            assert!(
                text.len() <= LONGEST && text.len() > LONGEST - 8,
                "{name} {}",
                text.len()
            );
            serde_json::from_str(text).unwrap()
        };
        let debug = read("debugContext_debugData");
        assert_eq!(debug["first"], 1);
        assert_eq!(debug["behaviors"], json!({"New IP": "POSITIVE"}));
        assert!(long.starts_with(debug["requestList"].as_str().unwrap()));
        let target = read("target");
        assert_eq!(
            (&target[0]["id"], &target[0]["type"]),
            (&json!("00p1"), &json!("PolicyRule"))
        );
        assert_eq!(target[0]["detailEntry"], event["target"][0]["detailEntry"]);
        assert_eq!(target[1], event["target"][1]);
        assert_eq!(read("additionalFields")["client"]["unknownKey"]["b"], 2);
        assert_eq!(read("transaction_detail")["requestApiTokenId"], "00T1");
        assert!(made.truncated >= 4 * 700, "{}", made.truncated);
    }
}

#[test]
fn a_key_over_the_limit_is_cut_and_its_neighbours_stay() {
    let key = "k".repeat(100_000);
    let event = json!({"severity": "INFO", "uuid": "u", "client": {"zone": "z", (key.clone()): "v", "other": 1}});
    let made = inferred(&event.to_string());
    assert_eq!(
        (
            made.text("severity"),
            made.text("uuid"),
            made.text("client_zone")
        ),
        ("INFO".into(), "u".into(), "z".into())
    );
    let rest: Value = serde_json::from_str(&made.text("additionalFields")).unwrap();
    let client = rest["client"].as_object().unwrap();
    assert_eq!(client["other"], 1);
    assert!(
        client
            .iter()
            .any(|(name, value)| key.starts_with(name) && value == "v")
    );
    assert_eq!(said(&made), key.len() - 256);
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
            quoted.len() + r#"{"securityContext":{"asNumber":}}"#.len() - LONGEST,
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
fn json_of_just_the_limit_is_kept_and_one_byte_more_is_cut() {
    for over in [0, 1] {
        let first = "a".repeat(LONGEST + over - r#"["","b"]"#.len());
        let made = inferred(&json!({"target": [first, "b"]}).to_string());
        let kept: Vec<String> = serde_json::from_str(&made.text("target")).unwrap();
        assert_eq!((kept[0].len(), kept[1].as_str()), (first.len() - over, "b"));
        assert_eq!(said(&made), over);

        let first = "a".repeat(LONGEST + over - r#"{"a":"","b":1}"#.len());
        let made = inferred(&json!({"actor": {"detailEntry": {"a": first, "b": 1}}}).to_string());
        let kept: Value = serde_json::from_str(&made.text("actor_detailEntry")).unwrap();
        assert_eq!(kept, json!({"a": first[over..], "b": 1}));
        assert_eq!(said(&made), over);
    }
}
