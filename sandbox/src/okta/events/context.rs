//! The members of an event that tell who did what to whom, from where.

use chrono::{DateTime, Utc};

use super::event_types::{Family, Kind};
use super::flows::Route;
use super::interleaving::Step;
use super::json::Json;
use super::org_objects::{self, GROUPS, POLICIES, RULES};
use super::people::Person;
use super::rng::Rng;
use super::security;
use super::session::Session;

const REASONS: [&str; 4] = [
    "INVALID_CREDENTIALS",
    "VERIFICATION_ERROR",
    "LOCKED_OUT",
    "Sign-on policy evaluation resulted in DENY",
];

/// API tokens that scripts of administrators work with.
const API_TOKENS: u64 = 3;

/// What the parts of one event have in common.
pub(super) struct EventContext {
    pub(super) kind: &'static Kind,
    pub(super) route: Route,
    /// Seed of what the events of one request share.
    pub(super) request: u64,
    /// The same of the session's first request.
    pub(super) first_request: u64,
    pub(super) published: DateTime<Utc>,
    pub(super) session: Session,
}

/// Each method appends one member of the event, with its comma.
impl EventContext {
    pub(super) fn of(step: &Step, published: DateTime<Utc>) -> Self {
        Self {
            kind: step.event.kind,
            route: step.event.route,
            request: step.request(step.event.request),
            first_request: step.request(0),
            published,
            session: Session::of(step.session, step.flow.who),
        }
    }

    pub(super) fn by_okta(&self) -> bool {
        self.kind.family == Family::System
    }

    pub(super) fn actor(&self, json: &mut Json<'_>) {
        json.raw("\"actor\":{");
        if self.by_okta() {
            json.raw("\"id\":\"");
            org_objects::id("spr", 0, json);
            json.raw("\",\"type\":\"SystemPrincipal\",");
            json.raw("\"alternateId\":\"system@okta.com\",\"displayName\":\"Okta System\"");
        } else {
            self.session.person.members(json);
        }
        json.raw(",\"detailEntry\":null},");
    }

    pub(super) fn client(&self, json: &mut Json<'_>) {
        if self.by_okta() {
            json.raw("\"client\":{\"userAgent\":null,\"zone\":null,\"device\":null,\"id\":null,");
            json.raw("\"ipAddress\":null,\"geographicalContext\":null},");
            return;
        }
        let agent = self.session.agent;
        json.raw("\"client\":{\"userAgent\":{\"rawUserAgent\":")
            .text(agent.raw);
        json.raw(",\"os\":")
            .text(agent.os)
            .raw(",\"browser\":")
            .text(agent.browser);
        json.raw("},\"zone\":").raw(if self.session.in_zone {
            "\"BlockedIpZone\""
        } else {
            "\"null\""
        });
        json.raw(",\"device\":").text(agent.device).raw(",\"id\":");
        if self.kind.family == Family::Token {
            json.raw("\"");
            self.session.app.id(json);
            json.raw("\"");
        } else {
            json.raw("null");
        }
        json.raw(",\"ipAddress\":");
        self.session
            .place
            .address(&mut Rng::new(self.session.address, 0), json);
        json.raw(",\"geographicalContext\":");
        self.session.place.geographical_context(json);
        json.raw("},");
    }

    pub(super) fn device(&self, json: &mut Json<'_>) {
        let seen = matches!(
            self.kind.family,
            Family::SignIn | Family::AppAccess | Family::Policy
        );
        let (true, Some([platform, version])) =
            (seen && self.session.device, self.session.agent.platform)
        else {
            json.raw("\"device\":null,");
            return;
        };
        json.raw("\"device\":{\"id\":\"");
        org_objects::id("guo", self.session.browser, json);
        json.raw("\",\"name\":\"");
        self.session.person.host_name(json);
        json.raw("\",\"os_platform\":\"")
            .raw(platform)
            .raw("\",\"os_version\":\"")
            .raw(version);
        json.raw("\",\"managed\":")
            .raw(if self.session.browser.is_multiple_of(5) {
                "false"
            } else {
                "true"
            });
        json.raw(",\"registered\":true,\"device_integrator\":");
        json.raw(if self.session.browser.is_multiple_of(2) {
            "null"
        } else {
            "{\"name\":\"com.crowdstrike.zta\"}"
        });
        json.raw(",\"disk_encryption_type\":\"ALL_INTERNAL_VOLUMES\",\"screen_lock_type\":");
        json.raw("\"BIOMETRIC\",\"jailbreak\":null,\"secure_hardware_present\":true},");
    }

