//! What happens in a session: requests one after the other, each with the events that it causes.
//!
//! A sign-in of the Identity Engine asks policy first, then for a factor, then starts the session
//! and goes on to the app. Several events of one request share its id.

use super::event_types::{Kind, named};
use super::rng::Rng;

/// The address that a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Identify,
    Answer,
    Poll,
    /// Okta Verify's own call: its address names the transaction.
    Verify,
    /// From the sign-in page on to the app, with a token for the state.
    Redirect,
    /// An app opened while a session is on.
    App,
    Authorize,
    Token,
    Authn,
    SignOut,
    Administration,
    /// No request: Okta does it by itself.
    Job,
}

/// Who acts in a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Anyone,
    Admin,
}

#[derive(Debug)]
struct Request {
    route: Route,
    kinds: &'static [&'static Kind],
}

#[derive(Debug)]
pub(super) struct Flow {
    /// Occurrences in a hundred flows of its length.
    share: u64,
    pub(super) who: Who,
    requests: &'static [Request],
}

/// One event of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FlowEvent {
    pub(super) kind: &'static Kind,
    pub(super) route: Route,
    /// Which of the flow's requests it belongs to.
    pub(super) request: u64,
}

impl Flow {
    /// One of the flows that have `length` events.
    pub(super) fn of(length: u64, rng: &mut Rng) -> &'static Self {
        let flows: &[Self] = match length {
            8 => &EIGHT,
            6 => &SIX,
            5 => &FIVE,
            4 => &FOUR,
            3 => &THREE,
            2 => &TWO,
            _ => &ONE,
        };
        let mut left = rng.below(100);
        for flow in flows {
            if left < flow.share {
                return flow;
            }
            left -= flow.share;
        }
        &ALONE
    }

    /// The flow's event number `at`, the first being 0.
    pub(super) fn at(&self, mut at: u64) -> FlowEvent {
        for (number, request) in (0..).zip(self.requests) {
            for kind in request.kinds {
                if at == 0 {
                    return FlowEvent {
                        kind,
                        route: request.route,
                        request: number,
                    };
                }
                at -= 1;
            }
        }
        FlowEvent {
            kind: named("user.authentication.sso"),
            route: Route::App,
            request: 0,
        }
    }

    pub(super) const fn length(&self) -> u64 {
        let (mut length, mut requests) = (0, self.requests);
        while let [request, rest @ ..] = requests {
            length += request.kinds.len() as u64;
            requests = rest;
        }
        length
    }
}

/// Flows in a table have the length that it is for, and their shares make a hundred.
const fn complete(mut flows: &[Flow], length: u64) -> bool {
    let mut shares = 0;
    while let [flow, rest @ ..] = flows {
        if flow.length() != length {
            return false;
        }
        shares += flow.share;
        flows = rest;
    }
    shares == 100
}

const _: () = {
    assert!(complete(&EIGHT, 8) && complete(&SIX, 6) && complete(&FIVE, 5) && complete(&FOUR, 4));
    assert!(complete(&THREE, 3) && complete(&TWO, 2) && complete(&ONE, 1));
};

macro_rules! flow {
    ($share:literal $who:ident: $($route:ident [$($kind:literal),+]),+) => {
        Flow {
            share: $share,
            who: Who::$who,
            requests: &[$(Request { route: Route::$route, kinds: &[$(named($kind)),+] }),+],
        }
    };
}

/// Stands in where shares did not make a hundred; they do, as the compiler checks above.
static ALONE: Flow = flow!(0 Anyone: App ["user.authentication.sso"]);

