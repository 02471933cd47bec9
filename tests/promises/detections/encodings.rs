//! Okta writes risk and behaviors in three encodings, and nothing promises an order of keys. Each row
//! of the tables is one spelling and what is to be read from it.

use serde_json::{Map, Value, json};

use super::parses::asked;

mod behaviors;

const NOTHING: [&str; 2] = ["", ""];

/// A row, its risk level and its reasons.
type Risk = (&'static str, Value, [&'static str; 2]);

fn debug(key: &str, text: &str) -> Value {
    json!({"debugContext_debugData_s": json!({ key: text }).to_string()})
}

fn log_only(text: &str) -> Value {
    json!({ "debugContext_debugData_logOnlySecurityData_s": text })
}

/// The rows through the parser, in the order of the table.
fn read(columns: &str, rows: Vec<Value>) -> Vec<Map<String, Value>> {
    let numbered = rows.into_iter().enumerate().map(|(nth, mut row)| {
        row["uuid_g"] = format!("{nth:03}").into();
        row
    });
    let rows: Vec<Value> = numbered.collect();
    let query = format!("OktaEvents | sort by uuid_g asc | project uuid_g, {columns}");
    let count = rows.len();
    let read = asked(&query, json!({ "Okta_CL": rows }));
    assert_eq!(read.len(), count);
    read
}