    pub(super) fn authentication_context(&self, json: &mut Json<'_>) {
        json.raw("\"authenticationContext\":{\"authenticationProvider\":");
        let (provider, credentials, credential) = match self.kind.family {
            Family::Factor => (
                "\"FACTOR_PROVIDER\"",
                "\"OKTA_CREDENTIAL_PROVIDER\"",
                self.session.credential,
            ),
            Family::SignIn => (
                "\"OKTA_AUTHENTICATION_PROVIDER\"",
                "null",
                self.session.credential,
            ),
            _ => ("null", "null", "null"),
        };
        json.raw(provider)
            .raw(",\"credentialProvider\":")
            .raw(credentials);
        json.raw(",\"credentialType\":").raw(credential);
        json.raw(",\"issuer\":null,\"interface\":null,\"authenticationStep\":0");
        if self.by_okta() {
            json.raw(",\"externalSessionId\":\"trs")
                .base62(&mut Rng::new(self.request, 1), 22)
                .raw("\"},");
            return;
        }
        // A session at its root: both ids are the same.
        json.raw(",\"rootSessionId\":\"idx")
            .base62(&mut Rng::new(self.session.id_seed, 0), 22);
        json.raw("\",\"externalSessionId\":\"idx")
            .base62(&mut Rng::new(self.session.id_seed, 0), 22);
        json.raw("\"},");
    }

    pub(super) fn outcome(&self, rng: &mut Rng, json: &mut Json<'_>) {
        let failed = rng.chance(if self.kind.severity == "INFO" { 7 } else { 60 });
        let asks = self.route == Route::Identify;
        json.raw("\"outcome\":{\"result\":");
        match (self.kind.event_type, failed) {
            ("policy.evaluate_sign_on", true) => json.raw("\"DENY\""),
            ("policy.evaluate_sign_on", false) if asks => json.raw("\"CHALLENGE\""),
            ("policy.evaluate_sign_on", false) => json.raw("\"ALLOW\""),
            (_, true) => json.raw("\"FAILURE\""),
            (_, false) => json.raw("\"SUCCESS\""),
        };
        json.raw(",\"reason\":")
            .text_or_null(failed.then(|| rng.word(&REASONS)))
            .raw("},");
    }

    pub(super) fn security_context(&self, json: &mut Json<'_>) {
        if self.by_okta() {
            json.raw("\"securityContext\":{\"asNumber\":null,\"asOrg\":null,\"isp\":null,");
            json.raw("\"domain\":null,\"isProxy\":null},");
        } else {
            security::security_context(&self.session, json);
        }
    }

    /// The id of the request that these seeds stand for: in one event it is the transaction's too.
    pub(super) fn request_id(&self, request: u64, json: &mut Json<'_>) {
        let mut rng = Rng::new(request, 0);
        if self.route == Route::Job {
            json.raw("imp").base62(&mut rng, 17);
        } else if request.is_multiple_of(2) {
            json.hex(&mut rng, 32);
        } else {
            // The time in seconds and a counter, of which little changes within days, hold the
            // random part between them.
            json.raw("aS")
                .base62(&mut rng, 19)
                .raw("AAA")
                .base62(&mut rng, 3);
        }
    }

    pub(super) fn transaction(&self, json: &mut Json<'_>) {
        let job = self.route == Route::Job;
        json.raw("\"transaction\":{\"type\":")
            .raw(if job { "\"JOB\"" } else { "\"WEB\"" });
        json.raw(",\"id\":\"");
        self.request_id(self.request, json);
        json.raw("\",\"detail\":{");
        let scripted = self.session.id_seed.is_multiple_of(2);
        if self.route == Route::Administration && scripted {
            json.raw("\"requestApiTokenId\":\"");
            org_objects::id("00T", self.session.person.number() % API_TOKENS, json);
            json.raw("\"");
        }
        json.raw("}},");
    }

    pub(super) fn ip_chain(&self, json: &mut Json<'_>) {
        json.raw("\"request\":{\"ipChain\":[");
        if !self.by_okta() {
            self.hop(self.session.address, json);
            if let Some(proxy) = self.session.proxy {
                json.raw(",");
                self.hop(proxy, json);
            }
        }
        json.raw("]},");
    }

