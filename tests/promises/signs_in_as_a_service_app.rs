//! A service app signs in with its private key: once for many pages and runs, before its token
//! expires, and again when the token is revoked.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{TimeDelta, Utc};
use okta_sentinel::net::http::http_client;
use okta_sentinel::okta::api::client::Client;
use okta_sentinel::okta::api::credential::Credential;
use okta_sentinel::okta::api::credential::service_app::ServiceApp;
use okta_sentinel::okta::api::domain::OktaDomain;
use okta_sentinel::okta::api::error::OktaError;
use okta_sentinel::okta::log::cursor::Cursor;
use okta_sentinel::okta::log::page::{self, Page, SYSTEM_LOG};
use okta_sentinel::ship::{Ended, Shipper};
use sandbox::okta::{self, Authorization, Fault, OrgConfig};
use serde_json::Value;

use crate::support::fixture::{Fixture, run};

mod dpop;
mod refused;
mod secrets;

const CLIENT: &str = "0oaSandboxServiceApp";
const RSA: &str = include_str!("../fixtures/keys/rsa-pkcs8.pem");
const RSA_JWK: &str = include_str!("../fixtures/keys/rsa.jwk.json");
const P256: &str = include_str!("../fixtures/keys/p256-pkcs8.pem");
const P256_JWK: &str = include_str!("../fixtures/keys/p256.jwk.json");

/// The half of a JWK that an org is given.
fn public(jwk: &str) -> Value {
    let mut key: Value = serde_json::from_str(jwk).unwrap();
    let members = key.as_object_mut().unwrap();
    members.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
    key
}

/// A fixture whose org knows a service app with the P-256 key.
async fn fixture(events: u64) -> Fixture {
    fixture_with(events, P256_JWK).await
}

async fn fixture_with(events: u64, jwk: &str) -> Fixture {
    Fixture::with_org(OrgConfig {
        events,
        max_page: 100,
        service_app: Some(okta::ServiceApp::with_key(public(jwk))),
        ..OrgConfig::default()
    })
    .await
}

/// The program's parts, with a service app; the API token is set too and must not be used.
fn shipper(fixture: &Fixture, key: &str) -> Shipper {
    fixture.shipper_with(&[("OKTA_CLIENT_ID", CLIENT), ("OKTA_PRIVATE_KEY", key)])
}

/// This machine's clock and the org's, put forward together.
struct Clocks(Arc<AtomicI64>);

impl Clocks {
    fn put_forward(&self, fixture: &Fixture, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
        fixture.org.put_clock_forward(TimeDelta::seconds(seconds));
    }
}

/// The program's parts, with a service app by clocks that a test may put forward.
fn shipper_by_clocks(fixture: &Fixture) -> (Shipper, Clocks) {
    let ahead = Arc::new(AtomicI64::new(0));
    let read = Arc::clone(&ahead);
    let clock = Arc::new(move || Utc::now() + TimeDelta::seconds(read.load(Ordering::SeqCst)));
    let (client_id, key) = (CLIENT.parse().unwrap(), P256.parse().unwrap());
    let app = ServiceApp::new(client_id, key, SYSTEM_LOG.scope).with_clock(clock);
    let credential = Credential::ServiceApp(Box::new(app));
    let domain: OktaDomain = fixture.org.url().parse().unwrap();
    let http = http_client(domain.base()).unwrap();
    let mut shipper = shipper(fixture, P256);
    shipper.okta = Client::new(http, domain, credential);
    (shipper, Clocks(ahead))
}

/// One page, without any retry.
async fn page(shipper: &Shipper) -> Result<Page, OktaError> {
    let since = Utc::now() - TimeDelta::hours(1);
    let cursor = Cursor::since(shipper.okta.domain(), since, None);
    page::read(&shipper.okta, &cursor, &mut Vec::new()).await
}

/// The statuses of all requests to the token endpoint.
fn sign_ins(fixture: &Fixture) -> Vec<u16> {
    let requests = fixture.org.token_requests();
    requests.iter().map(|request| request.status).collect()
}

/// One run that gets everything.
#[track_caller]
fn caught_up(fixture: &Fixture, shipper: &Shipper) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let report = run(shipper).await;
        let well = matches!(report.ended, Ended::CaughtUp);
        assert!(well, "{caller}: {report}");
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn each_kind_of_key_signs_in_however_it_is_written() {
    let sec1 = include_str!("../fixtures/keys/p256-sec1.pem");
    let pkcs1 = include_str!("../fixtures/keys/rsa-pkcs1.pem").replace('\n', "\\n");
    let table = [
        (RSA, RSA_JWK, "RS256", None),
        (pkcs1.as_str(), RSA_JWK, "RS256", None),
        (RSA_JWK, RSA_JWK, "RS256", Some("test-rsa")),
        (P256, P256_JWK, "ES256", None),
        (sec1, P256_JWK, "ES256", None),
        (P256_JWK, P256_JWK, "ES256", Some("test-p256")),
    ];
    for (key, registered, algorithm, id) in table {
        let fixture = fixture_with(250, registered).await;
        caught_up(&fixture, &shipper(&fixture, key)).await;
        let requests = fixture.org.token_requests();
        let [request] = requests.as_slice() else {
            panic!("{requests:?}");
        };
        assert_eq!(request.algorithm.as_deref(), Some(algorithm));
        assert_eq!(request.key_id.as_deref(), id);
        assert_eq!((request.status, request.proof), (200, false));
    }
}

