//! `debugContext.debugData`: a free map whose keys Okta promises nothing about.

use chrono::TimeDelta;

use super::dice::Dice;
use super::estate;
use super::json::Json;
use super::kinds::Family;
use super::scene::Scene;
use super::stories::Route;
use super::write_time;

const SCOPES: [&str; 3] = [
    "openid, profile, email, offline_access",
    "openid, profile, email, okta.users.read.self, okta.enduser.dashboard.read",
    "okta.logs.read, okta.users.read",
];

/// `"debugContext":{…},`
pub(super) fn debug_context(scene: &Scene, dice: &mut Dice, json: &mut Json<'_>) {
    json.raw("\"debugContext\":{\"debugData\":{\"requestId\":\"");
    scene.request_id(scene.request, json);
    json.raw("\"");
    match scene.kind.family {
        Family::SignIn | Family::Factor => sign_in(scene, json),
        Family::AppAccess => app_access(scene, dice, json),
        Family::Token => token(scene, json),
        Family::Threat => threat(scene, json),
        Family::System => system(scene, dice, json),
        Family::Lifecycle | Family::Profile | Family::Group | Family::Admin | Family::Policy => {
            administration(scene, json);
        }
    }
    unfamiliar(scene, json);
    json.raw("}},");
}

fn request(scene: &Scene, json: &mut Json<'_>) {
    json.raw(",\"dtHash\":\"")
        .hex(&mut Dice::new(scene.visit.browser, 1), 64)
        .raw("\",\"requestUri\":\"");
    path(scene, json);
    json.raw("\",\"url\":\"");
    path(scene, json);
    json.raw("?");
    query(scene, json);
    json.raw("\",\"authnRequestId\":\"");
    scene.request_id(scene.first_request, json);
    json.raw("\",\"threatSuspected\":\"")
        .raw(if scene.visit.suspected {
            "true"
        } else {
            "false"
        });
    json.raw("\"");
}

fn path(scene: &Scene, json: &mut Json<'_>) {
    match scene.route {
        Route::Identify => json.raw("/idp/idx/identify"),
        Route::Answer => json.raw("/idp/idx/challenge/answer"),
        Route::Poll => json.raw("/idp/idx/authenticators/poll"),
        Route::Verify => {
            json.raw("/idp/authenticators/");
            estate::id("aut", 0, json);
            json.raw("/transactions/ft")
                .base62(&mut Dice::new(scene.request, 4), 32)
                .raw("/verify")
        }
        Route::Redirect => json.raw("/login/token/redirect"),
        Route::App => {
            scene.visit.app.address(json);
            json
        }
        Route::Authorize => json.raw("/oauth2/v1/authorize"),
        Route::Token => json.raw("/oauth2/v1/token"),
        Route::Authn => json.raw("/api/v1/authn"),
        Route::SignOut => json.raw("/login/signout"),
        Route::Administration => json.raw("/api/v1/internal/administration"),
        Route::Job => json,
    };
}

/// Most requests have none, and Okta then leaves the question mark.
fn query(scene: &Scene, json: &mut Json<'_>) {
    match scene.route {
        Route::Redirect => {
            json.raw("stateToken=02.id.")
                .base62(&mut Dice::new(scene.request, 5), 40);
        }
        Route::Authorize => {
            json.raw("client_id=");
            scene.visit.app.id(json);
            json.raw("&scope=openid%20profile%20email&response_type=code&redirect_uri=https%3A%2F");
            json.raw("%2Fportal.northwind-trading.example%2Fcallback&state=");
            state(scene, json);
            json.raw("&code_challenge_method=S256&code_challenge=")
                .base62(&mut Dice::new(scene.request, 6), 43);
        }
        _ => {}
    }
}

/// What an app sends along with a sign-in to know it again.
fn state(scene: &Scene, json: &mut Json<'_>) {
    json.base62(&mut Dice::new(scene.request, 7), 43);
}

fn sign_in(scene: &Scene, json: &mut Json<'_>) {
    request(scene, json);
    json.raw(",\"deviceFingerprint\":\"")
        .hex(&mut Dice::new(scene.visit.browser, 2), 32)
        .raw("\"");
    if scene.kind.family == Family::Factor {
        json.raw(",\"factor\":\"").raw(scene.visit.factor);
        json.raw("\",\"factorIntent\":\"AUTHENTICATION\",\"pushOnlyResponseType\":\"");
        json.raw(if scene.visit.suspected {
            "OV_RESPONSE_DENY"
        } else {
            "OV_RESPONSE_ALLOW"
        })
        .raw("\"");
    } else {
        if scene.visit.assessed {
            scene.visit.assessment.as_maps(json);
        }
        if scene.visit.log_only {
            scene.visit.assessment.as_json_text(json);
        }
    }
    if matches!(scene.route, Route::Identify | Route::Answer | Route::Poll) {
        widget(scene, json);
    }
}

