//! The token goes to the org's own log, wherever a link, a redirect or a changed state file points.

use std::net::TcpListener;

use okta_sentinel::okta::api::error::{OktaError, OktaErrorKind};
use okta_sentinel::ship::{Ended, RunError, RunReport};
use sandbox::okta::{Authorization, Fault};

use crate::support::fixture::Fixture;

/// Another host, which accepts whatever is sent to it.
struct OtherHost(TcpListener);

impl OtherHost {
    fn listen() -> OtherHost {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        OtherHost(listener)
    }

    fn host(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    #[track_caller]
    fn assert_nobody_came(&self) {
        let came = self.0.accept();
        assert!(came.is_err(), "somebody came: {came:?}");
    }
}

#[track_caller]
fn error(report: &RunReport) -> &OktaError {
    match &report.ended {
        Ended::Failed(RunError::Okta(error)) => error,
        _ => panic!("{report}"),
    }
}

/// Every request so far asked the log, with the token.
#[track_caller]
fn assert_only_the_log_was_asked(fixture: &Fixture) {
    for request in fixture.org.requests() {
        assert!(request.target.starts_with("/api/v1/logs?"), "{request:?}");
        assert_eq!(request.authorization, Authorization::Accepted);
    }
}

#[tokio::test]
async fn a_next_link_that_leads_elsewhere_ends_the_run_and_is_named() {
    let other_host = OtherHost::listen();
    let there = other_host.host();
    let fixture = Fixture::with_events(2_500).await;
    fixture.run().await;
    let own = fixture
        .org
        .url()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    let port = own.rsplit(':').next().unwrap();
    let table = [
        (
            format!("http://{there}/api/v1/logs?after=1&x=secret"),
            format!("http://{there}/api/v1/logs,"),
        ),
        (
            format!("//{there}/api/v1/logs?after=1"),
            format!("http://{there}/api/v1/logs,"),
        ),
        (
            format!("http://localhost:{port}/api/v1/logs?after=1"),
            format!("http://localhost:{port}/api/v1/logs,"),
        ),
        (
            format!("http://{own}@{there}/api/v1/logs?after=1"),
            format!("http://\u{2026}@{there}/api/v1/logs,"),
        ),
        (
            format!("http://me:secret@{own}/api/v1/logs?after=1"),
            format!("http://\u{2026}@{own}/api/v1/logs,"),
        ),
        (
            format!("http://{own}/api/v1/users?after=1"),
            format!("http://{own}/api/v1/users,"),
        ),
        (
            format!("http://{own}/api/v1/logs/../users?after=1"),
            format!("http://{own}/api/v1/users,"),
        ),
        (
            "/api/v1/users?after=1".to_owned(),
            format!("http://{own}/api/v1/users,"),
        ),
        (
            format!("https://{own}/api/v1/logs?after=1"),
            format!("https://{own}/api/v1/logs,"),
        ),
        ("http://[::bad".to_owned(), "http://[::bad,".to_owned()),
    ];
    for (link, named) in table {
        fixture.org.append(2);
        let (before, rows) = (fixture.cursor(), fixture.workspace.table("Okta_CL").rows());
        fixture
            .org
            .faults()
            .push(Fault::NextElsewhere(link.clone()));
        let report = fixture.run().await;
        let error = error(&report);
        assert!(
            matches!(error.kind, OktaErrorKind::ForeignLink { .. }),
            "{link}: {error}"
        );
        let said = error.to_string();
        assert!(said.contains(&named), "{link}: {said}");
        assert!(
            !said.contains("secret") && said.contains("OKTA_DOMAIN"),
            "{said}"
        );
        assert_eq!(fixture.cursor(), before, "{link}");
        assert_eq!(fixture.workspace.table("Okta_CL").rows(), rows, "{link}");
    }
    other_host.assert_nobody_came();
    assert_only_the_log_was_asked(&fixture);
    assert_eq!(fixture.run().await.events, 20);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_relative_link_to_the_orgs_own_log_is_followed() {
    let fixture = Fixture::with_events(10).await;
    let link = "/api/v1/logs?since=2026-01-01T00%3A00%3A00Z&sortOrder=ASCENDING&limit=1000";
    fixture
        .org
        .faults()
        .push(Fault::NextElsewhere(link.to_owned()));
    let report = fixture.run().await;
    assert!(
        !matches!(
            &report.ended,
            Ended::Failed(RunError::Okta(OktaError {
                kind: OktaErrorKind::ForeignLink { .. },
                ..
            }))
        ),
        "{report}"
    );
    assert_only_the_log_was_asked(&fixture);
}

#[tokio::test]
async fn a_redirect_is_named_and_not_followed() {
    let other_host = OtherHost::listen();
    let fixture = Fixture::with_events(10).await;
    let to = format!("http://{}/api/v1/logs?after=secret", other_host.host());
    fixture.org.faults().push(Fault::Redirect(to));
    let report = fixture.run().await;
    let said = error(&report).to_string();
    assert!(
        said.contains(&format!(
            "redirects to http://{}/api/v1/logs;",
            other_host.host()
        )),
        "{said}"
    );
    assert!(!said.contains("secret"), "{said}");
    other_host.assert_nobody_came();
    assert_eq!(fixture.org.requests().len(), 1);
    assert_eq!(fixture.run().await.events, 10);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_saved_cursor_that_was_made_to_lead_elsewhere_is_not_asked() {
    let other_host = OtherHost::listen();
    let fixture = Fixture::with_events(10).await;
    fixture.run().await;
    fixture.org.append(3);
    let path = fixture.state_of_org().join("cursor.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    let requests = fixture.org.requests().len();
    for elsewhere in [
        format!("http://{}/api/v1/logs?after=secret", other_host.host()),
        format!("{}/api/v1/users?after=secret", fixture.org.url()),
    ] {
        let mut document = fixture.cursor();
        document["cursor"] = elsewhere.clone().into();
        std::fs::write(&path, document.to_string()).unwrap();
        let report = fixture.run().await;
        let error = error(&report);
        assert!(
            matches!(error.kind, OktaErrorKind::ForeignCursor { .. }),
            "{error}"
        );
        let said = error.to_string();
        let place = elsewhere.split('?').next().unwrap();
        assert!(said.contains(place) && said.contains("--restart"), "{said}");
        assert!(!said.contains("secret"), "{said}");
        assert_eq!(fixture.cursor()["cursor"], elsewhere.as_str());
    }
    other_host.assert_nobody_came();
    assert_eq!(fixture.org.requests().len(), requests);

    std::fs::write(&path, whole).unwrap();
    assert_eq!(fixture.run().await.events, 3);
    fixture.assert_each_event_is_there_once();
}