#[tokio::test]
async fn the_key_of_several_is_named_by_its_id() {
    let fixture = fixture(1).await;
    fixture
        .org
        .change_service_app(|app| app.keys.insert(0, public(RSA_JWK)));
    let said = page(&shipper(&fixture, P256))
        .await
        .unwrap_err()
        .to_string();
    assert!(said.contains("OKTA_KEY_ID"), "{said}");
    let named = [
        ("OKTA_CLIENT_ID", CLIENT),
        ("OKTA_PRIVATE_KEY", P256),
        ("OKTA_KEY_ID", "test-p256"),
    ];
    page(&fixture.shipper_with(&named)).await.unwrap();
    let last = fixture.org.token_requests().pop().unwrap();
    assert_eq!(last.key_id.as_deref(), Some("test-p256"));
}

#[tokio::test]
async fn one_token_serves_many_pages_and_many_runs() {
    let fixture = fixture(1_050).await;
    let shipper = shipper(&fixture, P256);
    for _ in 0..3 {
        caught_up(&fixture, &shipper).await;
        fixture.org.append(30);
    }
    caught_up(&fixture, &shipper).await;
    let pages = fixture.org.requests().into_iter();
    let pages: Vec<_> = pages
        .filter(|seen| seen.target.starts_with("/api"))
        .collect();
    assert!(pages.len() > 14, "{}", pages.len());
    let accepted = |seen: &okta::SeenRequest| seen.authorization == Authorization::Accepted;
    assert!(pages.iter().all(accepted));
    assert_eq!(sign_ins(&fixture), [200]);
}

#[tokio::test]
async fn those_who_ask_at_once_share_one_sign_in() {
    let fixture = fixture(10).await;
    let shipper = shipper(&fixture, P256);
    let ask = || page(&shipper);
    let pages = tokio::join!(ask(), ask(), ask(), ask());
    assert!(pages.0.is_ok() && pages.1.is_ok() && pages.2.is_ok() && pages.3.is_ok());
    assert_eq!(sign_ins(&fixture), [200]);
}

#[tokio::test]
async fn a_token_is_renewed_at_80_percent_of_its_life() {
    let fixture = fixture(10).await;
    let (shipper, clocks) = shipper_by_clocks(&fixture);
    caught_up(&fixture, &shipper).await;
    for (seconds, sign_ins_then) in [(2_870, 1), (15, 2), (2_870, 2), (15, 3)] {
        clocks.put_forward(&fixture, seconds);
        fixture.org.append(5);
        caught_up(&fixture, &shipper).await;
        assert_eq!(sign_ins(&fixture), vec![200; sign_ins_then]);
    }
    let refused = fixture
        .org
        .requests()
        .iter()
        .any(|seen| seen.status == Some(401));
    assert!(!refused, "a token was used to its crash");
}

#[tokio::test]
async fn while_renewal_fails_temporarily_the_valid_token_is_used() {
    let fixture = fixture(10).await;
    let (shipper, clocks) = shipper_by_clocks(&fixture);
    page(&shipper).await.unwrap();
    fixture
        .org
        .token_faults()
        .always(Fault::status(503, "E0000010"));
    clocks.put_forward(&fixture, 2_900);
    page(&shipper).await.unwrap();
    page(&shipper).await.unwrap();
    assert_eq!(sign_ins(&fixture), [200, 503]);
    clocks.put_forward(&fixture, 31);
    page(&shipper).await.unwrap();
    assert_eq!(sign_ins(&fixture), [200, 503, 503]);
    clocks.put_forward(&fixture, 700);
    let said = page(&shipper).await.unwrap_err().to_string();
    assert!(
        said.contains("token endpoint") && said.contains("503"),
        "{said}"
    );
    fixture.org.token_faults().clear();
    page(&shipper).await.unwrap();
    assert_eq!(sign_ins(&fixture), [200, 503, 503, 503, 200]);
}

#[tokio::test]
async fn a_revoked_token_costs_one_sign_in_and_no_event() {
    let fixture = fixture(250).await;
    let shipper = shipper(&fixture, P256);
    caught_up(&fixture, &shipper).await;
    fixture.org.revoke_tokens();
    fixture.org.append(120);
    caught_up(&fixture, &shipper).await;
    assert_eq!(sign_ins(&fixture), [200, 200]);
}

#[tokio::test]
async fn a_token_that_is_refused_when_it_is_new_ends_the_run_with_words() {
    let fixture = fixture(10).await;
    fixture.org.faults().always(Fault::status(401, "E0000011"));
    let shipper = shipper(&fixture, P256);
    let report = run(&shipper).await;
    let said = report.to_string();
    assert!(!report.succeeded(), "{said}");
    for word in [
        "401 E0000011",
        "service app",
        "active",
        "clock",
        "saved cursor",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("OKTA_API_TOKEN"), "{said}");
    assert_eq!(sign_ins(&fixture), [200, 200]);
    fixture.org.faults().clear();
    caught_up(&fixture, &shipper).await;
}

#[tokio::test]
async fn temporary_errors_of_the_token_endpoint_are_retried_within_the_run() {
    let faults = [
        Fault::status(503, "E0000010"),
        Fault::Html(502),
        Fault::ResetBeforeHeaders,
        Fault::RetryAfter(1),
    ];
    for fault in faults {
        let fixture = fixture(10).await;
        fixture.org.token_faults().push(fault.clone());
        let shipper = shipper(&fixture, P256);
        let report = run(&shipper).await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
        assert_eq!(report.retries, 1, "{fault:?}: {report}");
        fixture.assert_each_event_is_there_once();
    }
}