#[rustfmt::skip] // one flow a line
static EIGHT: [Flow; 5] = [
    flow!(30 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa", "user.session.start"], Redirect ["policy.evaluate_sign_on", "app.oauth2.authorize.code"], Token ["app.oauth2.token.grant.access_token", "app.oauth2.token.grant.id_token"]),
    flow!(30 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa", "user.session.start"], Redirect ["policy.evaluate_sign_on", "user.authentication.sso"], App ["user.authentication.sso"], App ["user.authentication.sso"]),
    flow!(20 Anyone: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.auth_via_mfa"], Poll ["user.session.start"], Redirect ["policy.evaluate_sign_on", "user.authentication.sso"], App ["user.authentication.sso"], App ["user.authentication.sso"], SignOut ["user.session.end"]),
    flow!(10 Anyone: Identify ["user.authentication.auth_via_AD_agent", "policy.evaluate_sign_on"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa", "user.session.start"], Redirect ["user.authentication.sso"], App ["user.authentication.sso"], App ["user.authentication.sso"]),
    flow!(10 Admin: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.auth_via_mfa"], Poll ["user.session.start"], Redirect ["policy.evaluate_sign_on", "user.session.access_admin_app"], Administration ["user.mfa.factor.deactivate"], Administration ["user.mfa.factor.reset_all"], SignOut ["user.session.end"]),
];

#[rustfmt::skip] // one flow a line
static SIX: [Flow; 6] = [
    flow!(35 Anyone: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.auth_via_mfa"], Poll ["user.session.start"], Redirect ["user.authentication.sso"], App ["user.authentication.sso"], SignOut ["user.session.end"]),
    flow!(25 Anyone: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.auth_via_mfa"], Poll ["user.session.start"], Redirect ["app.oauth2.authorize.code"], Token ["app.oauth2.token.grant.access_token", "app.oauth2.token.grant.id_token"]),
    flow!(15 Anyone: Identify ["user.authentication.auth_via_AD_agent", "policy.evaluate_sign_on"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa", "user.session.start"], Redirect ["user.authentication.sso"]),
    flow!(10 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa", "user.account.lock"]),
    flow!(8 Admin: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.auth_via_mfa"], Poll ["user.session.start"], Redirect ["user.session.access_admin_app"], Administration ["system.api_token.create"], Administration ["user.account.privilege.grant"]),
    flow!(7 Admin: Administration ["user.lifecycle.create", "user.lifecycle.activate", "group.user_membership.add", "application.user_membership.add"], Job ["application.provision.user.push"], Administration ["group.user_membership.add"]),
];

#[rustfmt::skip] // one flow a line
static FIVE: [Flow; 6] = [
    flow!(35 Anyone: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.auth_via_mfa"], Poll ["user.session.start"], Redirect ["policy.evaluate_sign_on", "user.authentication.sso"]),
    flow!(25 Anyone: Identify ["user.authentication.auth_via_IDP", "user.session.start"], Redirect ["policy.evaluate_sign_on", "user.authentication.sso"], App ["user.authentication.sso"]),
    flow!(20 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa", "user.session.start"], Redirect ["app.oauth2.authorize.code"]),
    flow!(8 Anyone: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.verify"], Poll ["user.session.context.change"], App ["app.generic.unauth_app_access_attempt"], SignOut ["user.session.clear"]),
    flow!(6 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["user.account.lock"], Authn ["user.mfa.attempt_bypass"], Authn ["user.account.lock"], Authn ["user.account.reset_password"]),
    flow!(6 Admin: Administration ["group.user_membership.remove"], Administration ["user.lifecycle.suspend"], Administration ["user.lifecycle.deactivate", "application.user_membership.remove"], Job ["application.provision.user.push"]),
];

#[rustfmt::skip] // one flow a line
static FOUR: [Flow; 5] = [
    flow!(40 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["user.session.start"], Redirect ["policy.evaluate_sign_on", "user.authentication.sso"]),
    flow!(25 Anyone: App ["policy.evaluate_sign_on", "user.authentication.sso"], Authorize ["app.oauth2.authorize.code"], Token ["app.oauth2.token.grant.access_token"]),
    flow!(20 Anyone: Token ["app.oauth2.token.grant.refresh_token", "app.oauth2.token.grant.access_token", "app.oauth2.token.grant.id_token"], Token ["app.oauth2.token.grant.refresh_token"]),
    flow!(9 Admin: Redirect ["user.session.access_admin_app"], Administration ["policy.rule.update"], Administration ["policy.lifecycle.update"], Administration ["zone.update"]),
    flow!(6 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["user.authentication.verify"], Answer ["user.mfa.factor.activate"], Answer ["user.account.update_profile"]),
];

#[rustfmt::skip] // one flow a line
static THREE: [Flow; 7] = [
    flow!(28 Anyone: App ["policy.evaluate_sign_on", "user.authentication.sso"], App ["user.authentication.sso"]),
    flow!(22 Anyone: Token ["app.oauth2.token.grant.refresh_token", "app.oauth2.token.grant.access_token", "app.oauth2.token.grant.id_token"]),
    flow!(18 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["user.session.start"], Redirect ["user.authentication.sso"]),
    flow!(9 Admin: Administration ["group.user_membership.add", "application.user_membership.add"], Job ["application.provision.user.push"]),
    flow!(8 Admin: Administration ["user.lifecycle.create", "user.lifecycle.activate", "group.user_membership.add"]),
    flow!(8 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["user.authentication.verify"], Answer ["user.mfa.factor.activate"]),
    flow!(7 Admin: Administration ["user.account.update_profile"], Administration ["user.account.update_profile"], Administration ["user.account.reset_password"]),
];

#[rustfmt::skip] // one flow a line
static TWO: [Flow; 8] = [
    flow!(38 Anyone: App ["policy.evaluate_sign_on", "user.authentication.sso"]),
    flow!(20 Anyone: Token ["app.oauth2.token.grant.access_token", "app.oauth2.token.grant.refresh_token"]),
    flow!(14 Admin: Administration ["group.user_membership.remove", "application.user_membership.remove"]),
    flow!(10 Admin: Administration ["user.account.update_profile"], Administration ["application.lifecycle.update"]),
    flow!(6 Anyone: Authn ["security.threat.detected"], Authn ["security.threat.detected"]),
    flow!(4 Anyone: Token ["app.oauth2.as.token.detect_reuse"], Authn ["user.risk.change"]),
    flow!(4 Admin: Administration ["user.session.impersonation.initiate"], Administration ["user.account.privilege.revoke"]),
    flow!(4 Anyone: Job ["system.import.complete", "application.provision.user.push"]),
];

#[rustfmt::skip] // one flow a line
static ONE: [Flow; 7] = [
    flow!(40 Anyone: App ["user.authentication.sso"]),
    flow!(20 Anyone: SignOut ["user.session.end"]),
    flow!(12 Anyone: Job ["system.import.complete"]),
    flow!(10 Anyone: Authorize ["app.oauth2.authorize.code"]),
    flow!(6 Anyone: Job ["system.org.rate_limit.warning"]),
    flow!(7 Anyone: Authn ["user.risk.change"]),
    flow!(5 Anyone: App ["app.generic.unauth_app_access_attempt"]),
];
