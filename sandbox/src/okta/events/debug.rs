//! `debugContext.debugData`: a free map whose keys Okta promises nothing about.

use chrono::TimeDelta;

use super::context::EventContext;
use super::event_types::Family;
use super::flows::Route;
use super::json::Json;
use super::org_objects;
use super::rng::Rng;

const SCOPES: [&str; 3] = [
    "openid, profile, email, offline_access",
    "openid, profile, email, okta.users.read.self, okta.enduser.dashboard.read",
    "okta.logs.read, okta.users.read",
];

/// `"debugContext":{…},`
pub(super) fn debug_context(context: &EventContext, rng: &mut Rng, json: &mut Json<'_>) {
    json.raw("\"debugContext\":{\"debugData\":{\"requestId\":\"");
    context.request_id(context.request, json);
    json.raw("\"");
    match context.kind.family {
        Family::SignIn | Family::Factor => sign_in(context, json),
        Family::AppAccess => app_access(context, rng, json),
        Family::Token => token(context, json),
        Family::Threat => threat(context, json),
        Family::System => system(context, rng, json),
        Family::Lifecycle | Family::Profile | Family::Group | Family::Admin | Family::Policy => {
            administration(context, json);
        }
    }
    unfamiliar(context, json);
    json.raw("}},");
}

fn request(context: &EventContext, json: &mut Json<'_>) {
    json.raw(",\"dtHash\":\"")
        .hex(&mut Rng::new(context.session.browser, 1), 64)
        .raw("\",\"requestUri\":\"");
    path(context, json);
    json.raw("\",\"url\":\"");
    path(context, json);
    json.raw("?");
    query(context, json);
    json.raw("\",\"authnRequestId\":\"");
    context.request_id(context.first_request, json);
    json.raw("\",\"threatSuspected\":\"")
        .raw(if context.session.suspected {
            "true"
        } else {
            "false"
        });
    json.raw("\"");
}

