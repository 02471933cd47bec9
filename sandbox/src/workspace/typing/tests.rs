use serde_json::{Value, json};

use super::*;
use crate::workspace::rows::for_each_row;

/// Types the rows of `body` in order; each comes back as the JSON a query would show.
fn typed(schema: &mut Schema, body: &Value) -> Result<Vec<Value>, String> {
    let body = body.to_string();
    let mut rows = Vec::new();
    for_each_row(&body, |properties| {
        let row = schema.row(properties)?;
        let cells = row
            .cells
            .iter()
            .map(|(name, cell)| (name.to_string(), json!(cell)));
        rows.push(Value::Object(cells.collect()));
        Ok(())
    })
    .map(|_| rows)
    .map_err(|refusal| refusal.message)
}

#[test]
fn each_json_type_has_its_suffix() {
    let rows = typed(
        &mut Schema::default(),
        &json!([{
            "eventType": "user.session.start",
            "uuid": "62C3328C9F9E11EA86E9E5B0D2D0F179",
            "published": "2020-05-26T22:15:19.883Z",
            "lat": 34.047,
            "asNumber": 10993,
            "isProxy": false,
            "reason": null,
        }]),
    );
    assert_eq!(
        rows.unwrap(),
        [json!({
            "eventType_s": "user.session.start",
            "uuid_g": "62c3328c-9f9e-11ea-86e9-e5b0d2d0f179",
            "published_t": "2020-05-26T22:15:19.883Z",
            "lat_d": 34.047,
            "asNumber_d": 10993,
            "isProxy_b": false,
        })]
    );
}

#[test]
fn objects_are_flattened_and_arrays_become_their_text() {
    let rows = typed(
        &mut Schema::default(),
        &json!([{ "client": { "geo": { "city": "Oslo", "lat": 1 }, "none": null }, "target": [{"id": 1}] }]),
    );
    assert_eq!(
        rows.unwrap(),
        [json!({ "client_geo_city_s": "Oslo", "client_geo_lat_d": 1, "target_s": "[{\"id\":1}]" })]
    );
}

#[test]
fn a_later_value_is_converted_to_the_column_that_is_there() {
    let mut schema = Schema::default();
    let rows = typed(
        &mut schema,
        &json!([
            { "n": 1, "b": true, "s": "x", "g": "ade033042eb23b2fd57e5cfe92c81793" },
            { "n": "2.5", "b": "TRUE", "s": 7, "g": "ade03304-2eb2-3b2f-d57e-5cfe92c81793" },
            { "s": "ade033042eb23b2fd57e5cfe92c81793" },
        ]),
    )
    .unwrap();
    assert_eq!(rows[1]["n_d"], json!(2.5));
    assert_eq!(rows[1]["b_b"], json!(true));
    assert_eq!(rows[1]["s_s"], json!("7"));
    assert_eq!(rows[1]["g_g"], rows[0]["g_g"]);
    assert_eq!(
        rows[2],
        json!({ "s_s": "ade033042eb23b2fd57e5cfe92c81793" })
    );
    assert_eq!(schema.columns().count(), 4);
}

#[test]
fn a_value_that_cannot_be_converted_opens_a_twin() {
    let mut schema = Schema::default();
    let rows = typed(
        &mut schema,
        &json!([
            { "id": "ade033042eb23b2fd57e5cfe92c81793", "n": 1 },
            { "id": "unknown", "n": "many" },
            { "id": "ade033042eb23b2fd57e5cfe92c81793", "n": 2 },
        ]),
    )
    .unwrap();
    assert_eq!(rows[1], json!({ "id_s": "unknown", "n_s": "many" }));
    assert_eq!(
        rows[2],
        rows[0]
            .as_object()
            .map(|first| {
                let mut third = first.clone();
                third.insert("n_d".to_owned(), json!(2));
                Value::Object(third)
            })
            .unwrap()
    );
    assert_eq!(schema.columns().count(), 4);
}

#[test]
fn names_are_held_to_the_services_rules() {
    for name in [
        "a-b",
        "a.b",
        "",
        "é",
        "tenant",
        "TimeGenerated",
        "RawData",
        &"x".repeat(46),
    ] {
        assert!(
            typed(&mut Schema::default(), &json!([{ name: 1 }])).is_err(),
            "{name}"
        );
    }
    assert!(typed(&mut Schema::default(), &json!([{ "x".repeat(45): 1 }])).is_ok());
    let nested = json!([{ "x".repeat(40): { "yyyyy": 1 } }]);
    assert!(
        typed(&mut Schema::default(), &nested)
            .unwrap_err()
            .contains("45")
    );
}

#[test]
fn the_501st_column_is_refused() {
    let mut schema = Schema::default();
    let row: serde_json::Map<_, _> = (0..500).map(|n| (format!("c{n}"), json!(n))).collect();
    assert!(typed(&mut schema, &json!([row])).is_ok());
    assert!(typed(&mut schema, &json!([{ "c0": 1 }])).is_ok());
    assert!(
        typed(&mut schema, &json!([{ "c500": 1 }]))
            .unwrap_err()
            .contains("500")
    );
    assert!(typed(&mut schema, &json!([{ "c0": "a twin counts too" }])).is_err());
}

#[test]
fn text_beyond_32_kb_is_cut_on_a_character() {
    let mut schema = Schema::default();
    for (text, kept, cut) in [
        ("x".repeat(32_768), 32_768, 0),
        ("x".repeat(32_769), 32_768, 1),
        ("é".repeat(16_385), 32_768, 1),
        (format!("x{}", "é".repeat(16_384)), 32_767, 1),
    ] {
        let body = json!([{ "a": text }]).to_string();
        for_each_row(&body, |properties| {
            let row = schema.row(properties)?;
            assert_eq!(row.cut, cut);
            assert!(matches!(&row.cells[0].1, Cell::Text(text) if text.len() == kept));
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn times_are_iso_8601_with_a_time_of_day() {
    for time in [
        "2026-11-21T12:00:00Z",
        "2026-11-21T12:00:00.123",
        "2026-11-21T13:00:00+01:00",
    ] {
        assert!(date_time(time).is_some(), "{time}");
    }
    for text in [
        "2026-11-21",
        "20261121T120000Z",
        "2026-13-21T12:00:00Z",
        "Sat, 21 Nov 2026",
    ] {
        assert!(date_time(text).is_none(), "{text}");
    }
}
