//! Whoever reaches the handler's port cannot keep the Functions host from being answered: heads and
//! bodies that never end hold few descriptors, little memory, and those not for long.

use std::time::Duration;

use sandbox::functions_host::FunctionsHost;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::fixture::Fixture;
use crate::support::program::{TIMER, host, with_timeout};

/// More than the server takes at once.
const MANY: usize = 300;

async fn connected(host: &FunctionsHost, bytes: &[u8]) -> TcpStream {
    let address = ("127.0.0.1", host.port());
    let mut wire = TcpStream::connect(address).await.unwrap();
    // It may have been closed by now.
    let _ = wire.write_all(bytes).await;
    wire
}

/// Reads what comes until the server closes the connection.
async fn closed(mut wire: TcpStream) -> String {
    let mut said = Vec::new();
    let _ = wire.read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).into_owned()
}

fn of_process(host: &FunctionsHost, file: &str) -> std::path::PathBuf {
    format!("/proc/{}/{file}", host.pid().unwrap()).into()
}

async fn ships(host: &FunctionsHost, fixture: &Fixture) {
    fixture.org.append(1);
    let run = with_timeout(host.invoke_timer(TIMER)).await;
    assert!(run.succeeded(), "{run:?}");
    assert!(run.logs()[0].starts_with("shipped "), "{run:?}");
}

#[tokio::test]
async fn heads_that_never_end_hold_nothing_up() {
    let fixture = Fixture::with_events(3).await;
    let host = host(&fixture, &[]).await;
    let mut held = Vec::new();
    for round in 0..3 {
        for head in [
            "",
            "POST /OktaSy",
            "POST /OktaSyslogTimer HTTP/1.1\r\nHost: x\r\nX-A: ",
        ] {
            for _ in 0..MANY / 9 {
                held.push(connected(&host, head.as_bytes()).await);
            }
        }
        ships(&host, &fixture).await;
        println!("round {round}");
    }
    if let Ok(descriptors) = std::fs::read_dir(of_process(&host, "fd")) {
        let count = descriptors.count();
        assert!(count < 120, "{count} descriptors");
    }
    // At once for want of room, or after ten seconds.
    for wire in held {
        let said = tokio::time::timeout(Duration::from_secs(20), closed(wire)).await;
        assert!(!said.expect("it is closed").contains(" 200 "));
    }
    ships(&host, &fixture).await;
}

#[tokio::test]
async fn bodies_that_never_end_hold_little_memory_and_not_for_long() {
    let fixture = Fixture::with_events(3).await;
    let host = host(&fixture, &[]).await;
    let head = "POST /OktaSyslogTimer HTTP/1.1\r\nHost: x\r\nContent-Length: 4194304\r\n\r\n";
    let begun = [head.as_bytes(), &vec![b' '; 500_000]].concat();
    let mut held = Vec::new();
    for _ in 0..MANY / 3 {
        held.push(with_timeout(connected(&host, &begun)).await);
    }
    ships(&host, &fixture).await;
    if let Ok(status) = std::fs::read_to_string(of_process(&host, "status")) {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|it| it.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        assert!(peak.unwrap() < 150_000, "{peak:?} kB");
    }
    for wire in held {
        let said = tokio::time::timeout(Duration::from_secs(20), closed(wire)).await;
        let said = said.expect("it is closed");
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 400 "),
            "{said}"
        );
    }
    ships(&host, &fixture).await;
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let fixture = Fixture::with_events(3).await;
    let host = host(&fixture, &[]).await;
    let long = format!("GET / HTTP/1.1\r\nX-A: {}", "x".repeat(1_000_000));
    let said = with_timeout(closed(connected(&host, long.as_bytes()).await)).await;
    assert!(
        said.is_empty() || said.starts_with("HTTP/1.1 431 "),
        "{said}"
    );
    ships(&host, &fixture).await;
}