fn path(context: &EventContext, json: &mut Json<'_>) {
    match context.route {
        Route::Identify => json.raw("/idp/idx/identify"),
        Route::Answer => json.raw("/idp/idx/challenge/answer"),
        Route::Poll => json.raw("/idp/idx/authenticators/poll"),
        Route::Verify => {
            json.raw("/idp/authenticators/");
            org_objects::id("aut", 0, json);
            json.raw("/transactions/ft")
                .base62(&mut Rng::new(context.request, 4), 32)
                .raw("/verify")
        }
        Route::Redirect => json.raw("/login/token/redirect"),
        Route::App => {
            context.session.app.address(json);
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
fn query(context: &EventContext, json: &mut Json<'_>) {
    match context.route {
        Route::Redirect => {
            json.raw("stateToken=02.id.")
                .base62(&mut Rng::new(context.request, 5), 40);
        }
        Route::Authorize => {
            json.raw("client_id=");
            context.session.app.id(json);
            json.raw("&scope=openid%20profile%20email&response_type=code&redirect_uri=https%3A%2F");
            json.raw("%2Fportal.northwind-trading.example%2Fcallback&state=");
            state(context, json);
            json.raw("&code_challenge_method=S256&code_challenge=")
                .base62(&mut Rng::new(context.request, 6), 43);
        }
        _ => {}
    }
}

/// What an app sends along with a sign-in to know it again.
fn state(context: &EventContext, json: &mut Json<'_>) {
    json.base62(&mut Rng::new(context.request, 7), 43);
}

fn sign_in(context: &EventContext, json: &mut Json<'_>) {
    request(context, json);
    json.raw(",\"deviceFingerprint\":\"")
        .hex(&mut Rng::new(context.session.browser, 2), 32)
        .raw("\"");
    if context.kind.family == Family::Factor {
        json.raw(",\"factor\":\"").raw(context.session.factor);
        json.raw("\",\"factorIntent\":\"AUTHENTICATION\",\"pushOnlyResponseType\":\"");
        json.raw(if context.session.suspected {
            "OV_RESPONSE_DENY"
        } else {
            "OV_RESPONSE_ALLOW"
        })
        .raw("\"");
    } else {
        if context.session.assessed {
            context.session.assessment.as_maps(json);
        }
        if context.session.log_only {
            context.session.assessment.as_json_text(json);
        }
    }
    if matches!(context.route, Route::Identify | Route::Answer | Route::Poll) {
        widget(context, json);
    }
}

/// What the sign-in page adds.
fn widget(context: &EventContext, json: &mut Json<'_>) {
    json.raw(",\"oktaUserAgentExtended\":\"okta-auth-js/7.14.0 okta-signin-widget-7.36.1\"");
    let trace = &mut Rng::new(context.request, 8);
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
fn app_access(context: &EventContext, rng: &mut Rng, json: &mut Json<'_>) {
    let (app, now) = (context.session.app, context.published);
    request(context, json);
    if context.session.assessed {
        context.session.assessment.as_maps(json);
    }
    json.raw(",\"audience\":\"");
    app.audience(json);
    json.raw("\",\"issuer\":\"");
    app.issuer(json);
    json.raw("\",\"subject\":");
    context.session.person.login(json);
    json.raw(",\"signOnMode\":\"").raw(app.sign_on_mode());
    json.raw("\",\"initiationType\":\"IDP_INITIATED\",");
    json.raw("\"authenticationClassRef\":\"urn:oasis:names:tc:SAML:2.0:ac:classes:");
    json.raw("PasswordProtectedTransport\",\"jti\":\"id")
        .padded(rng.next_u64(), 20)
        .padded(rng.next_u64(), 6);
    json.raw("\",\"issuedAt\":");
    json.time(now);
    json.raw(",\"expiryTime\":");
    let expiry = now.checked_add_signed(TimeDelta::minutes(5)).unwrap_or(now);
    json.time(expiry);
}

fn token(context: &EventContext, json: &mut Json<'_>) {
    request(context, json);
    if context.session.assessed {
        context.session.assessment.as_maps(json);
    }
    let scopes = Rng::new(context.session.id_seed, 9).word(&SCOPES);
    json.raw(",\"grantType\":\"authorization_code\",\"responseMode\":\"query\"");
    json.raw(",\"requestedScopes\":\"")
        .raw(scopes)
        .raw("\",\"grantedScopes\":\"")
        .raw(scopes);
    json.raw("\",\"redirectUri\":\"https://portal.northwind-trading.example/callback\"");
    json.raw(",\"clientAuthType\":\"private_key_jwt\"");
    if context.kind.event_type == "app.oauth2.authorize.code" {
        json.raw(",\"state\":\"");
        state(context, json);
        json.raw("\"");
    }
}

fn threat(context: &EventContext, json: &mut Json<'_>) {
    request(context, json);
    context.session.assessment.as_maps(json);
    json.raw(",\"threatDetections\":\"{\\\"Password Spray\\\":\\\"HIGH\\\",");
    json.raw("\\\"Login failures with high unknown users count\\\":\\\"LOW\\\"}\"");
    json.raw(",\"tunnels\":\"[{\\\"anonymous\\\":true,\\\"operator\\\":\\\"TOR\\\",");
    json.raw("\\\"type\\\":\\\"ANONYMOUS\\\"}]\",\"proxyType\":\"tor\"");
}

fn system(context: &EventContext, rng: &mut Rng, json: &mut Json<'_>) {
    json.raw(",\"jobId\":\"");
    context.request_id(context.request, json);
    json.raw("\",\"importType\":\"INCREMENTAL\"");
    json.raw(",\"importTrigger\":\"SCHEDULED\",\"appname\":\"active_directory\"");
    json.raw(",\"detailedmessage\":\"Users scanned: ")
        .number(rng.below(90_000));
    json.raw("\\nUsers updated: ")
        .number(rng.below(900))
        .raw("\"");
}

fn administration(context: &EventContext, json: &mut Json<'_>) {
    request(context, json);
    if context.kind.family == Family::Admin {
        json.raw(",\"privilegeGranted\":\"Help Desk administrator, Report administrator\"");
    }
    json.raw(",\"initiationType\":\"ADMIN\",\"targetEventHookIds\":\"");
    org_objects::id("who", 0, json);
    json.raw("\",\"attributesModified\":\"{\\\"department\\\":\\\"Vertrieb & Übersee\\\"}\"");
    json.raw(",\"changedAttributes\":\"department, costCenter, manager\"");
}

/// Keys that no schema knows: a release from now there will be others.
fn unfamiliar(context: &EventContext, json: &mut Json<'_>) {
    let rng = &mut Rng::new(context.request, 10);
    if rng.chance(50) {
        json.raw(",\"pipelineStage")
            .number(rng.below(6))
            .raw("\":\"stage-")
            .number(rng.below(1_000));
        json.raw("\"");
    }
    if rng.chance(12) {
        json.raw(",\"riskEngineVerdict\":{\"model\":\"2026.11\",\"scores\":[0.12,0.7,");
        json.number(rng.below(9)).raw("],\"final\":null}");
    }
}
