//! A page is a list of events to its last byte, or nothing of it may be shipped.

use okta_rows::ColumnNaming;
use okta_rows::RowEncoder;
use okta_rows::{PageError, encode_page};
use okta_sentinel::log_analytics::batch::BatchLimits;
use okta_sentinel::log_analytics::batcher::Batcher;
use okta_sentinel::log_analytics::buffer_pool::BufferPool;
use proptest::prelude::*;
use sandbox::okta::events::EventMaker;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{HOST, encode, inferred};

fn page(events: u64) -> Vec<u8> {
    let start = "2026-11-21T12:00:00Z".parse().unwrap();
    let maker = EventMaker::new(7, start, std::time::Duration::from_secs(1));
    let events: Vec<String> = (0..events)
        .map(|number| String::from_utf8(maker.event(number).to_vec()).unwrap())
        .collect();
    format!("[{}]", events.join(",")).into_bytes()
}

/// What the encoder says must be what a parser says that knows nothing of events.
fn is_read_as_a_parser_reads_it(page: &[u8]) -> Result<(), TestCaseError> {
    let parsed: Option<Vec<&RawValue>> = std::str::from_utf8(page)
        .ok()
        .and_then(|text| serde_json::from_str(text).ok());
    for naming in super::BOTH {
        match (encode(page, naming), &parsed) {
            (Ok(rows), Some(events)) => {
                prop_assert_eq!(rows.len(), events.len());
                rows.iter().for_each(|row| drop(row.row()));
            }
            (Err(_), None) => {}
            (Ok(_), None) => prop_assert!(false, "took {}", String::from_utf8_lossy(page)),
            (Err(problem), Some(_)) => {
                prop_assert!(false, "{}: {}", problem, String::from_utf8_lossy(page));
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_damaged_page_is_refused_or_read_and_never_a_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..4, any::<u8>()), 0..6),
        printable in any::<bool>(),
    ) {
        let mut page = page(3);
        for (at, how, byte) in damage {
            if page.is_empty() {
                break;
            }
            let at = at.index(page.len());
            let byte = if printable { b"\"\\{}[],:0an "[usize::from(byte % 12)] } else { byte };
            match how {
                0 => page[at] = byte,
                1 => page.insert(at, byte),
                2 => drop(page.remove(at)),
                _ => page.truncate(page.len() - usize::from(byte).min(page.len())),
            }
        }
        is_read_as_a_parser_reads_it(&page)?;
    }

    #[test]
    fn any_bytes_are_no_panic(page in prop::collection::vec(any::<u8>(), 0..200)) {
        is_read_as_a_parser_reads_it(&page)?;
    }
}

#[test]
fn a_page_that_stops_anywhere_is_refused() {
    let page = page(2);
    for end in 0..page.len() {
        assert!(
            encode(&page[..end], ColumnNaming::Unsuffixed).is_err(),
            "cut at byte {end}"
        );
    }
    assert_eq!(encode(&page, ColumnNaming::Unsuffixed).unwrap().len(), 2);
}

#[test]
fn what_is_no_list_is_shown_by_its_beginning() {
    for other in [
        "",
        " ",
        "null",
        "\"[]\"",
        "{\"errorCode\":\"E0000047\"}",
        "<!DOCTYPE html><p>[]",
        "\u{feff}{}",
    ] {
        match encode(other.as_bytes(), ColumnNaming::Unsuffixed) {
            Err(PageError::NotAList { bytes, start }) => {
                assert_eq!(bytes, other.len());
                assert!(other.trim_start().starts_with(&start), "{start}");
            }
            said => panic!("{other}: {said:?}"),
        }
    }
}

