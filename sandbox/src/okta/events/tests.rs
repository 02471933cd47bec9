use std::collections::{HashMap, HashSet};
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::*;

fn maker(seed: u64) -> EventMaker {
    let start = "2026-11-01T00:00:00Z".parse().unwrap();
    EventMaker::new(seed, start, Duration::from_millis(250))
}

fn parsed(maker: &EventMaker, count: u64) -> Vec<Value> {
    (0..count)
        .map(|number| serde_json::from_slice(&maker.event(number)).unwrap())
        .collect()
}

#[test]
fn a_thousand_events_weigh_2_75_kilobytes_on_average_whatever_the_seed() {
    for seed in [0, 1, 7, 42, u64::MAX] {
        let maker = maker(seed);
        let mean = (0..1000)
            .map(|number| maker.event(number).len())
            .sum::<usize>() as f64
            / 1000.0;
        assert!(
            (2667.5..=2832.5).contains(&mean),
            "seed {seed}: mean {mean} bytes"
        );
    }
}

#[test]
fn an_event_is_the_same_bytes_for_the_same_seed_and_other_bytes_for_another() {
    assert_eq!(maker(7).event(12), maker(7).event(12));
    assert_ne!(maker(7).event(12), maker(8).event(12));
    assert_ne!(maker(7).event(12), maker(7).event(13));
}

#[test]
fn every_event_is_json_and_says_what_its_maker_says() {
    let maker = maker(3);
    let mut last = DateTime::<Utc>::MIN_UTC;
    for (number, event) in (0..).zip(parsed(&maker, 3000)) {
        assert_eq!(event["uuid"], maker.id(number));
        assert_eq!(event["eventType"], maker.event_type(number));
        let published = event["published"].as_str().unwrap();
        assert!(
            published.len() == 24 && published.ends_with('Z'),
            "{published}"
        );
        let published: DateTime<Utc> = published.parse().unwrap();
        assert_eq!(published, maker.published(number));
        assert!(published >= last, "event {number} goes back in time");
        last = published;
    }
}

#[test]
fn ids_look_like_version_4_and_never_repeat() {
    let maker = maker(11);
    let ids: HashSet<String> = (0..50_000).map(|number| maker.id(number)).collect();
    assert_eq!(ids.len(), 50_000);
    for id in ids.iter().take(500) {
        let parts: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        assert!(
            id[14..].starts_with('4') && "89ab".contains(&id[19..20]),
            "{id}"
        );
    }
}

#[test]
fn a_page_compresses_as_much_as_pages_of_real_logs_do() {
    for seed in [0, 1, 7, 42, u64::MAX] {
        let events: Vec<_> = (0..1000).map(|number| maker(seed).event(number)).collect();
        let page = events.join(&b","[..]);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::new(6));
        gzip.write_all(&page).unwrap();
        let fold = page.len() as f64 / gzip.finish().unwrap().len() as f64;
        assert!((7.0..=11.0).contains(&fold), "seed {seed}: {fold} fold");
    }
}

#[test]
fn events_of_a_request_and_of_a_session_share_what_real_ones_share() {
    let events = parsed(&maker(17), 3000);
    let mut requests = HashMap::<&str, Vec<&Value>>::new();
    let mut sessions = HashMap::<&str, Vec<&Value>>::new();
    for event in &events {
        let request = event["transaction"]["id"].as_str().unwrap();
        assert_eq!(event["debugContext"]["debugData"]["requestId"], request);
        requests.entry(request).or_default().push(event);
        if event["client"]["ipAddress"].is_string() {
            let session = &event["authenticationContext"]["externalSessionId"];
            let session = session.as_str().unwrap();
            sessions.entry(session).or_default().push(event);
        }
    }
    let several = requests.values().filter(|events| events.len() > 1);
    assert!(several.count() > 500);
    for events in requests.values() {
        for pointer in ["/debugContext/debugData/url", "/actor", "/transaction"] {
            let first = events[0].pointer(pointer);
            assert!(events.iter().all(|event| event.pointer(pointer) == first));
        }
    }
    assert!((500..900).contains(&sessions.len()), "{}", sessions.len());
    for events in sessions.values() {
        for pointer in [
            "/actor",
            "/client/ipAddress",
            "/client/userAgent",
            "/debugContext/debugData/authnRequestId",
            "/debugContext/debugData/dtHash",
            "/request",
        ] {
            let first = events[0].pointer(pointer);
            assert!(events.iter().all(|event| event.pointer(pointer) == first));
        }
    }
}

