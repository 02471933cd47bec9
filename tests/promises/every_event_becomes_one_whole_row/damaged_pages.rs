//! One event that is no JSON costs none of its neighbours their rows.

use okta_rows::{ColumnNaming, DamagedPage, PageError, RowEncoder, encode_damaged_page};
use proptest::prelude::*;
use sandbox::okta::events::EventMaker;

use super::{HOST, Made, Rows, encode, inferred};

fn read(page: &[u8]) -> Result<(Vec<Made>, DamagedPage), PageError> {
    let mut rows = Rows::default();
    let mut encoder = RowEncoder::new(ColumnNaming::Unsuffixed, HOST);
    let damaged = encode_damaged_page(page, &mut encoder, &mut rows)?;
    Ok((rows.made, damaged))
}

fn events(count: u64) -> Vec<Vec<u8>> {
    let start = "2026-11-21T12:00:00Z".parse().unwrap();
    let maker = EventMaker::new(7, start, std::time::Duration::from_secs(1));
    (0..count)
        .map(|number| maker.event(number).to_vec())
        .collect()
}

fn page(events: &[Vec<u8>]) -> Vec<u8> {
    [b"[", events.join(&b',').as_slice(), b"]"].concat()
}

/// Texts that are no JSON, but begin and end as an event does.
const BAD: [&[u8]; 9] = [
    b"{\"uuid\":\"bad\",\"severity\":NaN}",
    b"{\"uuid\":\"bad\",\"severity\":-Infinity}",
    b"{\"uuid\":\"bad\",}",
    b"{\"uuid\":\"bad\",\"target\":[1,]}",
    b"{\"uuid\":\"bad\" \"severity\":1}",
    b"{\"uuid\":\"\\x\"}",
    b"{\"uuid\":\"\\u12\"}",
    b"{\"uuid\":'bad'}",
    b"{uuid:\0\"bad\"}",
];

#[test]
fn an_event_that_is_no_json_is_handed_out_alone_wherever_it_stands() {
    let good = events(1_000);
    let ids = |rows: &[Made]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    let all = ids(&encode(&page(&good), ColumnNaming::Unsuffixed).unwrap());
    for bad in BAD {
        for at in [vec![0], vec![500], vec![999], vec![500, 501], vec![0, 999]] {
            let mut events = good.clone();
            at.iter().for_each(|at| events[*at] = bad.to_vec());
            let page = page(&events);
            assert!(encode(&page, ColumnNaming::Unsuffixed).is_err());
            let (rows, damaged) = read(&page).unwrap();
            let mut expected = all.clone();
            for at in at.iter().rev() {
                expected.remove(*at);
            }
            assert_eq!(ids(&rows), expected, "{}", bad.escape_ascii());
            let raw: Vec<&[u8]> = damaged
                .unreadable
                .iter()
                .map(|bad| bad.raw.as_slice())
                .collect();
            assert_eq!(raw, vec![bad; at.len()]);
            assert!(!damaged.unreadable[0].problem.is_empty());
            assert_eq!(damaged.replaced, 0);
        }
    }
}

