//! An event of a scenario as Okta's System Log has it, and the row that we ship for it.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use okta_rows::ColumnNaming;
use okta_rows::{Row, RowEncoder};
use okta_rows::{RowSink, encode_page};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::scenario::{Directory, Person, Scenario, ScenarioEvent};

const HOST: &str = "acme.okta.com";
/// How old an event may be on arrival to keep its time as `TimeGenerated`.
const KEEPS_ITS_TIME: TimeDelta = TimeDelta::days(2);

/// The scenario's rows as the table has them, each with its arrival as `_IngestionTime`.
pub(super) fn rows(scenario: &Scenario, directory: &Directory) -> Vec<Map<String, Value>> {
    let events = scenario.events();
    let told: Vec<Value> = events
        .iter()
        .enumerate()
        .map(|(nth, occurrence)| event(occurrence, nth, directory))
        .collect();
    let mut rows = encoded(&told);
    for (row, occurrence) in rows.iter_mut().zip(&events) {
        row.insert("_IngestionTime".to_owned(), time(occurrence.arrived));
        if occurrence.arrived - occurrence.published > KEEPS_ITS_TIME {
            row.insert("TimeGenerated".to_owned(), time(occurrence.arrived));
        }
    }
    rows
}

/// The rows of a page of these events, made by the program.
fn encoded(events: &[Value]) -> Vec<Map<String, Value>> {
    #[derive(Default)]
    struct Rows(Vec<u8>, Vec<Map<String, Value>>);

    impl RowSink for Rows {
        fn buffer(&mut self) -> &mut Vec<u8> {
            self.0.clear();
            &mut self.0
        }

        fn row(&mut self, _: &Row<'_>) {
            self.1.push(serde_json::from_slice(&self.0).expect("a row"));
        }
    }

    let page = serde_json::to_vec(events).expect("JSON");
    let mut rows = Rows::default();
    let mut encoder = RowEncoder::new(ColumnNaming::Full, HOST);
    encode_page(&page, &mut encoder, &mut rows).expect("a page");
    rows.1
}

fn event(occurrence: &ScenarioEvent<'_>, nth: usize, directory: &Directory) -> Value {
    let spec = occurrence.spec;
    let seed = format!("{} {nth} {}", occurrence.published, spec.r#type);
    let actor = person(directory, occurrence.who);
    let transaction = match &spec.transaction {
        Some(shared) => format!("{shared} {} {}", occurrence.published, occurrence.who),
        None => seed.clone(),
    };
    let mut debug = json!({
        "requestId": hex(&format!("request {seed}")),
        "requestUri": "/idp/idx/identify",
        "threatSuspected": "false",
        "url": "/idp/idx/identify?",
    });
    lay_over(&mut debug, &spec.debug);
    let mut event = json!({
        "actor": {"id": id(&actor), "type": actor.r#type, "alternateId": actor.login,
            "displayName": actor.name, "detailEntry": null},
        "client": client(occurrence, directory),
        "device": null,
        "authenticationContext": {"authenticationProvider": null, "credentialProvider": null,
            "credentialType": null, "issuer": null, "interface": null, "authenticationStep": 0,
            "externalSessionId": spec.session},
        "displayMessage": spec.r#type,
        "eventType": spec.r#type,
        "outcome": {"result": spec.outcome, "reason": spec.reason},
        "published": time(occurrence.published),
        "securityContext": security(occurrence, directory),
        "severity": "INFO",
        "debugContext": {"debugData": debug},
        "legacyEventType": null,
        "transaction": {"type": "WEB", "id": hex(&format!("transaction {transaction}")), "detail": {}},
        "uuid": uuid(&seed),
        "version": "0",
        "request": {"ipChain": []},
        "target": spec.targets.iter().map(|target| self::target(target, directory)).collect::<Vec<_>>(),
    });
    if spec.targets.is_empty() {
        event["target"] = Value::Null;
    }
    event
}

fn client(occurrence: &ScenarioEvent<'_>, directory: &Directory) -> Value {
    let Some(place) = occurrence.from.map(|name| place(directory, name)) else {
        return json!({"userAgent": null, "zone": null, "device": null, "id": null,
            "ipAddress": null, "geographicalContext": null});
    };
    let name = occurrence.spec.agent.as_deref().unwrap_or("browser");
    let agent = directory
        .agents
        .get(name)
        .unwrap_or_else(|| panic!("no agent {name} in the directory"));
    json!({
        "userAgent": {"rawUserAgent": agent.raw, "os": agent.os, "browser": agent.browser},
        "zone": "null",
        "device": agent.device,
        "id": null,
        "ipAddress": place.ip,
        "geographicalContext": {"city": place.city, "state": null, "country": place.country,
            "postalCode": null, "geolocation": {"lat": place.lat, "lon": place.lon}},
    })
}

fn security(occurrence: &ScenarioEvent<'_>, directory: &Directory) -> Value {
    let mut security = match occurrence.from.map(|name| place(directory, name)) {
        Some(place) => json!({"asNumber": place.asn, "asOrg": place.org, "isp": place.org,
            "domain": ".", "isProxy": place.proxy}),
        None => {
            json!({"asNumber": null, "asOrg": null, "isp": null, "domain": null, "isProxy": null})
        }
    };
    lay_over(&mut security, &occurrence.spec.security);
    security
}

fn target(spec: &Map<String, Value>, directory: &Directory) -> Value {
    if let Some(name) = spec.get("app").and_then(Value::as_str) {
        return json!({"id": format!("0oa{}", short(name)), "type": "AppInstance",
            "alternateId": name, "displayName": name, "detailEntry": null});
    }
    if let Some(name) = spec.get("user").and_then(Value::as_str) {
        let person = person(directory, name);
        return json!({"id": id(&person), "type": "User", "alternateId": person.login,
            "displayName": person.name, "detailEntry": null});
    }
    Value::Object(spec.clone())
}

/// Someone of the directory; `user7` and the like are one of a crowd.
fn person(directory: &Directory, name: &str) -> Person {
    if let Some(person) = directory.people.get(name) {
        return person.clone();
    }
    let is_one_of_a_crowd = name
        .strip_prefix("user")
        .is_some_and(|n| n.parse::<u32>().is_ok());
    assert!(
        is_one_of_a_crowd,
        "nobody is called {name} in the directory"
    );
    Person {
        login: format!("{name}@acme.example"),
        name: name.to_owned(),
        r#type: "User".to_owned(),
        id: None,
    }
}

fn place<'a>(directory: &'a Directory, name: &str) -> &'a super::scenario::Place {
    let found = directory.places.get(name);
    found.unwrap_or_else(|| panic!("no place {name} in the directory"))
}

fn id(person: &Person) -> String {
    let made = || format!("00u{}", short(&person.login));
    person.id.clone().unwrap_or_else(made)
}

fn lay_over(below: &mut Value, above: &Map<String, Value>) {
    for (key, value) in above {
        below[key] = value.clone();
    }
}

pub(super) fn time(moment: DateTime<Utc>) -> Value {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true).into()
}

/// 32 digits that are the same for the same text.
fn hex(seed: &str) -> String {
    let digest = Sha256::digest(seed.as_bytes());
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn short(seed: &str) -> String {
    hex(seed).chars().take(17).collect()
}

fn uuid(seed: &str) -> String {
    let hex = hex(seed);
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}