#[test]
fn people_are_seen_unevenly_and_keep_their_ids_and_mostly_their_place() {
    let events = parsed(&maker(23), 6000);
    let mut people = HashMap::<&str, (HashSet<&str>, HashMap<&str, usize>)>::new();
    for event in events
        .iter()
        .filter(|event| event["client"]["device"].is_string())
    {
        let login = event["actor"]["alternateId"].as_str().unwrap();
        let place = event["client"]["geographicalContext"]["city"]
            .as_str()
            .unwrap();
        let (ids, places) = people.entry(login).or_default();
        ids.insert(event["actor"]["id"].as_str().unwrap());
        *places.entry(place).or_default() += 1;
    }
    assert!(people.len() > 500, "{} people", people.len());
    assert!(people.values().all(|(ids, _)| ids.len() == 1));
    let travellers = people.values().filter(|(_, places)| places.len() > 1);
    let travellers = travellers.count();
    assert!(travellers > 0 && travellers * 10 < people.len());
    let mut seen: Vec<usize> = people
        .values()
        .map(|(_, places)| places.values().sum())
        .collect();
    seen.sort_unstable();
    assert!(
        seen[seen.len() - 1] > 10 * seen[seen.len() / 2].min(5),
        "{seen:?}"
    );
}

#[test]
fn the_shapes_that_trip_readers_all_occur() {
    let events = parsed(&maker(5), 2000);
    let mut seen = HashMap::<&str, usize>::new();
    for event in &events {
        let debug = &event["debugContext"]["debugData"];
        let text = event.to_string();
        for (shape, present) in [
            ("a device", event["device"].is_object()),
            ("no device", event["device"].is_null()),
            ("a null client", event["client"]["ipAddress"].is_null()),
            ("a \"null\" zone", event["client"]["zone"] == "null"),
            (
                "a root session",
                event["authenticationContext"]["rootSessionId"].is_string(),
            ),
            (
                "newer risk",
                event["securityContext"]["risk"]["level"].is_string(),
            ),
            (
                "ip details",
                event["securityContext"]["ipDetails"].is_object(),
            ),
            (
                "behaviours as objects",
                event["securityContext"]["userBehaviors"].is_array(),
            ),
            ("risk as a map", debug["risk"].is_string()),
            ("behaviours as a map", debug["behaviors"].is_string()),
            ("a device token hash", debug["dtHash"].is_string()),
            ("an unknown object", debug["riskEngineVerdict"].is_object()),
            ("no target", event["target"].is_null()),
            (
                "change details",
                event["target"][0]["changeDetails"].is_object(),
            ),
            (
                "a target's details",
                event["target"][0]["detailEntry"].is_object(),
            ),
            ("two hops", event["request"]["ipChain"][1].is_object()),
            (
                "a token's transaction",
                event["transaction"]["detail"]["requestApiTokenId"].is_string(),
            ),
            ("a name outside ASCII", !text.is_ascii()),
            ("no legacy type", event["legacyEventType"].is_null()),
        ] {
            *seen.entry(shape).or_default() += usize::from(present);
        }
        if let Some(first) = event["request"]["ipChain"].get(0) {
            assert_eq!(first["ip"], event["client"]["ipAddress"]);
        }
        if let Some(json) = debug["logOnlySecurityData"].as_str() {
            assert!(serde_json::from_str::<Value>(json).unwrap()["risk"]["level"].is_string());
            *seen.entry("JSON in JSON").or_default() += 1;
        }
    }
    let missing: Vec<_> = seen.iter().filter(|(_, count)| **count == 0).collect();
    assert!(
        missing.is_empty() && seen["JSON in JSON"] > 0,
        "never seen: {missing:?}"
    );
    let types: HashSet<_> = events
        .iter()
        .map(|event| event["eventType"].as_str())
        .collect();
    assert!(types.len() > 30, "{} event types", types.len());
}
