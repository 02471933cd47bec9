//! The members of an event that tell who did what to whom, from where.

use super::cast::{Agent, Person, Place, app_target};
use super::dice::Dice;
use super::json::Json;
use super::kinds::{Family, Kind};
use super::security::Assessment;

const REASONS: [&str; 4] = [
    "INVALID_CREDENTIALS",
    "VERIFICATION_ERROR",
    "LOCKED_OUT",
    "Sign-on policy evaluation resulted in DENY",
];
const CREDENTIALS: [&str; 4] = ["\"PASSWORD\"", "\"OTP\"", "\"ASSERTION\"", "null"];
const GROUPS: [&str; 4] = [
    "Everyone",
    "Vertrieb (Köln)",
    "Okta Administrators",
    "SG-\"Finance\"",
];

/// What the parts of one event have in common.
pub(super) struct Scene {
    pub(super) kind: &'static Kind,
    pub(super) person: Person,
    pub(super) place: &'static Place,
    /// Seed of the client's address.
    pub(super) address: u64,
    pub(super) agent: &'static Agent,
    pub(super) assessment: Assessment,
}

/// Each method appends one member of the event, with its comma.
impl Scene {
    fn by_okta(&self) -> bool {
        self.kind.family == Family::System
    }

    pub(super) fn actor(&self, dice: &mut Dice, json: &mut Json<'_>) {
        json.raw("\"actor\":{");
        if self.by_okta() {
            json.raw("\"id\":\"spr")
                .base62(dice, 17)
                .raw("\",\"type\":\"SystemPrincipal\",");
            json.raw("\"alternateId\":\"system@okta.com\",\"displayName\":\"Okta System\"");
        } else {
            self.person.members(json);
        }
        json.raw(",\"detailEntry\":null},");
    }

    pub(super) fn client(&self, dice: &mut Dice, json: &mut Json<'_>) {
        if self.by_okta() {
            json.raw("\"client\":{\"userAgent\":null,\"zone\":null,\"device\":null,\"id\":null,");
            json.raw("\"ipAddress\":null,\"geographicalContext\":null},");
            return;
        }
        json.raw("\"client\":{\"userAgent\":{\"rawUserAgent\":")
            .text(self.agent.raw);
        json.raw(",\"os\":")
            .text(self.agent.os)
            .raw(",\"browser\":")
            .text(self.agent.browser);
        json.raw("},\"zone\":").raw(if dice.chance(70) {
            "\"null\""
        } else {
            "\"BlockedIpZone\""
        });
        json.raw(",\"device\":")
            .text(self.agent.device)
            .raw(",\"id\":");
        if self.kind.family == Family::Token {
            json.raw("\"0oa").base62(dice, 17).raw("\"");
        } else {
            json.raw("null");
        }
        json.raw(",\"ipAddress\":");
        self.place.address(&mut Dice::new(self.address, 0), json);
        json.raw(",\"geographicalContext\":");
        self.place.geographical_context(json);
        json.raw("},");
    }

    pub(super) fn device(&self, dice: &mut Dice, json: &mut Json<'_>) {
        if self.by_okta() || !dice.chance(35) {
            json.raw("\"device\":null,");
            return;
        }
        json.raw("\"device\":{\"id\":\"guo")
            .base62(dice, 17)
            .raw("\",\"name\":\"");
        self.person.host_name(json);
        json.raw("\",\"os_platform\":\"OSX\",\"os_version\":\"16.1.0\",\"managed\":");
        json.raw(if dice.chance(80) { "true" } else { "false" });
        json.raw(",\"registered\":true,\"device_integrator\":");
        json.raw(if dice.chance(50) {
            "null"
        } else {
            "{\"name\":\"com.crowdstrike.zta\"}"
        });
        json.raw(",\"disk_encryption_type\":\"ALL_INTERNAL_VOLUMES\",\"screen_lock_type\":");
        json.raw("\"BIOMETRIC\",\"jailbreak\":null,\"secure_hardware_present\":true},");
    }

    pub(super) fn authentication_context(&self, dice: &mut Dice, json: &mut Json<'_>) {
        json.raw("\"authenticationContext\":{\"authenticationProvider\":");
        json.raw(if dice.chance(40) {
            "\"OKTA_AUTHENTICATION_PROVIDER\""
        } else {
            "null"
        });
        json.raw(",\"credentialProvider\":");
        json.raw(if dice.chance(40) {
            "\"OKTA_CREDENTIAL_PROVIDER\""
        } else {
            "null"
        });
        json.raw(",\"credentialType\":")
            .raw(dice.word(&CREDENTIALS));
        json.raw(",\"issuer\":null,\"interface\":null,\"authenticationStep\":0");
        if self.by_okta() {
            json.raw(",\"externalSessionId\":\"trs")
                .base62(dice, 22)
                .raw("\"},");
            return;
        }
        // A session at its root: both ids are the same.
        let root = dice.roll();
        json.raw(",\"rootSessionId\":\"idx")
            .base62(&mut Dice::new(root, 0), 22);
        json.raw("\",\"externalSessionId\":\"idx")
            .base62(&mut Dice::new(root, 0), 22);
        json.raw("\"},");
    }

