//! What happens in a session: requests one after the other, each with the events it leaves behind.
//!
//! A sign-in of the Identity Engine asks policy first, then for a factor, then starts the session
//! and goes on to the app. Several events of one request share its id.

use super::dice::Dice;
use super::kinds::{Kind, named};

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

/// Who acts in a story.
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
pub(super) struct Story {
    /// Occurrences in a hundred stories of its length.
    share: u64,
    pub(super) who: Who,
    requests: &'static [Request],
}

/// One event of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Happening {
    pub(super) kind: &'static Kind,
    pub(super) route: Route,
    /// Which of the story's requests it belongs to.
    pub(super) request: u64,
}

impl Story {
    /// One of the stories that have `length` events.
    pub(super) fn of(length: u64, dice: &mut Dice) -> &'static Self {
        let stories: &[Self] = match length {
            8 => &EIGHT,
            6 => &SIX,
            5 => &FIVE,
            4 => &FOUR,
            3 => &THREE,
            2 => &TWO,
            _ => &ONE,
        };
        let mut left = dice.below(100);
        for story in stories {
            if left < story.share {
                return story;
            }
            left -= story.share;
        }
        &ALONE
    }

    /// The story's event number `at`, the first being 0.
    pub(super) fn at(&self, mut at: u64) -> Happening {
        for (number, request) in (0..).zip(self.requests) {
            for kind in request.kinds {
                if at == 0 {
                    return Happening {
                        kind,
                        route: request.route,
                        request: number,
                    };
                }
                at -= 1;
            }
        }
        Happening {
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

/// Stories in a table have the length that it is for, and their shares make a hundred.
const fn complete(mut stories: &[Story], length: u64) -> bool {
    let mut shares = 0;
    while let [story, rest @ ..] = stories {
        if story.length() != length {
            return false;
        }
        shares += story.share;
        stories = rest;
    }
    shares == 100
}

const _: () = {
    assert!(complete(&EIGHT, 8) && complete(&SIX, 6) && complete(&FIVE, 5) && complete(&FOUR, 4));
    assert!(complete(&THREE, 3) && complete(&TWO, 2) && complete(&ONE, 1));
};

macro_rules! story {
    ($share:literal $who:ident: $($route:ident [$($kind:literal),+]),+) => {
        Story {
            share: $share,
            who: Who::$who,
            requests: &[$(Request { route: Route::$route, kinds: &[$(named($kind)),+] }),+],
        }
    };
}

/// Stands in where shares did not make a hundred; they do, as the compiler checks above.
static ALONE: Story = story!(0 Anyone: App ["user.authentication.sso"]);

#[rustfmt::skip] // one story a line
static EIGHT: [Story; 5] = [
    story!(30 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa", "user.session.start"], Redirect ["policy.evaluate_sign_on", "app.oauth2.authorize.code"], Token ["app.oauth2.token.grant.access_token", "app.oauth2.token.grant.id_token"]),
    story!(30 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa", "user.session.start"], Redirect ["policy.evaluate_sign_on", "user.authentication.sso"], App ["user.authentication.sso"], App ["user.authentication.sso"]),
    story!(20 Anyone: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.auth_via_mfa"], Poll ["user.session.start"], Redirect ["policy.evaluate_sign_on", "user.authentication.sso"], App ["user.authentication.sso"], App ["user.authentication.sso"], SignOut ["user.session.end"]),
    story!(10 Anyone: Identify ["user.authentication.auth_via_AD_agent", "policy.evaluate_sign_on"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa", "user.session.start"], Redirect ["user.authentication.sso"], App ["user.authentication.sso"], App ["user.authentication.sso"]),
    story!(10 Admin: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.auth_via_mfa"], Poll ["user.session.start"], Redirect ["policy.evaluate_sign_on", "user.session.access_admin_app"], Administration ["user.mfa.factor.deactivate"], Administration ["user.mfa.factor.reset_all"], SignOut ["user.session.end"]),
];

#[rustfmt::skip] // one story a line
static SIX: [Story; 6] = [
    story!(35 Anyone: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.auth_via_mfa"], Poll ["user.session.start"], Redirect ["user.authentication.sso"], App ["user.authentication.sso"], SignOut ["user.session.end"]),
    story!(25 Anyone: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.auth_via_mfa"], Poll ["user.session.start"], Redirect ["app.oauth2.authorize.code"], Token ["app.oauth2.token.grant.access_token", "app.oauth2.token.grant.id_token"]),
    story!(15 Anyone: Identify ["user.authentication.auth_via_AD_agent", "policy.evaluate_sign_on"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa", "user.session.start"], Redirect ["user.authentication.sso"]),
    story!(10 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa", "user.account.lock"]),
    story!(8 Admin: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.auth_via_mfa"], Poll ["user.session.start"], Redirect ["user.session.access_admin_app"], Administration ["system.api_token.create"], Administration ["user.account.privilege.grant"]),
    story!(7 Admin: Administration ["user.lifecycle.create", "user.lifecycle.activate", "group.user_membership.add", "application.user_membership.add"], Job ["application.provision.user.push"], Administration ["group.user_membership.add"]),
];

#[rustfmt::skip] // one story a line
static FIVE: [Story; 6] = [
    story!(35 Anyone: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.auth_via_mfa"], Poll ["user.session.start"], Redirect ["policy.evaluate_sign_on", "user.authentication.sso"]),
    story!(25 Anyone: Identify ["user.authentication.auth_via_IDP", "user.session.start"], Redirect ["policy.evaluate_sign_on", "user.authentication.sso"], App ["user.authentication.sso"]),
    story!(20 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["system.push.send_factor_verify_push"], Poll ["user.authentication.auth_via_mfa", "user.session.start"], Redirect ["app.oauth2.authorize.code"]),
    story!(8 Anyone: Identify ["policy.evaluate_sign_on"], Verify ["user.authentication.verify"], Poll ["user.session.context.change"], App ["app.generic.unauth_app_access_attempt"], SignOut ["user.session.clear"]),
    story!(6 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["user.account.lock"], Authn ["user.mfa.attempt_bypass"], Authn ["user.account.lock"], Authn ["user.account.reset_password"]),
    story!(6 Admin: Administration ["group.user_membership.remove"], Administration ["user.lifecycle.suspend"], Administration ["user.lifecycle.deactivate", "application.user_membership.remove"], Job ["application.provision.user.push"]),
];

#[rustfmt::skip] // one story a line
static FOUR: [Story; 5] = [
    story!(40 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["user.session.start"], Redirect ["policy.evaluate_sign_on", "user.authentication.sso"]),
    story!(25 Anyone: App ["policy.evaluate_sign_on", "user.authentication.sso"], Authorize ["app.oauth2.authorize.code"], Token ["app.oauth2.token.grant.access_token"]),
    story!(20 Anyone: Token ["app.oauth2.token.grant.refresh_token", "app.oauth2.token.grant.access_token", "app.oauth2.token.grant.id_token"], Token ["app.oauth2.token.grant.refresh_token"]),
    story!(9 Admin: Redirect ["user.session.access_admin_app"], Administration ["policy.rule.update"], Administration ["policy.lifecycle.update"], Administration ["zone.update"]),
    story!(6 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["user.authentication.verify"], Answer ["user.mfa.factor.activate"], Answer ["user.account.update_profile"]),
];

#[rustfmt::skip] // one story a line
static THREE: [Story; 7] = [
    story!(28 Anyone: App ["policy.evaluate_sign_on", "user.authentication.sso"], App ["user.authentication.sso"]),
    story!(22 Anyone: Token ["app.oauth2.token.grant.refresh_token", "app.oauth2.token.grant.access_token", "app.oauth2.token.grant.id_token"]),
    story!(18 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["user.session.start"], Redirect ["user.authentication.sso"]),
    story!(9 Admin: Administration ["group.user_membership.add", "application.user_membership.add"], Job ["application.provision.user.push"]),
    story!(8 Admin: Administration ["user.lifecycle.create", "user.lifecycle.activate", "group.user_membership.add"]),
    story!(8 Anyone: Identify ["policy.evaluate_sign_on"], Answer ["user.authentication.verify"], Answer ["user.mfa.factor.activate"]),
    story!(7 Admin: Administration ["user.account.update_profile"], Administration ["user.account.update_profile"], Administration ["user.account.reset_password"]),
];

#[rustfmt::skip] // one story a line
static TWO: [Story; 8] = [
    story!(38 Anyone: App ["policy.evaluate_sign_on", "user.authentication.sso"]),
    story!(20 Anyone: Token ["app.oauth2.token.grant.access_token", "app.oauth2.token.grant.refresh_token"]),
    story!(14 Admin: Administration ["group.user_membership.remove", "application.user_membership.remove"]),
    story!(10 Admin: Administration ["user.account.update_profile"], Administration ["application.lifecycle.update"]),
    story!(6 Anyone: Authn ["security.threat.detected"], Authn ["security.threat.detected"]),
    story!(4 Anyone: Token ["app.oauth2.as.token.detect_reuse"], Authn ["user.risk.change"]),
    story!(4 Admin: Administration ["user.session.impersonation.initiate"], Administration ["user.account.privilege.revoke"]),
    story!(4 Anyone: Job ["system.import.complete", "application.provision.user.push"]),
];

#[rustfmt::skip] // one story a line
static ONE: [Story; 7] = [
    story!(40 Anyone: App ["user.authentication.sso"]),
    story!(20 Anyone: SignOut ["user.session.end"]),
    story!(12 Anyone: Job ["system.import.complete"]),
    story!(10 Anyone: Authorize ["app.oauth2.authorize.code"]),
    story!(6 Anyone: Job ["system.org.rate_limit.warning"]),
    story!(7 Anyone: Authn ["user.risk.change"]),
    story!(5 Anyone: App ["app.generic.unauth_app_access_attempt"]),
];
