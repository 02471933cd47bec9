//! What the encoder remembers of one event's shape makes the next one cheaper, and no other.

use okta_rows::ColumnNaming;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sandbox::okta::events::EventMaker;
use serde_json::value::RawValue;

use super::{BOTH, Made, encode, generate};

/// Values that begin alike, or as another kind of value does, with blanks where Okta has none.
const OTHERS: [&str; 22] = [
    "null",
    " null",
    "{}",
    "{ }",
    "[]",
    "[ ]",
    "\"a\"",
    " \"a\"",
    "\"\\u0061\\\"\"",
    "7",
    " 7 ",
    "-1.5e3",
    "true",
    "[1]",
    "[ 1 , 2 ]",
    "[\"a\"]",
    "[{\"a\":1},{\"a\":null}]",
    "{\"a\":7,\"b\":\"c\"}",
    "{\"a\":\"7\",\"b\":{\"c\":[]}}",
    "{\"a\":{\"b\":\"c\"}}",
    "{\"id\":\"x\"}",
    "\n{\t\"id\" : 1 }",
];

/// Where the value of each key begins.
fn values(event: &str) -> Vec<usize> {
    let (mut starts, mut in_text, mut escaped) = (Vec::new(), false, false);
    for (at, byte) in event.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            b':' if !in_text => starts.push(at + 1),
            _ => {}
        }
    }
    starts
}

/// The event with another value at one of its keys.
fn varied(event: &str, (at, other): &(Index, &str)) -> String {
    let starts = values(event);
    if starts.is_empty() {
        return event.to_owned();
    }
    let (before, rest) = event.split_at(*at.get(&starts));
    let mut old = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
    old.next().expect("a value").expect("a value");
    format!("{before}{other}{}", &rest[old.byte_offset()..])
}

/// An event and others that differ from it and from one another in a value.
fn alike() -> impl Strategy<Value = Vec<String>> {
    let event = prop_oneof![
        1 => generate::event(),
        2 => (0_u64..5_000).prop_map(made_by_the_sandbox),
    ];
    (event, vec((any::<Index>(), select(OTHERS.to_vec())), 1..24)).prop_map(|(event, changes)| {
        let mut events = vec![event];
        for change in &changes {
            let last = events.last().expect("one at least");
            events.push(varied(last, change));
        }
        events.push(events[0].clone());
        events
    })
}

fn made_by_the_sandbox(number: u64) -> String {
    let start = "2026-11-21T12:00:00Z".parse().unwrap();
    let maker = EventMaker::new(7, start, std::time::Duration::from_secs(1));
    String::from_utf8(maker.event(number).to_vec()).unwrap()
}

/// The rows of one page, and those of a page for each event.
fn together_and_alone(events: &[String], naming: ColumnNaming) -> [Vec<Made>; 2] {
    let page = |events: &[String]| format!("[{}]", events.join(","));
    let together = encode(page(events).as_bytes(), naming).expect("a page");
    let alone = events.iter().flat_map(|event| {
        let event = page(std::slice::from_ref(event));
        encode(event.as_bytes(), naming).expect("a page of one event")
    });
    [together, alone.collect()]
}

fn are_the_same(events: &[String]) {
    for naming in BOTH {
        let [together, alone] = together_and_alone(events, naming);
        assert_eq!(together.len(), events.len());
        for ((one, other), event) in together.iter().zip(&alone).zip(events) {
            assert_eq!(one.json, other.json, "{naming:?} row of {event}");
            assert_eq!(
                (one.id, one.has_uuid, &one.published, one.truncated),
                (other.id, other.has_uuid, &other.published, other.truncated),
                "of {event}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn an_event_has_the_same_row_after_others_of_its_shape_as_alone(events in alike()) {
        are_the_same(&events);
    }

    #[test]
    fn an_event_has_the_same_row_after_any_others_as_alone(events in vec(generate::event(), 2..5)) {
        are_the_same(&events);
    }
}

#[test]
fn more_keys_than_are_remembered_are_all_kept() {
    let event = |number: u32| {
        let keys = (0..40).map(|key| format!("\"key{}\":\"{key}\"", number * 40 + key));
        let keys: Vec<String> = keys.collect();
        let keys = keys.join(",");
        format!("{{{keys},\"client\":{{{keys}}},\"debugContext\":{{\"debugData\":{{{keys}}}}}}}")
    };
    let events: Vec<String> = (0..20).chain(0..20).map(event).collect();
    are_the_same(&events);
}