    fn hop(&self, address: u64, json: &mut Json<'_>) {
        json.raw("{\"ip\":");
        self.session.place.address(&mut Rng::new(address, 0), json);
        json.raw(",\"geographicalContext\":");
        self.session.place.geographical_context(json);
        json.raw(",\"version\":\"V4\",\"source\":null}");
    }

    /// The last member: no comma.
    pub(super) fn target(&self, rng: &mut Rng, json: &mut Json<'_>) {
        json.raw("\"target\":");
        match self.kind.family {
            Family::System | Family::Threat if self.request.is_multiple_of(2) => {
                json.raw("null");
                return;
            }
            Family::SignIn if self.kind.event_type == "policy.evaluate_sign_on" => {
                json.raw("[");
                let rule = Rng::new(self.request, 2).below(RULES.len() as u64);
                self.session.app.policy_targets(rule, json);
                json.raw(",");
                self.session.app.target(json);
            }
            Family::SignIn | Family::AppAccess => {
                json.raw("[");
                self.session.app.target(json);
                json.raw(",{\"id\":\"");
                self.session.app.user_id(self.session.person.number(), json);
                json.raw("\",\"type\":\"AppUser\",\"alternateId\":");
                self.session.person.login(json);
                json.raw(",\"displayName\":");
                self.session.person.display_name(json);
                json.raw(",\"detailEntry\":null}");
            }
            Family::Factor => self.enrolment(json),
            Family::Token => self.token(rng, json),
            Family::Policy => self.changed_rule(rng, json),
            _ => self.managed_person(json),
        }
        json.raw("]");
    }

    fn enrolment(&self, json: &mut Json<'_>) {
        json.raw("[{");
        self.session.person.members(json);
        json.raw(",\"detailEntry\":null},{\"id\":\"");
        org_objects::id("pfd", self.session.person.number(), json);
        json.raw("\",\"type\":\"AuthenticatorEnrollment\",\"alternateId\":\"unknown\",");
        json.raw("\"displayName\":\"Okta Verify\",\"detailEntry\":{\"methodTypeUsed\":\"");
        json.raw("Use Okta FastPass\",\"methodUsedVerifiedProperties\":\"");
        json.raw("[DEVICE_BOUND, PHISHING_RESISTANT, HARDWARE_PROTECTED]\"}}");
    }

    /// A token is new each time, and so is its id.
    fn token(&self, rng: &mut Rng, json: &mut Json<'_>) {
        json.raw("[");
        self.session.app.target(json);
        json.raw(",{\"id\":\"AT.").base62(rng, 43);
        json.raw("\",\"type\":\"access_token\",\"alternateId\":null,\"displayName\":");
        json.raw("\"Access Token\",\"detailEntry\":null}");
    }

    fn changed_rule(&self, rng: &mut Rng, json: &mut Json<'_>) {
        let mut which = Rng::new(self.request, 2);
        json.raw("[{\"id\":\"");
        org_objects::rule_members(which.below(POLICIES), which.below(RULES.len() as u64), json);
        json.raw(",\"detailEntry\":{\"policyType\":\"OktaSignOn\"},\"changeDetails\":{\"from\":{");
        json.raw("\"factorMode\":\"2FA\",\"maxSessionIdleMinutes\":15},\"to\":{\"factorMode\":");
        json.raw("\"1FA\",\"maxSessionIdleMinutes\":")
            .number(rng.below(240))
            .raw("}}}");
    }

    /// Whom an administrator's request was about.
    fn managed_person(&self, json: &mut Json<'_>) {
        let mut which = Rng::new(self.request, 3);
        json.raw("[{");
        Person::of(&mut which).members(json);
        json.raw(",\"detailEntry\":null}");
        if self.kind.family == Family::Group {
            let group = which.below(GROUPS.len() as u64);
            let name = GROUPS.get(group as usize).copied().unwrap_or_default();
            json.raw(",{\"id\":\"");
            org_objects::id("00g", group, json);
            json.raw("\",\"type\":\"UserGroup\",\"alternateId\":\"unknown\",\"displayName\":");
            json.text(name).raw(",\"detailEntry\":null}");
        }
    }
}
