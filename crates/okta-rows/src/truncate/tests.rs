//! What is kept of a value that is too long.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

#[test]
fn text_is_cut_between_characters() {
    assert_eq!(truncate_text("aé"), "aé");
    let text = "a".repeat(MAX_VALUE - 1) + "éé";
    assert_eq!(truncate_text(&text), &text[..MAX_VALUE - 1]);
}

#[test]
fn a_string_is_cut_between_characters_and_escapes() {
    let cut = |text: &str, limit| {
        let mut to = String::new();
        write_string(text, limit, &mut to);
        to
    };
    for (text, limit, kept) in [
        ("abc", 4, "\"ab\""),
        ("aé", 4, "\"a\""),
        (r"a\n", 4, "\"a\""),
        (r"a\n", 5, "\"a\\n\""),
        (r"a\\", 4, "\"a\""),
        (r"\u00e9", 7, "\"\""),
        (r"\ud83d\ude00x", 13, "\"\""),
        (r"\ud83d\ude00x", 14, r#""\ud83d\ude00""#),
        (r"\ud83dxx", 8, r#""\ud83d""#),
    ] {
        assert_eq!(cut(text, limit), kept, "{text} to {limit}");
    }
}

#[test]
fn what_does_not_fit_is_left_out_from_the_end() {
    assert_eq!(truncate_json("[1, 22, {\"a\":3}]", 6), "[1,22]");
    assert_eq!(
        truncate_json(r#"{"\ud800":1,"cc":[3,4]}"#, 18),
        "{\"\u{fffd}\u{fffd}\u{fffd}\":1}"
    );
    assert_eq!(
        compact_array(" [ 1 , [2] ,\"a, b\"] ".trim()),
        "[1,[2],\"a, b\"]"
    );
}

#[test]
fn many_targets_are_kept_whole_as_far_as_they_fit() {
    let target = |number: u32| {
        json!({"id": format!("00u{number:017}"), "type": "User", "displayName": "A person",
            "alternateId": "a.person@example.com", "detailEntry": {"a": "b"}})
    };
    let targets: Vec<Value> = (0..5_000).map(target).collect();
    let kept = truncate_json(&Value::from(targets.clone()).to_string(), MAX_VALUE);
    let kept: Vec<Value> = serde_json::from_str(&kept).unwrap();
    assert!(kept.len() > 200, "{}", kept.len());
    assert_eq!(kept, targets[..kept.len()]);
}

#[test]
fn a_value_may_be_nested_however_deep() {
    for depth in [10, 100, 5_000, 100_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inside = format!("\"{}\"", "x".repeat(MAX_VALUE));
            let deep = open.repeat(depth) + &inside + &close.repeat(depth);
            let json = format!("{{\"id\":\"1\",\"deep\":{deep},\"type\":\"User\"}}");
            let kept = truncate_json(&json, MAX_VALUE);
            assert!(kept.len() <= MAX_VALUE);
            // Deeper than the parser goes it is not compared.
            assert!(kept.starts_with("{\"id\":\"1\",\"deep\":"), "{depth}");
            assert!(kept.ends_with(",\"type\":\"User\"}"), "{depth}");
            let _: Value = serde_json::from_str(&kept).unwrap();
        }
    }
}

#[test]
fn keys_may_be_long_and_many() {
    let long = "k".repeat(40_000);
    let kept = truncate_json(&json!({"a": 1, (long): 2, "z": 3}).to_string(), MAX_VALUE);
    let kept: Map<String, Value> = serde_json::from_str(&kept).unwrap();
    assert_eq!(
        (kept.len(), &kept["a"], &kept["z"]),
        (3, &json!(1), &json!(3))
    );

    let many: Map<String, Value> = (0..100_000).map(|n| (n.to_string(), n.into())).collect();
    let kept = truncate_json(&Value::from(many).to_string(), MAX_VALUE);
    let kept: Map<String, Value> = serde_json::from_str(&kept).unwrap();
    assert!(kept.len() > 2_000, "{}", kept.len());
}

fn is_cut_well(json: &str, limit: usize) -> Result<Value, TestCaseError> {
    let kept = truncate_json(json, limit);
    prop_assert!(kept.len() <= limit, "{} of {limit}", kept.len());
    prop_assert_eq!(kept == json, json.len() <= limit);
    Ok(serde_json::from_str(&kept).unwrap())
}

/// Values of any shape, texts of any length among them.
fn value() -> impl Strategy<Value = Value> {
    let text = ("[a-zé\"\\\\\n\u{1}😀]{0,8}", 1_usize..3_000).prop_map(|(text, n)| text.repeat(n));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[a-z]{0,20}".prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 60, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
            prop::collection::btree_map("[a-zé\"]{0,9}", inner, 0..12)
                .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_cut_is_json_and_fits(value in value(), limit in 300_usize..33_000) {
        if value.is_object() || value.is_array() {
            is_cut_well(&value.to_string(), limit)?;
        }
    }

    #[test]
    fn short_neighbours_of_long_members_stay(
        short in prop::collection::btree_map("[a-z]{1,9}", "[a-zé\"\n]{0,60}", 0..40),
        long in prop::collection::btree_map("[A-Z]{1,9}", value(), 1..5),
        padding in 32_000_usize..80_000,
    ) {
        let mut members: Map<String, Value> =
            short.iter().map(|(key, text)| (key.clone(), text.clone().into())).collect();
        members.extend(long);
        members.insert("LONG".to_owned(), "é\\".repeat(padding).into());
        let kept = is_cut_well(&Value::from(members.clone()).to_string(), MAX_VALUE)?;
        for (key, text) in &short {
            prop_assert_eq!(kept.get(key), Some(&Value::from(text.clone())), "{}", key);
        }
        let kept_long = kept["LONG"].as_str().unwrap();
        prop_assert!(members["LONG"].as_str().unwrap().starts_with(kept_long));

        // The same as elements, each with what tells it apart.
        let targets: Vec<Value> = members.iter()
            .map(|(key, value)| json!({"id": key, "type": "User", "displayName": value}))
            .collect();
        let kept = is_cut_well(&Value::from(targets.clone()).to_string(), MAX_VALUE)?;
        let kept = kept.as_array().unwrap();
        prop_assert_eq!(kept.len(), targets.len());
        for (kept, target) in kept.iter().zip(&targets) {
            prop_assert_eq!((&kept["id"], &kept["type"]), (&target["id"], &target["type"]));
        }
    }
}
