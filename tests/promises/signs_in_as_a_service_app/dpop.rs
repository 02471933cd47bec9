//! Where the org demands DPoP, each request carries a proof by a key that the token is bound to.

use sandbox::okta::{Dpop, Fault};

use crate::support::fixture::run;
use crate::support::log_capture::LogCapture;

use super::{P256, caught_up, fixture, page, shipper, shipper_by_clocks, sign_ins};

#[tokio::test]
async fn proofs_are_made_as_soon_as_okta_asks_for_them() {
    let table: [(Dpop, &[u16]); 4] = [
        (Dpop::Optional, &[200]),
        (Dpop::Required, &[400, 200]),
        (Dpop::RequiredWithNonce, &[400, 400, 200]),
        // The API's first answer asks for a nonce of its own, by a 401.
        (Dpop::RequiredWithNonceEverywhere, &[400, 400, 200, 200]),
    ];
    for (dpop, expected) in table {
        let fixture = fixture(450).await;
        fixture.org.change_service_app(|app| app.dpop = dpop);
        let shipper = shipper(&fixture, P256);
        caught_up(&fixture, &shipper).await;
        fixture.org.append(150);
        caught_up(&fixture, &shipper).await;
        assert_eq!(sign_ins(&fixture), expected, "{dpop:?}");
        let last = fixture.org.token_requests().pop().unwrap();
        assert_eq!(last.proof, dpop != Dpop::Optional, "{dpop:?}");
    }
}

#[tokio::test]
async fn an_org_that_begins_to_demand_proofs_gets_them_at_the_next_sign_in() {
    let fixture = fixture(10).await;
    let shipper = shipper(&fixture, P256);
    caught_up(&fixture, &shipper).await;
    fixture
        .org
        .change_service_app(|app| app.dpop = Dpop::RequiredWithNonce);
    fixture.org.revoke_tokens();
    fixture.org.append(10);
    caught_up(&fixture, &shipper).await;
    assert_eq!(sign_ins(&fixture), [200, 400, 400, 200]);
}

#[tokio::test]
async fn a_new_nonce_is_taken_up_and_an_old_one_never_used_again() {
    let fixture = fixture(10).await;
    fixture
        .org
        .change_service_app(|app| app.dpop = Dpop::RequiredWithNonceEverywhere);
    let (shipper, clocks) = shipper_by_clocks(&fixture);
    caught_up(&fixture, &shipper).await;
    let before = sign_ins(&fixture).len();
    fixture.org.roll_dpop_nonce();
    clocks.put_forward(&fixture, 3_000);
    fixture.org.append(10);
    caught_up(&fixture, &shipper).await;
    // Renewal with the old nonce, with the new one; the API asks for its new one.
    assert_eq!(sign_ins(&fixture)[before..], [400, 200, 200]);
    fixture.org.append(10);
    caught_up(&fixture, &shipper).await;
    assert_eq!(sign_ins(&fixture).len(), before + 3);
}

#[tokio::test]
async fn a_nonce_may_be_asked_for_before_any_proof_was_seen() {
    let fixture = fixture(10).await;
    fixture
        .org
        .change_service_app(|app| app.dpop = Dpop::RequiredWithNonce);
    fixture.org.token_faults().push(Fault::Status {
        status: 400,
        code: "use_dpop_nonce",
        headers: vec![("dpop-nonce", "sandbox-nonce-1".to_owned())],
    });
    caught_up(&fixture, &shipper(&fixture, P256)).await;
    assert_eq!(sign_ins(&fixture), [400, 200]);
}

#[tokio::test]
async fn an_endpoint_that_takes_no_proof_is_not_asked_for_ever() {
    let fixture = fixture(10).await;
    let nonce = |nonce: &str| Fault::Status {
        status: 400,
        code: "use_dpop_nonce",
        headers: vec![("dpop-nonce", nonce.to_owned())],
    };
    for (fault, tries) in [
        (Fault::status(400, "invalid_dpop_proof"), 2),
        (Fault::status(400, "use_dpop_nonce"), 2),
        (nonce("again"), 4),
        (nonce(""), 2),
    ] {
        fixture.org.token_faults().always(fault);
        let before = sign_ins(&fixture).len();
        let said = page(&shipper(&fixture, P256))
            .await
            .unwrap_err()
            .to_string();
        assert!(said.contains("DPoP proof"), "{said}");
        assert_eq!(sign_ins(&fixture).len() - before, tries);
    }
}

#[tokio::test]
async fn a_proof_that_the_log_refuses_never_counts_as_a_lost_cursor() {
    let fixture = fixture(10).await;
    fixture
        .org
        .change_service_app(|app| app.dpop = Dpop::Required);
    let shipper = shipper(&fixture, P256);
    caught_up(&fixture, &shipper).await;
    let cursor = fixture.cursor();
    fixture.org.append(3);
    let refused = Fault::status(400, "invalid_dpop_proof");
    fixture.org.faults().push_n(2, refused.clone());
    let captured = LogCapture::start();
    let said = run(&shipper).await.to_string();
    for word in ["an access token", "400 invalid_dpop_proof"] {
        assert!(said.contains(word), "{said}");
    }
    assert_eq!(fixture.cursor(), cursor);
    fixture.org.faults().push(refused);
    caught_up(&fixture, &shipper).await;
    assert_eq!(captured.lines_with("cursor_lost"), Vec::<String>::new());
}
