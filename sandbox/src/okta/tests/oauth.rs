//! The authorization server takes nothing that Okta would not take.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

use super::*;

const P256: &str = include_str!("../../../../tests/fixtures/keys/p256-pkcs8.pem");
const P256_JWK: &str = include_str!("../../../../tests/fixtures/keys/p256.jwk.json");
const CLIENT: &str = "0oaSandboxServiceApp";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn key() -> EncodingKey {
    let base64: String = P256.lines().filter(|line| !line.starts_with('-')).collect();
    EncodingKey::from_ec_der(&STANDARD.decode(base64).unwrap())
}

fn signed(header: &Header, claims: &Value) -> String {
    encode(header, claims, &key()).unwrap()
}

async fn org_with_app() -> OktaOrg {
    let jwk = serde_json::from_str(P256_JWK).unwrap();
    org(OrgConfig {
        events: 5,
        service_app: Some(ServiceApp::with_key(jwk)),
        ..OrgConfig::default()
    })
    .await
}

/// Claims that are good for one request, with some changed.
fn claims(org: &OktaOrg, id: &str, changes: &Value) -> Value {
    let now = Utc::now().timestamp();
    let mut claims = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": format!("{}/oauth2/v1/token", org.url()),
        "iat": now, "exp": now + 300, "jti": id,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// A proof for a request, by the key of the assertions.
fn proof(method: &str, url: &str, id: &str, changes: &Value) -> String {
    let mut header = Header::new(Algorithm::ES256);
    header.typ = Some("dpop+jwt".to_owned());
    let jwk: Jwk = serde_json::from_str(P256_JWK).unwrap();
    header.jwk = Some(jwk);
    let mut claims = json!({
        "htm": method, "htu": url, "iat": Utc::now().timestamp(), "jti": id,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    signed(&header, &claims)
}

async fn ask(org: &OktaOrg, fields: &[(&str, &str)], proof: Option<&str>) -> Reply {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let mut request = client()
        .post(format!("{}/oauth2/v1/token", org.url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    reply(request).await
}

async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

async fn ask_with(org: &OktaOrg, assertion: &str, proof: Option<&str>) -> Reply {
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", "okta.logs.read"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    ask(org, &fields, proof).await
}

fn error(reply: &Reply) -> (u16, String) {
    let error = reply.json()["error"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (reply.status, error)
}

async fn log(org: &OktaOrg, authorization: &str, proof: Option<&str>) -> Reply {
    let mut request = client()
        .get(format!("{}/api/v1/logs?limit=1", org.url()))
        .header("authorization", authorization);
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    reply(request).await
}

fn es256() -> Header {
    Header::new(Algorithm::ES256)
}

#[tokio::test]
async fn a_good_assertion_is_good_once() {
    let org = org_with_app().await;
    let assertion = signed(&es256(), &claims(&org, "1", &json!({})));
    let first = ask_with(&org, &assertion, None).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.json()["token_type"], "Bearer");
    assert_eq!(first.json()["expires_in"], 3600);
    let again = ask_with(&org, &assertion, None).await;
    assert_eq!(error(&again), (401, "invalid_client".to_owned()));
    let bearer = format!("Bearer {}", first.json()["access_token"].as_str().unwrap());
    assert_eq!(log(&org, &bearer, None).await.status, 200);
    org.put_clock_forward(TimeDelta::seconds(3_601));
    assert_eq!(log(&org, &bearer, None).await.status, 401);
}

#[tokio::test]
async fn a_wrong_claim_is_refused() {
    let org = org_with_app().await;
    let now = Utc::now().timestamp();
    let wrong = [
        json!({ "iss": "0oaOther" }),
        json!({ "sub": "0oaOther" }),
        json!({ "aud": org.url() }),
        json!({ "exp": now - 1 }),
        json!({ "exp": now + 4_000 }),
        json!({ "iat": now + 60 }),
        json!({ "iat": null }),
    ];
    for (number, changes) in wrong.into_iter().enumerate() {
        let assertion = signed(&es256(), &claims(&org, &number.to_string(), &changes));
        let reply = ask_with(&org, &assertion, None).await;
        assert_eq!(
            error(&reply),
            (401, "invalid_client".to_owned()),
            "{changes}"
        );
    }
    let mut header = es256();
    header.kid = Some("unknown".to_owned());
    let assertion = signed(&header, &claims(&org, "kid", &json!({})));
    let reply = ask_with(&org, &assertion, None).await;
    assert_eq!(error(&reply), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn a_signature_is_checked_to_its_last_letters() {
    let org = org_with_app().await;
    let assertion = signed(&es256(), &claims(&org, "1", &json!({})));
    let (message, signature) = assertion.rsplit_once('.').unwrap();
    let forged: String = signature.chars().rev().collect();
    for forged in [format!("{message}.{forged}"), format!("{message}.")] {
        let reply = ask_with(&org, &forged, None).await;
        assert_eq!(error(&reply), (401, "invalid_client".to_owned()));
    }
}

#[tokio::test]
async fn a_wrong_form_is_refused() {
    let org = org_with_app().await;
    let good = |id: &str| {
        let assertion = signed(&es256(), &claims(&org, id, &json!({})));
        [
            ("grant_type", "client_credentials".to_owned()),
            ("scope", "okta.logs.read".to_owned()),
            ("client_assertion_type", ASSERTION_TYPE.to_owned()),
            ("client_assertion", assertion),
        ]
    };
    let table = [
        (0, "authorization_code", 400, "unsupported_grant_type"),
        (1, "", 400, "invalid_scope"),
        (1, "okta.logs.read okta.users.manage", 400, "invalid_scope"),
        (2, "jwt", 401, "invalid_client"),
        (3, "", 401, "invalid_client"),
    ];
    for (field, value, status, expected) in table {
        let mut fields = good(&format!("{field}{value}"));
        fields[field].1 = value.to_owned();
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        let reply = ask(&org, &fields, None).await;
        assert_eq!(error(&reply), (status, expected.to_owned()), "{value}");
    }
    let fields = good("twice");
    let mut fields: Vec<_> = fields
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    fields.push(fields[1]);
    assert_eq!(ask(&org, &fields, None).await.status, 400);
    let json = client()
        .post(format!("{}/oauth2/v1/token", org.url()))
        .header("content-type", "application/json")
        .body("{}");
    assert_eq!(reply(json).await.status, 400);
}

#[tokio::test]
async fn a_bound_token_needs_a_new_proof_of_its_own_with_each_request() {
    let org = org_with_app().await;
    org.change_service_app(|app| app.dpop = Dpop::Required);
    let url = format!("{}/oauth2/v1/token", org.url());
    let assertion = |id: &str| signed(&es256(), &claims(&org, id, &json!({})));
    let reply = ask_with(&org, &assertion("1"), None).await;
    assert_eq!(error(&reply), (400, "invalid_dpop_proof".to_owned()));
    let sent = proof("POST", &url, "p1", &json!({}));
    let granted = ask_with(&org, &assertion("2"), Some(&sent)).await;
    assert_eq!(granted.json()["token_type"], "DPoP", "{}", granted.text);
    let replayed = ask_with(&org, &assertion("3"), Some(&sent)).await;
    assert_eq!(error(&replayed), (400, "invalid_dpop_proof".to_owned()));

    let token = granted.json()["access_token"].as_str().unwrap().to_owned();
    let bound = format!("DPoP {token}");
    let hash = sha2::Digest::finalize(sha2::Digest::chain_update(
        <sha2::Sha256 as sha2::Digest>::new(),
        &token,
    ));
    let ath = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash);
    let there = format!("{}/api/v1/logs", org.url());
    let now = Utc::now().timestamp();
    let good = json!({ "ath": ath });
    let wrong = [
        json!({}),
        json!({ "ath": "other" }),
        json!({ "ath": ath, "htm": "POST" }),
        json!({ "ath": ath, "htu": format!("{there}?limit=1") }),
        json!({ "ath": ath, "iat": now - 120 }),
        json!({ "ath": ath, "iat": now + 60 }),
    ];
    for (number, changes) in wrong.iter().enumerate() {
        let proof = proof("GET", &there, &format!("w{number}"), changes);
        let reply = log(&org, &bound, Some(&proof)).await;
        assert_eq!(
            error(&reply),
            (400, "invalid_dpop_proof".to_owned()),
            "{changes}"
        );
        assert!(reply.header("www-authenticate").starts_with("DPoP "));
    }
    let once = proof("GET", &there, "g", &good);
    assert_eq!(
        log(&org, &format!("Bearer {token}"), Some(&once))
            .await
            .status,
        401
    );
    assert_eq!(log(&org, &bound, None).await.status, 400);
    assert_eq!(log(&org, &bound, Some(&once)).await.status, 200);
    assert_eq!(log(&org, &bound, Some(&once)).await.status, 400);
    org.revoke_tokens();
    let fresh = proof("GET", &there, "f", &good);
    assert_eq!(log(&org, &bound, Some(&fresh)).await.status, 401);
}

#[tokio::test]
async fn a_nonce_is_good_until_it_is_rolled() {
    let org = org_with_app().await;
    org.change_service_app(|app| app.dpop = Dpop::RequiredWithNonce);
    let url = format!("{}/oauth2/v1/token", org.url());
    let mut nonce = String::from("none");
    for (turn, statuses) in [(0, [400, 200]), (1, [400, 200])] {
        for (step, status) in statuses.into_iter().enumerate() {
            let id = format!("{turn}{step}");
            let assertion = signed(&es256(), &claims(&org, &id, &json!({})));
            let proof = proof("POST", &url, &format!("p{id}"), &json!({ "nonce": nonce }));
            let reply = ask_with(&org, &assertion, Some(&proof)).await;
            assert_eq!(reply.status, status, "{}", reply.text);
            if status == 400 {
                assert_eq!(error(&reply).1, "use_dpop_nonce");
                nonce = reply.header("dpop-nonce").to_owned();
            }
        }
        org.roll_dpop_nonce();
    }
}

#[tokio::test]
async fn without_a_role_the_log_is_closed() {
    let org = org_with_app().await;
    let assertion = signed(&es256(), &claims(&org, "1", &json!({})));
    let granted = ask_with(&org, &assertion, None).await;
    let bearer = format!(
        "Bearer {}",
        granted.json()["access_token"].as_str().unwrap()
    );
    org.change_service_app(|app| app.reads_log = false);
    let reply = log(&org, &bearer, None).await;
    assert_eq!((reply.status, reply.code()), (403, "E0000006".to_owned()));
}
