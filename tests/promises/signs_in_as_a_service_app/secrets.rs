//! Neither the key nor an assertion nor an access token is shown anywhere.

use std::path::Path;

use chrono::Utc;
use okta_sentinel::settings::{Environment, LaunchedBy, Settings};
use sandbox::okta::{Dpop, Fault};

use super::{CLIENT, P256, P256_JWK, RSA, RSA_JWK, fixture, fixture_with, page, public, shipper};
use crate::support::files::files_below;
use crate::support::fixture::Fixture;
use crate::support::program::{changed, shell};

/// Pieces of the keys, and what every access token and every signed token begins with.
fn secrets() -> Vec<String> {
    let lines = RSA.lines().chain(P256.lines());
    let pem = lines.filter(|line| !line.starts_with('-'));
    let mut secrets: Vec<String> = pem.map(str::to_owned).collect();
    for jwk in [RSA_JWK, P256_JWK] {
        let all: serde_json::Value = serde_json::from_str(jwk).unwrap();
        let known = public(jwk);
        let members = all.as_object().unwrap().iter();
        let private = members.filter(|(name, _)| known.get(name.as_str()).is_none());
        secrets.extend(private.map(|(_, value)| value.as_str().unwrap().to_owned()));
    }
    secrets.extend(["accessTokenOfTheSandbox", "eyJ"].map(str::to_owned));
    secrets
}

#[track_caller]
fn assert_clean(place: &str, text: &str) {
    for secret in secrets() {
        let piece = secret.get(..16).unwrap_or(&secret);
        assert!(!text.contains(piece), "{place} shows {piece}: {text}");
    }
}

fn assert_folder_is_clean(folder: &Path) {
    for (path, bytes) in files_below(folder) {
        assert_clean(path.to_str().unwrap(), &String::from_utf8_lossy(&bytes));
    }
}

async fn assert_commands_are_clean(fixture: &Fixture, key: &str) {
    let app = [
        ("OKTA_API_TOKEN", ""),
        ("OKTA_CLIENT_ID", CLIENT),
        ("OKTA_PRIVATE_KEY", key),
        ("RUN_BUDGET_SECONDS", "10"),
    ];
    for command in [&["check"][..], &["ship", "--json"]] {
        let output = shell(fixture, command, &app).await;
        assert!(!output.stdout.is_empty() || !output.stderr.is_empty());
        assert_clean("stdout", &output.stdout);
        assert_clean("stderr", &output.stderr);
    }
    assert_folder_is_clean(fixture.state.path());
    for request in fixture.org.requests() {
        assert_clean("a request's target", &request.target);
    }
}

#[tokio::test]
async fn not_in_what_the_program_says_or_keeps() {
    for key in [RSA, RSA_JWK] {
        let fixture = fixture_with(20, RSA_JWK).await;
        assert_commands_are_clean(&fixture, key).await;
        fixture
            .org
            .change_service_app(|app| app.dpop = Dpop::RequiredWithNonce);
        assert_commands_are_clean(&fixture, key).await;
        fixture.org.change_service_app(|app| app.reads_log = false);
        assert_commands_are_clean(&fixture, key).await;
        fixture.org.change_service_app(|app| app.keys.clear());
        assert_commands_are_clean(&fixture, key).await;
    }
    let fixture = fixture(1).await;
    fixture
        .org
        .token_faults()
        .always(Fault::status(400, "invalid_scope"));
    assert_commands_are_clean(&fixture, P256).await;
    let (half, _) = P256.split_at(P256.len() / 2);
    assert_commands_are_clean(&fixture, half).await;
}

#[tokio::test]
async fn not_in_printed_parts() {
    let fixture = fixture(1).await;
    let app = [("OKTA_CLIENT_ID", CLIENT), ("OKTA_PRIVATE_KEY", P256_JWK)];
    let environment = Environment::from_pairs(changed(fixture.settings(), &app));
    let settings = Settings::read(&environment, LaunchedBy::Shell, Utc::now()).unwrap();
    assert_clean("the settings", &format!("{settings:#?}"));
    fixture
        .org
        .change_service_app(|app| app.dpop = Dpop::Required);
    let shipper = shipper(&fixture, P256_JWK);
    page(&shipper).await.unwrap();
    assert_clean("the client", &format!("{:#?}", shipper.okta));
    let url = fixture.org.url().parse().unwrap();
    let http = okta_sentinel::net::http::http_client(shipper.okta.domain().base()).unwrap();
    let authorization = shipper
        .okta
        .credential()
        .authorize(&http, shipper.okta.domain(), &reqwest::Method::GET, &url)
        .await
        .unwrap();
    assert_clean("the headers", &format!("{authorization:#?}"));
    assert_clean(
        "the request",
        &format!("{:#?}", authorization.put_on(http.get(url))),
    );
}