#[test]
fn bytes_that_are_no_utf8_and_control_characters_are_read() {
    for (raw, text) in [
        (&b"Ren\xe9"[..], "Ren\u{fffd}"),
        (b"\xff\xfe", "\u{fffd}\u{fffd}"),
        (b"a\xf0\x9f\x98", "a\u{fffd}"),
        (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
        (b"a\nb\tc", "a\nb\tc"),
        (b"nul\0\x1f", "nul\0\u{1f}"),
        (b"\\\"\x01\\\\", "\"\u{1}\\"),
    ] {
        let bad = [b"{\"uuid\":\"2\",\"displayMessage\":\"", raw, b"\"}"].concat();
        let page = [
            b"[{\"uuid\":\"1\"} ,",
            bad.as_slice(),
            b", {\"uuid\":\"3\"}\n]",
        ]
        .concat();
        let (rows, damaged) = read(&page).unwrap();
        let uuids: Vec<String> = rows.iter().map(|row| row.text("uuid")).collect();
        assert_eq!(uuids, ["1", "2", "3"]);
        assert_eq!(rows[1].text("displayMessage"), text);
        assert_eq!(
            (damaged.replaced, damaged.first_replaced),
            (1, Some(rows[1].id))
        );
        assert_eq!(damaged.unreadable, []);
    }
}

#[test]
fn what_leaves_no_doubt_about_where_events_end_is_read() {
    for page in [
        "\u{feff}[{},{}]",
        "[{},{},]",
        "[,{},,{}]",
        "[{},{}]\0\0\n",
        " \n[ {} , {} ] ",
    ] {
        let (rows, damaged) = read(page.as_bytes()).unwrap();
        assert_eq!((rows.len(), damaged), (2, DamagedPage::default()), "{page}");
    }
    assert_eq!(
        encode("\u{feff}[{}]".as_bytes(), ColumnNaming::Full)
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_page_whose_events_cannot_be_told_apart_is_refused() {
    let whole = page(&events(3));
    for end in 1..whole.len() {
        let said = read(&whole[..end]);
        assert!(
            matches!(said, Err(PageError::Syntax { .. })),
            "cut at byte {end}: {said:?}"
        );
    }
    for broken in [
        "[oops{}]",
        "[{}{}]",
        "[{} x,{}]",
        "[{}]]",
        "[{}] x",
        "[{\"a\":\"}]",
        "[{\"a\":[1}]",
        "[nul]",
        "[{\"uuid\":\"a\"b\"},{}]",
    ] {
        let said = read(broken.as_bytes());
        assert!(
            matches!(said, Err(PageError::Syntax { .. })),
            "{broken}: {said:?}"
        );
    }
}

#[test]
fn what_is_no_list_is_never_read_as_one() {
    for other in [
        "",
        "\0",
        "null",
        "{\"events\":[{}]}",
        "<html>\u{a0}",
        "text",
        "\u{feff}",
        "7",
    ] {
        let said = read(other.as_bytes());
        assert!(
            matches!(said, Err(PageError::NotAList { .. })),
            "{other}: {said:?}"
        );
    }
    for other in [&b"<p>\xe9"[..], b"\xff\xfe[\0]\0"] {
        assert!(matches!(read(other), Err(PageError::NotAList { .. })));
    }
}

#[test]
fn a_page_ends_with_as_many_events_as_were_asked_for() {
    let mut encoder = RowEncoder::new(ColumnNaming::Unsuffixed, HOST);
    encoder.limit(3);
    for (page, fits) in [
        ("[1,2,3]", true),
        ("[1,2,3,4]", false),
        ("[{},{\"a\":},{},]", true),
        ("[{},{\"a\":},{},{}]", false),
    ] {
        let mut rows = Rows::default();
        let said =
            okta_rows::encode_page(page.as_bytes(), &mut encoder, &mut rows).or_else(|error| {
                if matches!(error, PageError::TooManyEvents { .. }) {
                    return Err(error);
                }
                encode_damaged_page(page.as_bytes(), &mut encoder, &mut Rows::default()).map(drop)
            });
        assert_eq!(said.is_ok(), fits, "{page}: {said:?}");
        assert!(fits || matches!(said, Err(PageError::TooManyEvents { most: 3, .. })));
        assert!(rows.made.len() <= 3);
    }
}

#[test]
fn values_at_the_edge_of_the_grammar_are_rows() {
    let deep = format!(
        "{{\"uuid\":\"d\",\"x\":{}1{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    for event in [
        "null",
        r#"{"uuid":"a","uuid":"b"}"#,
        r#"{"uuid":"a","severity":1e999}"#,
        r#"{"uuid":"a","displayMessage":"\ud83d"}"#,
        deep.as_str(),
    ] {
        let good = inferred(event);
        let page = format!("[{event},{{\"a\":}},{event}]");
        let (rows, damaged) = read(page.as_bytes()).unwrap();
        assert_eq!(damaged.unreadable.len(), 1);
        assert_eq!((&rows[0].json, &rows[1].json), (&good.json, &good.json));
    }
}

proptest! {
    #[test]
    fn a_page_that_is_json_is_read_alike(count in 0_u64..20) {
        let page = page(&events(count));
        let (rows, damaged) = read(&page).unwrap();
        prop_assert_eq!(damaged, DamagedPage::default());
        let json = |rows: Vec<Made>| rows.into_iter().map(|row| row.json).collect::<Vec<_>>();
        prop_assert_eq!(json(rows), json(encode(&page, ColumnNaming::Unsuffixed).unwrap()));
    }

    #[test]
    fn no_damage_is_a_panic_and_every_row_is_json(
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..4, any::<u8>()), 1..6),
    ) {
        let mut page = page(&events(3));
        for (at, how, byte) in damage {
            let at = at.index(page.len());
            match how {
                0 => page[at] = byte,
                1 => page.insert(at, byte),
                2 => drop(page.remove(at)),
                _ => page.truncate(page.len() - usize::from(byte).min(page.len() - 1)),
            }
        }
        if let Ok((rows, damaged)) = read(&page) {
            rows.iter().for_each(|row| drop(row.row()));
            prop_assert!(rows.len() + damaged.unreadable.len() <= 6);
        }
    }
}
