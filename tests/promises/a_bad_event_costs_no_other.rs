//! An event that cannot be read is set aside alone, and the log goes on.

use bytes::Bytes;
use chrono::Utc;
use okta_sentinel::ship::{Ended, RunReport};
use okta_sentinel::state::dead_letter::DeadLetter;
use sandbox::okta::Fault;
use tokio::task::JoinSet;

use crate::support::fixture::{Fixture, run};
use crate::support::log_capture::LogCapture;

fn uuid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// An event with these bytes as its person's name.
fn event(number: u32, name: &[u8]) -> Bytes {
    let (uuid, now) = (uuid(number), Utc::now().to_rfc3339());
    let start = format!(
        "{{\"uuid\":\"{uuid}\",\"published\":\"{now}\",\"eventType\":\"user.session.start\",\"actor\":{{\"displayName\":\""
    );
    [start.as_bytes(), name, b"\"}}"].concat().into()
}

/// The dead letters: name and content.
fn letters(fixture: &Fixture) -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(fixture.state_of_org().join("dead-letters")) else {
        return Vec::new();
    };
    let mut letters: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    letters.sort();
    letters
}

#[track_caller]
fn caught_up(report: &RunReport, events: u64, dead_letters: u64) {
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert_eq!(
        (report.events, report.dead_letters),
        (events, dead_letters),
        "{report}"
    );
}

#[tokio::test]
async fn bytes_that_are_no_utf8_are_read_and_said() {
    let captured = LogCapture::start();
    let fixture = Fixture::with_events(5).await;
    let names: [&[u8]; 5] = [
        b"Ren\xe9",
        b"\xff",
        b"a\nb",
        b"nul\0",
        "Ren\u{e9}".as_bytes(),
    ];
    let events = (1..).zip(names).map(|(number, name)| event(number, name));
    fixture.org.append_raw(events.collect());
    fixture.org.append(5);
    let report = fixture.run().await;
    caught_up(&report, 15, 0);
    assert_eq!(report.retries, 0, "{report}");
    let table = fixture.workspace.table("Okta_CL");
    assert!((1..6).all(|number| table.times_seen(&uuid(number)) == 1));
    let lines = captured.lines_with("bytes_replaced");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("4 event(s)") && lines[0].contains("U+FFFD"),
        "{lines:?}"
    );
    caught_up(&fixture.run().await, 0, 0);
}

#[tokio::test]
async fn an_event_that_is_no_json_is_kept_with_its_bytes_and_its_neighbours_are_shipped() {
    let captured = LogCapture::start();
    let fixture = Fixture::with_events(400).await;
    let bad: [&[u8]; 4] = [
        b"{\"uuid\":\"x\",\"severity\":NaN}",
        b"{\"uuid\":\"x\",\"severity\":Infinity}",
        b"{\"uuid\":\"y\",}",
        b"{\"displayMessage\":\"\\q \xe9\"}",
    ];
    fixture
        .org
        .append_raw(bad[..2].iter().map(|bad| Bytes::from_static(bad)).collect());
    fixture.org.append(400);
    fixture
        .org
        .append_raw(bad[2..].iter().map(|bad| Bytes::from_static(bad)).collect());
    let report = fixture.run().await;
    caught_up(&report, 800, 4);
    assert_eq!((report.okta_requests, report.retries), (2, 0), "{report}");
    let letters = letters(&fixture);
    assert_eq!(letters.len(), 4, "{letters:?}");
    for bad in bad {
        let text = serde_json::Value::from(String::from_utf8_lossy(bad)).to_string();
        let (name, letter) = letters
            .iter()
            .find(|(_, letter)| letter.contains(&text))
            .unwrap();
        assert!(name.starts_with("unreadable-"), "{name}");
        assert!(letter.contains("an event that is no JSON"), "{letter}");
        assert!(
            DeadLetter::read(letter.as_bytes())
                .unwrap()
                .rows()
                .is_empty()
        );
        assert_eq!(captured.lines_with(name).len(), 1);
    }
    caught_up(&fixture.run().await, 0, 0);
}

