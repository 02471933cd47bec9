//! A page of at most 8 MB, of whatever shape, takes at most 128 MB in all.

use std::time::Duration;

use bytes::Bytes;
use sandbox::okta::Fault;
use tokio::process::Child;

use crate::support::fixture::Fixture;
use crate::support::program::{changed, program};

/// Just under the cap on a page.
const BYTES: usize = 7_990_000;

const MOST_KB: u64 = 128 * 1024;

/// The most memory that the process has had at once, in KB.
async fn peak_kb(child: &mut Child) -> u64 {
    let status = format!("/proc/{}/status", child.id().unwrap());
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let read = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = read.unwrap_or(0).max(peak);
        if tokio::time::timeout(Duration::from_millis(3), child.wait())
            .await
            .is_ok()
        {
            return peak;
        }
    }
}

fn repeated(before: &str, unit: &str, after: &str) -> Vec<u8> {
    let times = (BYTES - before.len() - after.len()) / unit.len();
    format!("{before}{}{after}", unit.repeat(times)).into_bytes()
}

fn many_keys() -> Vec<u8> {
    let mut page = String::from("[{");
    for number in 0.. {
        page += &format!("\"{number:x}\":1,");
        if page.len() > BYTES {
            break;
        }
    }
    (page + "\"z\":1}]").into_bytes()
}

fn shapes() -> Vec<(&'static str, Vec<u8>)> {
    let deep = |open: &str, close: &str| {
        let depth = BYTES / (open.len() + close.len()) - 50;
        format!(
            "[{{\"target\":{}1{}}}]",
            open.repeat(depth),
            close.repeat(depth)
        )
        .into_bytes()
    };
    vec![
        ("usual events", Vec::new()),
        ("values in place of events", repeated("[", "1,", "1]")),
        ("empty events", repeated("[", "{},", "{}]")),
        (
            "numbers in an array",
            repeated("[{\"target\":[", "1,", "1]}]"),
        ),
        (
            "texts in an array",
            repeated("[{\"target\":[", "\"\",", "1]}]"),
        ),
        (
            "numbers without a column",
            repeated("[{\"x\":[", "1,", "1]}]"),
        ),
        (
            "numbers in an object's place",
            repeated("[{\"actor\":[", "1,", "1]}]"),
        ),
        (
            "objects in an array",
            repeated("[{\"target\":[", "{\"a\":\"\"},", "1]}]"),
        ),
        (
            "one key again and again",
            repeated("[{", "\"a\":1,", "\"a\":1}]"),
        ),
        (
            "one text key again and again",
            repeated("[{", "\"\":\"\",", "\"a\":1}]"),
        ),
        ("many keys", many_keys()),
        ("deep arrays", deep("[", "]")),
        ("deep objects", deep("{\"\":", "}")),
        (
            "escapes in a text",
            repeated("[{\"displayMessage\":\"", "\\\"", "\"}]"),
        ),
        (
            "escapes in an array",
            repeated("[{\"target\":[\"", "\\\"", "\"]}]"),
        ),
        (
            "escapes without a column",
            repeated("[{\"x\":\"", "\\u0001", "\"}]"),
        ),
        ("a long key", repeated("[{\"", "\\\"", "\":1}]")),
        (
            "a long key in an array",
            repeated("[{\"target\":[{\"", "\\\\", "\":1}]}]"),
        ),
        (
            "control characters",
            repeated("[{\"displayMessage\":\"", "\u{1}", "\"}]"),
        ),
        (
            "events that are no JSON",
            repeated("[{\"a\":", "\u{1}", "}]"),
        ),
        (
            "a thousand of them",
            repeated("[", &format!("{{\"a\":{}}},", "\u{1}".repeat(7_980)), "{}]"),
        ),
        ("no end", repeated("[{\"a\":\"", "\u{1}", "")),
    ]
}

#[tokio::test]
async fn a_page_of_any_shape_takes_at_most_128_mb() {
    let mut over = Vec::new();
    for (name, body) in shapes() {
        let fixture = Fixture::with_events(3_000).await;
        if !body.is_empty() {
            assert!(
                body.len() > BYTES - 10_000 && body.len() < 8_000_000,
                "{name}"
            );
            fixture
                .org
                .faults()
                .push_n(3, Fault::Body(Bytes::from(body).to_vec()));
        }
        let mut command = program(&fixture, &["ship"]);
        command.envs(changed(fixture.settings(), &[("RUN_BUDGET_SECONDS", "10")]));
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        let peak = peak_kb(&mut child).await;
        println!("{name}: {} MB", peak / 1024);
        if peak > MOST_KB || peak == 0 {
            over.push((name, peak / 1024));
        }
    }
    assert!(over.is_empty(), "MB: {over:?}");
}