#[track_caller]
fn assert_read(columns: [&str; 2], table: Vec<Risk>) {
    let rows = table.iter().map(|(_, row, _)| row.clone()).collect();
    let read = read(&columns.join(", "), rows);
    let wrong: Vec<String> = table
        .iter()
        .zip(&read)
        .filter(|((_, _, expected), row)| {
            columns
                .iter()
                .zip(expected)
                .any(|(column, text)| row[*column] != *text)
        })
        .map(|((name, _, expected), row)| format!("{name}: {row:?} is not {expected:?}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_risk_is_read_in_every_encoding() {
    let two = "Anomalous Device, Anomalous Location";
    let risk = |text: &str| debug("risk", text);
    let security = |level: &str, reasons: &str| json!({"securityContext_risk_level_s": level, "securityContext_risk_reasons_s": reasons});
    assert_read(
        ["RiskLevel", "RiskReasons"],
        vec![
            (
                "level last",
                risk("{reasons=Anomalous Device, Anomalous Location, level=HIGH}"),
                ["HIGH", two],
            ),
            (
                "level first",
                risk("{level=HIGH, reasons=Anomalous Device, Anomalous Location}"),
                ["HIGH", two],
            ),
            (
                "no braces",
                risk("reasons=Anomalous Device, Anomalous Location, level=HIGH"),
                ["HIGH", two],
            ),
            (
                "no braces, level first",
                risk("level=HIGH, reasons=Anomalous Device, Anomalous Location"),
                ["HIGH", two],
            ),
            (
                "no blanks",
                risk("{reasons=Anomalous Device,level=MEDIUM}"),
                ["MEDIUM", "Anomalous Device"],
            ),
            (
                "many blanks",
                risk("{ reasons = Anomalous Device , level = MEDIUM }"),
                ["MEDIUM", "Anomalous Device"],
            ),
            (
                "keys in capitals",
                risk("{Reasons=New IP, Level=medium}"),
                ["MEDIUM", "New IP"],
            ),
            ("level alone", risk("{level=LOW}"), ["LOW", ""]),
            ("level alone, no braces", risk("level=LOW"), ["LOW", ""]),
            ("reasons alone", risk("{reasons=New IP}"), ["", "New IP"]),
            (
                "reasons alone, no braces",
                risk("reasons=New IP, New State"),
                ["", "New IP, New State"],
            ),
            (
                "a key in between",
                risk("{level=HIGH, detectionName=Breach, x, reasons=New IP, issuer=Okta}"),
                ["HIGH", "New IP"],
            ),
            (
                "unknown keys",
                risk("{score.v2=7, reasons=New IP, New State, new-key=1, level=HIGH}"),
                ["HIGH", "New IP, New State"],
            ),
            (
                "an earlier level",
                risk("{previousLevel=LOW, level=HIGH, reasons=New IP}"),
                ["HIGH", "New IP"],
            ),
            (
                "an earlier level behind",
                risk("{level=HIGH, previousLevel=LOW}"),
                ["HIGH", ""],
            ),
            (
                "another level",
                risk("{threatlevel=LOW, level=HIGH}"),
                ["HIGH", ""],
            ),
            (
                "an equals sign in a value",
                risk("{reasons=score=5, level=HIGH}"),
                ["HIGH", "score=5"],
            ),
            (
                "a list as text",
                risk("{reasons=[Anomalous Device, Anomalous Location], level=HIGH}"),
                ["HIGH", two],
            ),
            ("empty values", risk("{reasons=, level=}"), NOTHING),
            ("null values", risk("{reasons=null, level=null}"), NOTHING),
            ("no reasons", risk("{reasons=, level=HIGH}"), ["HIGH", ""]),
            (
                "null reasons",
                risk("{reasons=null, level=HIGH}"),
                ["HIGH", ""],
            ),
            ("empty braces", risk("{}"), NOTHING),
            ("empty", risk(""), NOTHING),
            ("words", risk("none of this is known"), NOTHING),
            (
                "null",
                json!({"debugContext_debugData_s": "{\"risk\":null}"}),
                NOTHING,
            ),
            ("no debug data", json!({}), NOTHING),
            (
                "JSON text",
                risk(r#"{"reasons":"Anomalous Device, Anomalous Location","level":"HIGH"}"#),
                ["HIGH", two],
            ),
            (
                "JSON with a list",
                risk(r#"{"level":"HIGH","reasons":["Anomalous Device", "Anomalous Location"]}"#),
                ["HIGH", two],
            ),
            (
                "JSON with an empty list",
                risk(r#"{"level":"HIGH","reasons":[]}"#),
                ["HIGH", ""],
            ),
            (
                "JSON with null",
                risk(r#"{"level":null,"reasons":null}"#),
                NOTHING,
            ),
            (
                "an object",
                json!({"debugContext_debugData_s": r#"{"risk":{"level":"HIGH","reasons":["New IP"]}}"#}),
                ["HIGH", "New IP"],
            ),
            (
                "log only",
                log_only(
                    r#"{"risk":{"level":"HIGH","reasons":"Anomalous Device, Anomalous Location"}}"#,
                ),
                ["HIGH", two],
            ),
            (
                "log only, a list",
                log_only(r#"{"behaviors":{},"risk":{"reasons":["New IP"],"level":"LOW"}}"#),
                ["LOW", "New IP"],
            ),
            (
                "log only, JSON in JSON",
                log_only(r#"{"risk":"{\"level\":\"HIGH\",\"reasons\":\"New IP\"}"}"#),
                ["HIGH", "New IP"],
            ),
            (
                "log only, text in JSON",
                log_only(r#"{"risk":"{reasons=New IP, New State, level=HIGH}"}"#),
                ["HIGH", "New IP, New State"],
            ),
            (
                "log only, text",
                log_only(
                    "{risk={level=HIGH, reasons=New IP, New State}, behaviors={New IP=POSITIVE}}",
                ),
                ["HIGH", "New IP, New State"],
            ),
            (
                "log only, the other order",
                log_only("{behaviors={New IP=POSITIVE}, risk={reasons=New IP, level=HIGH}}"),
                ["HIGH", "New IP"],
            ),
            (
                "log only without risk",
                log_only(r#"{"behaviors":{"New IP":"POSITIVE"}}"#),
                NOTHING,
            ),
            ("log only that is null", log_only("null"), NOTHING),
            (
                "log only in the catch-all",
                debug("logOnlySecurityData", r#"{"risk":{"level":"HIGH"}}"#),
                ["HIGH", ""],
            ),
            (
                "security context",
                security("HIGH", r#"["Anomalous Device","Anomalous Location"]"#),
                ["HIGH", two],
            ),
            (
                "security context, a word",
                security("low", "New IP"),
                ["LOW", "New IP"],
            ),
            (
                "security context, no reasons",
                security("LOW", "[]"),
                ["LOW", ""],
            ),
        ],
    );
}

#[test]
fn granted_privileges_are_read_from_the_column_and_from_rows_before_it() {
    assert_read(
        [
            "PrivilegeGranted",
            "debugContext_debugData_privilegeGranted_s",
        ],
        vec![
            (
                "the column",
                json!({"debugContext_debugData_privilegeGranted_s": "Super administrator"}),
                ["Super administrator"; 2],
            ),
            (
                "before it",
                debug(
                    "privilegeGranted",
                    "Help Desk administrator, Report administrator",
                ),
                ["Help Desk administrator, Report administrator"; 2],
            ),
            ("neither", json!({}), NOTHING),
        ],
    );
}