#[test]
fn what_goes_wrong_within_the_list_is_told_with_its_place() {
    for broken in [
        "[{}",
        "[{}]]",
        "[{}] x",
        "[{},]",
        "[{\"a\":}]",
        "[{\"a\":\"\u{1}\"}]",
        "[nul]",
        "[,{}]",
        "[1 2]",
    ] {
        match encode(broken.as_bytes(), ColumnNaming::Unsuffixed) {
            Err(PageError::Syntax { bytes, problem }) => {
                assert_eq!(bytes, broken.len());
                assert!(problem.contains("line 1 column"), "{problem}");
            }
            said => panic!("{broken}: {said:?}"),
        }
    }
    match encode(b"[{\"a\":\"\xff\"}]", ColumnNaming::Unsuffixed) {
        Err(PageError::Syntax { problem, .. }) => assert!(problem.contains("index 7"), "{problem}"),
        said => panic!("{said:?}"),
    }
}

#[test]
fn a_page_without_events_has_no_rows() {
    assert!(
        encode(b" [ ] \n", ColumnNaming::Unsuffixed)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn rows_keep_the_order_of_their_events_and_repeats_have_one_id() {
    let page = br#"[{"uuid":"b"},{"uuid":"a"},{"uuid":"b"}]"#;
    let rows = encode(page, ColumnNaming::Unsuffixed).unwrap();
    let uuids: Vec<String> = rows.iter().map(|row| row.text("uuid")).collect();
    assert_eq!(uuids, ["b", "a", "b"]);
    assert_eq!(rows[0].id, rows[2].id);
    assert_ne!(rows[0].id, rows[1].id);
}

#[test]
fn elements_that_are_no_objects_are_kept_for_a_person_to_see() {
    let rows = encode(
        br#"[5,"x",[1, 2],true,{"severity":"INFO"}]"#,
        ColumnNaming::Unsuffixed,
    )
    .unwrap();
    let kept: Vec<String> = rows
        .iter()
        .map(|row| row.text("additionalFields"))
        .collect();
    assert_eq!(
        kept,
        [
            r#"{"event":5}"#,
            r#"{"event":"x"}"#,
            r#"{"event":[1,2]}"#,
            r#"{"event":true}"#,
            ""
        ]
    );
    assert!(
        rows.iter()
            .all(|row| !row.has_uuid && row.published.is_none())
    );
    assert_eq!(inferred("null").row().len(), 1, "the org's host alone");
}

#[test]
fn an_event_that_cannot_be_walked_leaves_the_batch_of_its_page_whole() {
    let page = br#"[{"uuid":"a"},{"uuid":"b","client":{"x":1,"\ud800":1}},{"uuid":"c","client":5e999},{"uuid":"d"}]"#;
    let limits = BatchLimits {
        bytes: 10_000,
        rows: 10,
    };
    let mut batcher = Batcher::new(limits, BufferPool::default());
    encode_page(
        page,
        &mut RowEncoder::new(ColumnNaming::Unsuffixed, HOST),
        &mut batcher,
    )
    .unwrap();
    let batch = batcher.finish_page().remove(0);
    let rows: Vec<Map<String, Value>> = serde_json::from_slice(batch.body()).unwrap();
    let uuids: Vec<Option<&str>> = rows.iter().map(|row| row.get("uuid")?.as_str()).collect();
    assert_eq!(uuids, [Some("a"), None, None, Some("d")]);
    assert_eq!(batch.rows().len(), 4);
}

#[test]
fn a_row_does_not_depend_on_the_event_before_it() {
    let mut events =
        vec![r#"{"new":{"a":1},"client":{"new":1},"debugContext":{"debugData":{"new":1}}}"#];
    events.extend([
        r#"{"severity":"INFO"}"#,
        r#"{"client":{"\ud800":1}}"#,
        r#"{"severity":"INFO"}"#,
        "7",
        r#"{"client":{"zone":"z"}}"#,
    ]);
    let rows = encode(
        format!("[{}]", events.join(",")).as_bytes(),
        ColumnNaming::Unsuffixed,
    )
    .unwrap();
    for (row, event) in rows.iter().zip(events) {
        assert_eq!(row.json, inferred(event).json);
    }
}