    pub(super) fn outcome(&self, dice: &mut Dice, json: &mut Json<'_>) {
        let failed = dice.chance(if self.kind.severity == "INFO" { 7 } else { 60 });
        json.raw("\"outcome\":{\"result\":");
        match (self.kind.event_type, failed) {
            ("policy.evaluate_sign_on", true) => json.raw("\"DENY\""),
            ("policy.evaluate_sign_on", false) if dice.chance(30) => json.raw("\"CHALLENGE\""),
            ("policy.evaluate_sign_on", false) => json.raw("\"ALLOW\""),
            (_, true) => json.raw("\"FAILURE\""),
            (_, false) => json.raw("\"SUCCESS\""),
        };
        json.raw(",\"reason\":")
            .text_or_null(failed.then(|| dice.word(&REASONS)))
            .raw("},");
    }

    pub(super) fn transaction(&self, dice: &mut Dice, json: &mut Json<'_>) {
        json.raw("\"transaction\":{\"type\":")
            .raw(if self.by_okta() { "\"JOB\"" } else { "\"WEB\"" });
        json.raw(",\"id\":\"");
        if dice.chance(50) {
            json.hex(dice, 32);
        } else {
            json.base62(dice, 27);
        }
        json.raw("\",\"detail\":{");
        if matches!(self.kind.family, Family::Admin | Family::Group) && dice.chance(50) {
            json.raw("\"requestApiTokenId\":\"00T")
                .base62(dice, 17)
                .raw("\"");
        }
        json.raw("}},");
    }

    pub(super) fn request(&self, dice: &mut Dice, json: &mut Json<'_>) {
        json.raw("\"request\":{\"ipChain\":[");
        if !self.by_okta() {
            self.hop(&mut Dice::new(self.address, 0), json);
            if dice.chance(15) {
                json.raw(",");
                self.hop(dice, json);
            }
        }
        json.raw("]},");
    }

    fn hop(&self, dice: &mut Dice, json: &mut Json<'_>) {
        json.raw("{\"ip\":");
        self.place.address(dice, json);
        json.raw(",\"geographicalContext\":");
        self.place.geographical_context(json);
        json.raw(",\"version\":\"V4\",\"source\":null}");
    }

    /// The last member: no comma.
    pub(super) fn target(&self, dice: &mut Dice, json: &mut Json<'_>) {
        json.raw("\"target\":");
        match self.kind.family {
            Family::System | Family::Threat if dice.chance(50) => {
                json.raw("null");
                return;
            }
            Family::SignIn | Family::AppAccess | Family::Token => {
                json.raw("[");
                app_target(dice, json);
                json.raw(",{\"id\":\"pre")
                    .base62(dice, 17)
                    .raw("\",\"type\":\"AppUser\",");
                json.raw("\"alternateId\":");
                self.person.login(json);
                json.raw(",\"displayName\":");
                self.person.display_name(json);
                json.raw(",\"detailEntry\":null}");
            }
            Family::Policy => {
                json.raw("[{\"id\":\"rul")
                    .base62(dice, 17)
                    .raw("\",\"type\":\"PolicyRule\",");
                json.raw("\"alternateId\":\"00p").base62(dice, 17);
                json.raw("\",\"displayName\":\"Catch-all Rule\",\"detailEntry\":{\"policyType\":");
                json.raw("\"OktaSignOn\"},\"changeDetails\":{\"from\":{\"factorMode\":\"2FA\",");
                json.raw("\"maxSessionIdleMinutes\":15},\"to\":{\"factorMode\":\"1FA\",");
                json.raw("\"maxSessionIdleMinutes\":")
                    .number(dice.below(240))
                    .raw("}}}");
            }
            family => {
                json.raw("[{");
                Person::of(dice).members(json);
                json.raw(",\"detailEntry\":null}");
                if family == Family::Group {
                    json.raw(",{\"id\":\"00g")
                        .base62(dice, 17)
                        .raw("\",\"type\":\"UserGroup\",");
                    json.raw("\"alternateId\":\"unknown\",\"displayName\":");
                    json.text(dice.word(&GROUPS)).raw(",\"detailEntry\":null}");
                }
            }
        }
        json.raw("]");
    }
}