/// What the sign-in page adds.
fn widget(scene: &Scene, json: &mut Json<'_>) {
    json.raw(",\"oktaUserAgentExtended\":\"okta-auth-js/7.14.0 okta-signin-widget-7.36.1\"");
    let trace = &mut Dice::new(scene.request, 8);
    json.raw(",\"traceId\":\"")
        .hex(trace, 8)
        .raw("-")
        .hex(trace, 4)
        .raw("-4")
        .hex(trace, 3);
    json.raw("-9")
        .hex(trace, 3)
        .raw("-")
        .hex(trace, 12)
        .raw("\"");
}

/// What Okta says of the assertion that it made for an app.
fn app_access(scene: &Scene, dice: &mut Dice, json: &mut Json<'_>) {
    let (app, now) = (scene.visit.app, scene.published);
    request(scene, json);
    if scene.visit.assessed {
        scene.visit.assessment.as_maps(json);
    }
    json.raw(",\"audience\":\"");
    app.audience(json);
    json.raw("\",\"issuer\":\"");
    app.issuer(json);
    json.raw("\",\"subject\":");
    scene.visit.person.login(json);
    json.raw(",\"signOnMode\":\"").raw(app.sign_on_mode());
    json.raw("\",\"initiationType\":\"IDP_INITIATED\",");
    json.raw("\"authenticationClassRef\":\"urn:oasis:names:tc:SAML:2.0:ac:classes:");
    json.raw("PasswordProtectedTransport\",\"jti\":\"id")
        .padded(dice.roll(), 20)
        .padded(dice.roll(), 6);
    json.raw("\",\"issuedAt\":");
    write_time(now, json);
    json.raw(",\"expiryTime\":");
    let expiry = now.checked_add_signed(TimeDelta::minutes(5)).unwrap_or(now);
    write_time(expiry, json);
}

fn token(scene: &Scene, json: &mut Json<'_>) {
    request(scene, json);
    if scene.visit.assessed {
        scene.visit.assessment.as_maps(json);
    }
    let scopes = Dice::new(scene.visit.session, 9).word(&SCOPES);
    json.raw(",\"grantType\":\"authorization_code\",\"responseMode\":\"query\"");
    json.raw(",\"requestedScopes\":\"")
        .raw(scopes)
        .raw("\",\"grantedScopes\":\"")
        .raw(scopes);
    json.raw("\",\"redirectUri\":\"https://portal.northwind-trading.example/callback\"");
    json.raw(",\"clientAuthType\":\"private_key_jwt\"");
    if scene.kind.event_type == "app.oauth2.authorize.code" {
        json.raw(",\"state\":\"");
        state(scene, json);
        json.raw("\"");
    }
}

fn threat(scene: &Scene, json: &mut Json<'_>) {
    request(scene, json);
    scene.visit.assessment.as_maps(json);
    json.raw(",\"threatDetections\":\"{\\\"Password Spray\\\":\\\"HIGH\\\",");
    json.raw("\\\"Login failures with high unknown users count\\\":\\\"LOW\\\"}\"");
    json.raw(",\"tunnels\":\"[{\\\"anonymous\\\":true,\\\"operator\\\":\\\"TOR\\\",");
    json.raw("\\\"type\\\":\\\"ANONYMOUS\\\"}]\",\"proxyType\":\"tor\"");
}

fn system(scene: &Scene, dice: &mut Dice, json: &mut Json<'_>) {
    json.raw(",\"jobId\":\"");
    scene.request_id(scene.request, json);
    json.raw("\",\"importType\":\"INCREMENTAL\"");
    json.raw(",\"importTrigger\":\"SCHEDULED\",\"appname\":\"active_directory\"");
    json.raw(",\"detailedmessage\":\"Users scanned: ")
        .number(dice.below(90_000));
    json.raw("\\nUsers updated: ")
        .number(dice.below(900))
        .raw("\"");
}

fn administration(scene: &Scene, json: &mut Json<'_>) {
    request(scene, json);
    if scene.kind.family == Family::Admin {
        json.raw(",\"privilegeGranted\":\"Help Desk administrator, Report administrator\"");
    }
    json.raw(",\"initiationType\":\"ADMIN\",\"targetEventHookIds\":\"");
    estate::id("who", 0, json);
    json.raw("\",\"attributesModified\":\"{\\\"department\\\":\\\"Vertrieb & Übersee\\\"}\"");
    json.raw(",\"changedAttributes\":\"department, costCenter, manager\"");
}

/// Keys that no schema knows: a release from now there will be others.
fn unfamiliar(scene: &Scene, json: &mut Json<'_>) {
    let dice = &mut Dice::new(scene.request, 10);
    if dice.chance(50) {
        json.raw(",\"pipelineStage")
            .number(dice.below(6))
            .raw("\":\"stage-")
            .number(dice.below(1_000));
        json.raw("\"");
    }
    if dice.chance(12) {
        json.raw(",\"riskEngineVerdict\":{\"model\":\"2026.11\",\"scores\":[0.12,0.7,");
        json.number(dice.below(9)).raw("],\"final\":null}");
    }
}
