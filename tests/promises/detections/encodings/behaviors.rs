//! What Okta says of a sign-in's behaviors: {New Country=POSITIVE}, the same as JSON, and a list.

use super::*;

#[test]
fn the_behaviors_are_read_in_every_encoding() {
    let behaviors = |text: &str| debug("behaviors", text);
    let list = |text: &str| json!({ "securityContext_userBehaviors_s": text });
    let both = ["POSITIVE", "NEGATIVE"];
    assert_read(
        ["NewCountry", "NewDevice"],
        vec![
            (
                "text",
                behaviors(
                    "{New Geo-Location=NEGATIVE, New Device=NEGATIVE, New IP=POSITIVE, New Country=POSITIVE}",
                ),
                both,
            ),
            (
                "the other order",
                behaviors("{New Country=POSITIVE, New Device=NEGATIVE}"),
                both,
            ),
            (
                "no braces",
                behaviors("New Country=POSITIVE, New Device=NEGATIVE"),
                both,
            ),
            (
                "no blanks",
                behaviors("New Country=POSITIVE,New Device=NEGATIVE"),
                both,
            ),
            (
                "many blanks",
                behaviors("{ New Country = POSITIVE , New Device = NEGATIVE }"),
                both,
            ),
            (
                "small letters",
                behaviors("{new country=positive, NEW DEVICE=negative}"),
                both,
            ),
            (
                "behaviors of the org's own",
                behaviors(
                    "{My New Country=NEGATIVE, Old New Device=POSITIVE, New Country=POSITIVE, New Device=NEGATIVE}",
                ),
                both,
            ),
            (
                "an unknown result",
                behaviors("{New Country=BAD_REQUEST, New Device=UNKNOWN}"),
                ["BAD_REQUEST", "UNKNOWN"],
            ),
            (
                "one is missing",
                behaviors("{New Country=POSITIVE}"),
                ["POSITIVE", ""],
            ),
            (
                "empty values",
                behaviors("{New Country=, New Device=}"),
                NOTHING,
            ),
            (
                "null values",
                behaviors("{New Country=null, New Device=null, Velocity=null}"),
                NOTHING,
            ),
            (
                "one is null",
                behaviors("{New Country=null, New Device=NEGATIVE}"),
                ["", "NEGATIVE"],
            ),
            ("empty braces", behaviors("{}"), NOTHING),
            ("empty", behaviors(""), NOTHING),
            (
                "JSON text",
                behaviors(r#"{"New Device":"NEGATIVE","New Country":"POSITIVE"}"#),
                both,
            ),
            (
                "JSON with blanks",
                behaviors(r#"{ "New Device" : "NEGATIVE" , "New Country" : "POSITIVE" }"#),
                both,
            ),
            (
                "JSON with null",
                behaviors(r#"{"New Device":null,"New Country":"POSITIVE"}"#),
                ["POSITIVE", ""],
            ),
            (
                "an object",
                json!({"debugContext_debugData_s": r#"{"behaviors":{"New Country":"POSITIVE","New Device":"NEGATIVE"}}"#}),
                both,
            ),
            (
                "log only",
                log_only(
                    r#"{"risk":{"level":"LOW"},"behaviors":{"New Device":"NEGATIVE","New Country":"POSITIVE"}}"#,
                ),
                both,
            ),
            (
                "log only, text in JSON",
                log_only(r#"{"behaviors":"New Device=NEGATIVE, New Country=POSITIVE"}"#),
                both,
            ),
            (
                "log only, text",
                log_only(
                    "{risk={level=LOW}, behaviors={New Device=NEGATIVE, New Country=POSITIVE}}",
                ),
                both,
            ),
            (
                "a list",
                list(
                    r#"[{"id":"b1","name":"New Country","result":"POSITIVE"},{"id":"b2","name":"New Device","result":"NEGATIVE"}]"#,
                ),
                both,
            ),
            (
                "a list, result first",
                list(
                    r#"[{"result":"POSITIVE","name":"New Country"},{"id":"b2","result":"NEGATIVE","name":"New Device"}]"#,
                ),
                both,
            ),
            (
                "a list, a key in between",
                list(
                    r#"[{"name":"New Country","type":"X","result":"POSITIVE"},{"result":"NEGATIVE","id":"b","name":"New Device","x":1}]"#,
                ),
                both,
            ),
            (
                "a list in both orders",
                list(
                    r#"[{"result":"POSITIVE","name":"New Country","id":"b1"},{"name":"New Device","result":"NEGATIVE","id":"b2"}]"#,
                ),
                both,
            ),
            (
                "a list with blanks",
                list(
                    r#"[ { "name" : "New Country" , "result" : "POSITIVE" } , { "name" : "New Device", "result" : "NEGATIVE" } ]"#,
                ),
                both,
            ),
            (
                "a list with null",
                list(
                    r#"[{"name":"New Country","result":null},{"name":"New Device","result":"NEGATIVE"}]"#,
                ),
                ["", "NEGATIVE"],
            ),
            (
                "a list of the org's own",
                list(
                    r#"[{"name":"My, New Country","result":"NEGATIVE"},{"name":"New Device","result":"NEGATIVE"}]"#,
                ),
                ["", "NEGATIVE"],
            ),
            ("an empty list", list("[]"), NOTHING),
            (
                "two encodings",
                json!({"securityContext_userBehaviors_s": r#"[{"name":"New Country","result":"POSITIVE"}]"#,
                "debugContext_debugData_s": r#"{"behaviors":"New Device=NEGATIVE, New Country=UNKNOWN"}"#}),
                both,
            ),
        ],
    );
    assert_read(
        ["Velocity", "NewGeoLocation"],
        vec![
            (
                "text",
                behaviors("Velocity=POSITIVE, New Geo-Location=NEGATIVE"),
                both,
            ),
            (
                "list",
                list(
                    r#"[{"name":"Velocity","result":"POSITIVE"},{"result":"NEGATIVE","name":"New Geo-Location"}]"#,
                ),
                both,
            ),
            (
                "of the org's own",
                behaviors("{High Velocity=NEGATIVE, Velocity=POSITIVE, New Geo-Location=NEGATIVE}"),
                both,
            ),
        ],
    );
}