#[tokio::test]
async fn a_null_or_a_word_among_events_has_a_row() {
    let fixture = Fixture::with_events(3).await;
    let odd = [
        "null",
        "7",
        "\"text\"",
        "[1]",
        "{\"severity\":1e999}",
        "{\"actor\":1e999}",
    ];
    fixture
        .org
        .append_raw(odd.map(|odd| Bytes::from_static(odd.as_bytes())).to_vec());
    caught_up(&fixture.run().await, 9, 0);
}

#[tokio::test]
async fn an_event_that_hides_where_it_ends_is_asked_for_alone_and_gone_past() {
    let captured = LogCapture::start();
    let fixture = Fixture::with_events(40).await;
    let bad: [&[u8]; 3] = [
        b"{\"uuid\":\"x\",\"displayMessage\":\"no end}",
        b"{\"uuid\":\"y\",\"target\":[{]}",
        b"oops",
    ];
    for bad in bad {
        fixture.org.append_raw(vec![Bytes::from_static(bad)]);
        fixture.org.append(20);
    }
    let report = fixture.run().await;
    caught_up(&report, 100, 3);
    let letters = letters(&fixture);
    for bad in bad {
        let page = format!("[{}]", String::from_utf8_lossy(bad));
        let text = serde_json::Value::from(page).to_string();
        assert!(
            letters.iter().any(|(_, letter)| letter.contains(&text)),
            "{letters:?}"
        );
    }
    assert!(!captured.lines_with("was unreadable").is_empty());
    caught_up(&fixture.run().await, 0, 0);
    // Alone at the end of the log, too: no other event has to come first.
    fixture
        .org
        .append_raw(vec![Bytes::from_static(b"oops again")]);
    caught_up(&fixture.run().await, 0, 1);
    fixture.org.append(5);
    caught_up(&fixture.run().await, 5, 0);
}

#[tokio::test]
async fn a_page_that_is_cut_off_once_is_read_at_the_next_try() {
    for fault in [Fault::CutBody, Fault::BadJson] {
        let fixture = Fixture::with_events(1_200).await;
        fixture.org.faults().push(fault);
        let report = fixture.run().await;
        caught_up(&report, 1_200, 0);
        assert_eq!(report.retries, 1, "{report}");
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn an_answer_that_is_no_list_of_events_is_never_gone_past() {
    let bodies: [&[u8]; 9] = [
        b"<html>Ren\xe9</html>",
        b"",
        b" \n",
        b"{\"errorCode\":\"E0000047\"}",
        b"{\"uuid\":\"x\"}",
        b"null",
        b"\"text\"",
        b"\xff\xfe[\0]\0",
        b"\xef\xbb\xbf",
    ];
    let mut runs = JoinSet::new();
    for body in bodies {
        runs.spawn(is_never_gone_past(body));
    }
    runs.join_all().await;
}

async fn is_never_gone_past(body: &'static [u8]) {
    let fixture = Fixture::with_events(10).await;
    caught_up(&fixture.run().await, 10, 0);
    fixture.org.append(4);
    let before = fixture.cursor();
    fixture.org.faults().always(Fault::Body(body.to_vec()));
    let report = run(&fixture.shipper_with(&[("RUN_BUDGET_SECONDS", "10")])).await;
    let said = report.to_string();
    assert!(said.contains("no list of events"), "{said}");
    assert!(!report.succeeded() && report.dead_letters == 0, "{said}");
    assert_eq!(fixture.cursor(), before);

    fixture.org.faults().clear();
    caught_up(&fixture.run().await, 4, 0);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn marks_around_a_list_do_not_keep_it_from_being_read() {
    for (before, after) in [("\u{feff}[", "]"), ("[", ",]"), ("[", "]\0\0")] {
        let fixture = Fixture::with_events(3).await;
        let event = String::from_utf8(event(1, b"Ann").to_vec()).unwrap();
        let body = format!("{before}{event}{after}");
        fixture.org.faults().push(Fault::Body(body.into()));
        let report = fixture.run().await;
        assert_eq!((report.events, report.dead_letters), (1, 0), "{report}");
        assert_eq!(fixture.workspace.table("Okta_CL").times_seen(&uuid(1)), 1);
    }
}
