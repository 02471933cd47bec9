//! Each way in which Okta refuses a service app says what to do, and who can do it.

use chrono::TimeDelta;
use okta_sentinel::ship::Ended;
use sandbox::okta::{Fault, OktaOrg, ServiceApp};

use super::{CLIENT, P256, P256_JWK, fixture, page, shipper, sign_ins};
use crate::support::fixture::run;
use crate::support::program::{UnusedPort, shell};

type Change = fn(&mut ServiceApp);

#[rustfmt::skip]
#[tokio::test]
async fn an_app_that_is_set_up_wrongly_is_told_what_to_set_up() {
    let stranger = include_str!("../../fixtures/keys/stranger-rsa.pem");
    let table: [(&str, Change, &[&str]); 6] = [
        (stranger, |_| (), &["401 invalid_client", "signature is invalid", "OKTA_PRIVATE_KEY", "active"]),
        (P256_JWK, |app| app.keys[0]["kid"] = "other".into(), &["401 invalid_client", "kid is unknown", "OKTA_KEY_ID"]),
        (P256, |app| app.client_id = "0oaOther".into(), &["401 invalid_client", "OKTA_CLIENT_ID"]),
        (P256, |app| app.scopes.clear(), &["400 invalid_scope", "scope okta.logs.read", "Super Admin", "Okta API Scopes"]),
        (P256, |app| app.reads_log = false, &["403 E0000006", "scope okta.logs.read", "Super Admin", "Report Administrator", "Admin roles"]),
        (P256, |app| app.token_life = TimeDelta::zero(), &["401 E0000011", "access token", "clock"]),
    ];
    for (key, change, words) in table {
        let fixture = fixture(1).await;
        fixture.org.change_service_app(change);
        let report = run(&shipper(&fixture, key)).await;
        let said = report.to_string();
        assert!(!report.succeeded(), "{said}");
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!said.contains("OKTA_API_TOKEN"), "{said}");
    }
}

#[rustfmt::skip]
#[tokio::test]
async fn what_the_token_endpoint_answers_has_its_words() {
    let status = Fault::status;
    let table: [(Fault, &[&str]); 9] = [
        (status(403, "access_denied"), &["403 access_denied", "network zone", "outbound addresses"]),
        (status(400, "unauthorized_client"), &["API Services app", "OKTA_CLIENT_ID"]),
        (status(400, "unsupported_grant_type"), &["API Services app"]),
        (status(404, "E0000007"), &["404 E0000007", "token endpoint", "OKTA_DOMAIN"]),
        (status(400, "invalid_request"), &["400 invalid_request", "token endpoint"]),
        (status(429, "E0000047"), &["the token endpoint of 127.0.0.1", "rate limit is spent", "429 E0000047"]),
        (status(500, "E0000009"), &["the token endpoint of 127.0.0.1", "in trouble", "status.okta.com"]),
        (Fault::Html(502), &["502 with a web page", "status.okta.com"]),
        (Fault::Redirect("http://127.0.0.1:1/login?secret=1".into()), &["redirects to http://127.0.0.1:1/login;", "set OKTA_DOMAIN"]),
    ];
    for (fault, words) in table {
        let fixture = fixture(1).await;
        fixture.org.token_faults().always(fault);
        let said = page(&shipper(&fixture, P256)).await.unwrap_err().to_string();
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert_eq!(sign_ins(&fixture).len(), 1, "{said}");
    }
}

#[tokio::test]
async fn a_token_endpoint_whose_rate_is_spent_ends_the_run_well() {
    let fixture = fixture(1).await;
    let wait = Fault::RetryAfter(3_000);
    fixture.org.token_faults().always(wait);
    let report = run(&shipper(&fixture, P256)).await;
    assert!(matches!(report.ended, Ended::RateSpent { .. }), "{report}");
    assert!(report.succeeded(), "{report}");
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_named_beside_the_refusal() {
    for (ahead, words) in [(7_200, "s behind Okta's"), (-7_200, "s ahead of Okta's")] {
        let fixture = fixture(1).await;
        fixture.org.put_clock_forward(TimeDelta::seconds(ahead));
        let said = page(&shipper(&fixture, P256))
            .await
            .unwrap_err()
            .to_string();
        for word in ["invalid_client", words, "set it right"] {
            assert!(said.contains(word), "{word}: {said}");
        }
        let right = super::fixture(1).await;
        right.org.change_service_app(|app| app.keys.clear());
        let said = page(&shipper(&right, P256)).await.unwrap_err().to_string();
        assert!(!said.contains("clock"), "{said}");
    }
}

#[tokio::test]
async fn check_says_who_asks_and_what_is_missing() {
    let fixture = fixture(1).await;
    let app = [
        ("OKTA_API_TOKEN", ""),
        ("OKTA_CLIENT_ID", CLIENT),
        ("OKTA_PRIVATE_KEY", P256_JWK),
    ];
    let output = shell(&fixture, &["check"], &app).await;
    let shown = format!("shows its System Log to the service app {CLIENT} (ES256, key test-p256)");
    assert!(output.stdout.contains(&shown), "{}", output.stdout);
    assert_eq!(output.code, Some(0));

    fixture.org.change_service_app(|app| app.reads_log = false);
    let output = shell(&fixture, &["check"], &app).await;
    assert!(
        output.stdout.contains("Report Administrator"),
        "{}",
        output.stdout
    );
    assert_eq!(output.code, Some(1));

    let output = shell(&fixture, &["check"], &[]).await;
    assert!(
        output.stdout.contains("to the API token"),
        "{}",
        output.stdout
    );
}

#[tokio::test]
async fn both_credentials_set_is_one_warning_and_the_app_wins() {
    let fixture = fixture(1).await;
    let app = [("OKTA_CLIENT_ID", CLIENT), ("OKTA_PRIVATE_KEY", P256)];
    let output = shell(&fixture, &["ship"], &app).await;
    let warning =
        "OKTA_API_TOKEN is not used: the service app signs in, because OKTA_CLIENT_ID is set";
    assert_eq!(
        output.stderr.matches(warning).count(),
        1,
        "{}",
        output.stderr
    );
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(sign_ins(&fixture), [200]);
}

#[tokio::test]
async fn nothing_is_sent_but_to_the_orgs_own_host() {
    let stranger = OktaOrg::start(sandbox::okta::OrgConfig::default())
        .await
        .unwrap();
    for path in ["/oauth2/v1/token", "/api/v1/logs?after=1"] {
        let fixture = fixture(250).await;
        let there = format!("{}{path}", stranger.url());
        fixture
            .org
            .token_faults()
            .push(Fault::Redirect(there.clone()));
        assert!(!run(&shipper(&fixture, P256)).await.succeeded());
        fixture.org.faults().push(Fault::Redirect(there.clone()));
        assert!(!run(&shipper(&fixture, P256)).await.succeeded());
        fixture.org.faults().push(Fault::NextElsewhere(there));
        assert!(!run(&shipper(&fixture, P256)).await.succeeded());
    }
    assert_eq!(stranger.requests(), []);
    let unused = UnusedPort::reserve();
    let fixture = fixture(1).await;
    let lost = fixture.shipper_with(&[
        ("OKTA_DOMAIN", &unused.url),
        ("OKTA_CLIENT_ID", CLIENT),
        ("OKTA_PRIVATE_KEY", P256),
    ]);
    let said = page(&lost).await.unwrap_err().to_string();
    assert!(
        said.contains("the token endpoint of 127.0.0.1 cannot be reached"),
        "{said}"
    );
}
