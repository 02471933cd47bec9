//! Events of every shape: Okta's keys with values that fit and values that do not, keys that
//! nobody knows, repeated ones, escapes, and values that are too long.

use std::collections::BTreeMap;

use okta_rows::schema::{COLUMNS, Kind};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::Value;

/// The text of one event.
pub(super) fn event() -> BoxedStrategy<String> {
    prop_oneof![30 => object(Vec::new(), 24), 1 => json()].boxed()
}

/// An object at `path` of an event, with up to `most` entries.
fn object(path: Vec<&'static str>, most: usize) -> BoxedStrategy<String> {
    let mut known = BTreeMap::<&str, Option<Kind>>::new();
    for column in COLUMNS.iter().filter(|column| !column.path.is_empty()) {
        let steps: Vec<&str> = column.path.split('.').collect();
        if let (true, Some(name)) = (steps.starts_with(&path), steps.get(path.len())) {
            known.insert(name, (steps.len() == path.len() + 1).then_some(column.kind));
        }
    }
    let entries = known.into_iter().map(|(name, kind)| {
        let value = match kind {
            Some(kind) => prop_oneof![18 => fitting(kind), 6 => json(), 1 => long()].boxed(),
            None => {
                let below = [path.as_slice(), &[name]].concat();
                prop_oneof![12 => object(below, 8), 1 => json()].boxed()
            }
        };
        (Just(name.to_owned()), value).boxed()
    });
    let known = Union::new(entries.collect::<Vec<_>>());
    let unknown = (key(), prop_oneof![12 => json(), 1 => long()]);
    written(vec(prop_oneof![8 => known, 1 => unknown], 0..=most).boxed())
}

/// Entries as JSON, now and then with an escape in a key that needs none.
fn written(entries: BoxedStrategy<Vec<(String, String)>>) -> BoxedStrategy<String> {
    (entries, prop::bool::weighted(0.1))
        .prop_map(|(entries, escape)| {
            let entry =
                |(key, value): &(String, String)| format!("{}:{value}", quoted(key, escape));
            format!(
                "{{{}}}",
                entries.iter().map(entry).collect::<Vec<_>>().join(",")
            )
        })
        .boxed()
}

fn quoted(key: &str, escape: bool) -> String {
    let quoted = Value::from(key).to_string();
    match key.chars().next() {
        Some(first) if escape && first.is_ascii_alphabetic() => {
            format!("\"\\u{:04x}{}", u32::from(first), &quoted[2..])
        }
        _ => quoted,
    }
}

fn key() -> BoxedStrategy<String> {
    let like_known = select(vec![
        "Id",
        "client.zone",
        "domain",
        "truncated",
        "additionalFields",
        "event",
        "id",
        "",
    ]);
    prop_oneof![
        like_known.prop_map(str::to_owned),
        "[a-zA-Z_]{1,8}",
        "\\PC{1,6}"
    ]
    .boxed()
}

fn fitting(kind: Kind) -> BoxedStrategy<String> {
    match kind {
        Kind::Text => text(),
        Kind::Number => number(),
        Kind::Flag => select(vec!["true", "false", "\"true\"", "\"False\""]).prop_map(str::to_owned).boxed(),
        Kind::Time => "\"20[0-9]{2}-(0[1-9]|1[0-9])-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:59(\\.[0-9]{1,6})?(Z|\\+01:00)\"".boxed(),
        Kind::Guid => prop_oneof![
            "\"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\"",
            "\"[0-9a-fA-F]{32}\"",
            "\"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\"",
            "\"[0-9a-z]{0,40}\"",
        ]
        .boxed(),
    }
}

fn text() -> BoxedStrategy<String> {
    let odd = select(vec![
        r#""""#,
        r#""null""#,
        r#""\u00e9\ud83d\ude00""#,
        r#""\/\b\f\n\r\t\"\\""#,
        r#""\u0000\u001f""#,
        r#""{\"risk\":{\"level\":\"HIGH\"}}""#,
        r#""12.5""#,
        r#""tRue""#,
        r#""2026-11-21T12:04:58.123Z""#,
        r#""2026-11-21 12:04:58Z""#,
        r#""2026-11-21""#,
        r#""\u0031""#,
        r#""\\ud83d""#,
        r#"" 1""#,
    ]);
    prop_oneof![3 => "\\PC{0,16}".prop_map(|text| Value::from(text).to_string()), 2 => odd.prop_map(str::to_owned)].boxed()
}

fn number() -> BoxedStrategy<String> {
    let odd = select(vec![
        "0",
        "-0",
        "1.0",
        "-17",
        "1e3",
        "1E-7",
        "0.1",
        "1e+2",
        "123456789012345678901234567890",
        "18446744073709551615",
        "-9223372036854775808",
        "\"7\"",
        "\"-1.5e2\"",
        "\"01\"",
        "\"1 \"",
        "\"NaN\"",
    ]);
    prop_oneof![
        odd.prop_map(str::to_owned),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter_map("finite", |n| serde_json::Number::from_f64(n)
            .map(|n| n.to_string()))
    ]
    .boxed()
}

/// Any JSON value, of no more than a few levels; or one that is nested far deeper than a parser of
/// trees goes.
fn json() -> BoxedStrategy<String> {
    let plain = select(vec!["null", "true", "false", "{}", "[]"]).prop_map(str::to_owned);
    let leaf = prop_oneof![text(), number(), plain];
    let tree = leaf.prop_recursive(3, 24, 6, |below| {
        let list = vec(below.clone(), 0..6).prop_map(|all| format!("[{}]", all.join(",")));
        prop_oneof![list, written(vec((key(), below), 0..6).boxed())]
    });
    let deep = (100_usize..300).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth));
    let narrow =
        (1_usize..200).prop_map(|depth| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth));
    let mixed = vec(any::<bool>(), 50..150).prop_map(mixed);
    prop_oneof![40 => tree, 1 => deep, 1 => narrow, 1 => mixed].boxed()
}

/// Arrays (`false`) and objects inside one another, with a text before and after each.
fn mixed(kinds: Vec<bool>) -> String {
    let (mut before, mut after) = (String::new(), String::new());
    for kind in kinds {
        let (start, end) = match kind {
            true => ("{\"a\":\"b\",\"c\":", ",\"d\":\"e\"}"),
            false => ("[\"a\",", ",\"b\"]"),
        };
        before.push_str(start);
        after.insert_str(0, end);
    }
    format!("{before}1{after}")
}

/// Values about as long as a column takes, and far longer.
fn long() -> BoxedStrategy<String> {
    let unit = select(vec![
        "a",
        "é",
        "😀",
        "\\n",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\\"",
    ]);
    let text = (
        unit,
        prop_oneof![15_900_usize..16_100, 31_900_usize..32_100, Just(70_000)],
        "[a-z]{0,3}",
    );
    let text = text.prop_map(|(unit, times, start)| format!("\"{start}{}\"", unit.repeat(times)));
    let part = (1_usize..9_000, json())
        .prop_map(|(length, json)| format!("[\"{}\",{json}]", "é\\\"".repeat(length / 4)));
    let list = vec(part.clone(), 4..14).prop_map(|all| format!("[{}]", all.join(",")));
    let object = written(vec((key(), part), 4..14).boxed());
    prop_oneof![text, list, object].boxed()
}
