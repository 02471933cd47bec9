//! `debugContext.debugData`: a free map whose keys Okta promises nothing about.

use super::dice::Dice;
use super::json::Json;
use super::kinds::{Family, Kind};
use super::security::Assessment;

const FACTORS: [&str; 4] = [
    "OKTA_VERIFY_PUSH",
    "SIGNED_NONCE",
    "FIDO_WEBAUTHN",
    "SMS_FACTOR",
];
const SCOPES: [&str; 3] = [
    "openid, profile, email, offline_access",
    "openid, profile, email, okta.users.read.self, okta.enduser.dashboard.read",
    "okta.logs.read, okta.users.read",
];

/// `"debugContext":{…},`
pub(super) fn debug_context(
    kind: &Kind,
    assessment: &Assessment,
    dice: &mut Dice,
    json: &mut Json<'_>,
) {
    json.raw("\"debugContext\":{\"debugData\":{\"requestId\":\"")
        .base62(dice, 27)
        .raw("\"");
    match kind.family {
        Family::SignIn | Family::Factor | Family::AppAccess => {
            sign_in(kind, assessment, dice, json);
        }
        Family::Token => token(assessment, dice, json),
        Family::Threat => threat(assessment, dice, json),
        Family::System => system(dice, json),
        Family::Lifecycle | Family::Profile | Family::Group | Family::Admin | Family::Policy => {
            administration(kind, dice, json);
        }
    }
    unfamiliar(dice, json);
    json.raw("}},");
}

fn request(uri: &str, dice: &mut Dice, json: &mut Json<'_>) {
    json.raw(",\"dtHash\":\"")
        .hex(dice, 64)
        .raw("\",\"requestUri\":\"")
        .raw(uri);
    json.raw("\",\"url\":\"")
        .raw(uri)
        .raw("?fromURI=%2Fapp%2F")
        .base62(dice, 20);
    json.raw("&stateToken=02.id.").base62(dice, 40);
    json.raw("\",\"authnRequestId\":\"").base62(dice, 27);
    json.raw("\",\"threatSuspected\":\"")
        .raw(if dice.chance(3) { "true" } else { "false" });
    json.raw("\"");
}

fn sign_in(kind: &Kind, assessment: &Assessment, dice: &mut Dice, json: &mut Json<'_>) {
    request("/idp/idx/authenticators/poll", dice, json);
    json.raw(",\"deviceFingerprint\":\"")
        .hex(dice, 32)
        .raw("\"");
    if dice.chance(50) {
        assessment.as_maps(json);
    }
    if dice.chance(30) {
        assessment.as_json_text(json);
    }
    if kind.family == Family::Factor {
        json.raw(",\"factor\":\"").raw(dice.word(&FACTORS));
        json.raw("\",\"factorIntent\":\"AUTHENTICATION\",\"pushOnlyResponseType\":\"");
        json.raw(if dice.chance(4) {
            "OV_RESPONSE_DENY"
        } else {
            "OV_RESPONSE_ALLOW"
        })
        .raw("\"");
    }
    json.raw(",\"oktaUserAgentExtended\":\"okta-auth-js/7.14.0 okta-signin-widget-7.36.1\"");
    json.raw(",\"traceId\":\"")
        .hex(dice, 8)
        .raw("-")
        .hex(dice, 4)
        .raw("-4")
        .hex(dice, 3);
    json.raw("-9").hex(dice, 3).raw("-").hex(dice, 12).raw("\"");
}

fn token(assessment: &Assessment, dice: &mut Dice, json: &mut Json<'_>) {
    request("/oauth2/v1/token", dice, json);
    assessment.as_maps(json);
    let scopes = dice.word(&SCOPES);
    json.raw(",\"grantType\":\"authorization_code\",\"responseMode\":\"query\"");
    json.raw(",\"requestedScopes\":\"")
        .raw(scopes)
        .raw("\",\"grantedScopes\":\"")
        .raw(scopes);
    json.raw("\",\"redirectUri\":\"https://portal.northwind-trading.example/callback\"");
    json.raw(",\"clientAuthType\":\"private_key_jwt\",\"state\":\"")
        .base62(dice, 43)
        .raw("\"");
}

fn threat(assessment: &Assessment, dice: &mut Dice, json: &mut Json<'_>) {
    request("/api/v1/authn", dice, json);
    assessment.as_maps(json);
    json.raw(",\"threatDetections\":\"{\\\"Password Spray\\\":\\\"HIGH\\\",");
    json.raw("\\\"Login failures with high unknown users count\\\":\\\"LOW\\\"}\"");
    json.raw(",\"tunnels\":\"[{\\\"anonymous\\\":true,\\\"operator\\\":\\\"TOR\\\",");
    json.raw("\\\"type\\\":\\\"ANONYMOUS\\\"}]\",\"proxyType\":\"tor\"");
}

fn system(dice: &mut Dice, json: &mut Json<'_>) {
    json.raw(",\"jobId\":\"imp")
        .base62(dice, 17)
        .raw("\",\"importType\":\"INCREMENTAL\"");
    json.raw(",\"importTrigger\":\"SCHEDULED\",\"appname\":\"active_directory\"");
    json.raw(",\"detailedmessage\":\"Users scanned: ")
        .number(dice.below(90_000));
    json.raw("\\nUsers updated: ")
        .number(dice.below(900))
        .raw("\"");
}

fn administration(kind: &Kind, dice: &mut Dice, json: &mut Json<'_>) {
    request("/api/v1/internal/administration", dice, json);
    if kind.family == Family::Admin {
        json.raw(",\"privilegeGranted\":\"Help Desk administrator, Report administrator\"");
    }
    json.raw(",\"initiationType\":\"ADMIN\",\"targetEventHookIds\":\"who")
        .base62(dice, 17);
    json.raw("\",\"attributesModified\":\"{\\\"department\\\":\\\"Vertrieb & Übersee\\\"}\"");
    json.raw(",\"changedAttributes\":\"department, costCenter, manager\"");
}

/// Keys that no schema knows: a release from now there will be others.
fn unfamiliar(dice: &mut Dice, json: &mut Json<'_>) {
    if dice.chance(50) {
        json.raw(",\"pipelineStage")
            .number(dice.below(6))
            .raw("\":\"stage-")
            .base62(dice, 12);
        json.raw("\"");
    }
    if dice.chance(12) {
        json.raw(",\"riskEngineVerdict\":{\"model\":\"2026.11\",\"scores\":[0.12,0.7,");
        json.number(dice.below(9)).raw("],\"final\":null}");
    }
}
