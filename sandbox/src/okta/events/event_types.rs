//! The event types that the generated log holds, by name of Okta's catalogue.

/// What an event is about decides its targets, its transaction and its debug data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    SignIn,
    Factor,
    AppAccess,
    Token,
    Lifecycle,
    Profile,
    Group,
    Admin,
    Policy,
    /// Done by Okta itself: the client is all nulls.
    System,
    Threat,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) family: Family,
    pub(super) event_type: &'static str,
    pub(super) legacy: Option<&'static str>,
    pub(super) message: &'static str,
    pub(super) severity: &'static str,
}

const fn kind(
    family: Family,
    event_type: &'static str,
    legacy: Option<&'static str>,
    message: &'static str,
    severity: &'static str,
) -> Kind {
    Kind {
        family,
        event_type,
        legacy,
        message,
        severity,
    }
}

use Family::{
    Admin, AppAccess, Factor, Group, Lifecycle, Policy, Profile, SignIn, System, Threat, Token,
};

/// The kind of a name, for tables: a name that is not in [`KINDS`] does not compile.
pub(super) const fn named(event_type: &str) -> &'static Kind {
    let mut at = 0;
    while at < KINDS.len() {
        #[expect(clippy::indexing_slicing, reason = "bound by len")]
        let kind = &KINDS[at];
        if same(kind.event_type.as_bytes(), event_type.as_bytes()) {
            return kind;
        }
        at += 1;
    }
    #[expect(clippy::panic, reason = "evaluated by the compiler, for tables")]
    {
        panic!("no such kind")
    }
}

/// `==` is not for the compiler's own use yet.
const fn same(one: &[u8], other: &[u8]) -> bool {
    match (one, other) {
        ([], []) => true,
        ([one, ones @ ..], [other, others @ ..]) => *one == *other && same(ones, others),
        _ => false,
    }
}

#[rustfmt::skip] // one type a line reads as the table it is
static KINDS: [Kind; 46] = [
    kind(AppAccess, "user.authentication.sso", Some("app.auth.sso"), "User single sign on to app", "INFO"),
    kind(SignIn, "user.session.start", Some("core.user_auth.login_success"), "User login to Okta", "INFO"),
    kind(SignIn, "policy.evaluate_sign_on", None, "Evaluation of sign-on policy", "INFO"),
    kind(Factor, "user.authentication.auth_via_mfa", Some("core.user.factor.attempt_success"), "Authentication of user via MFA", "INFO"),
    kind(Factor, "system.push.send_factor_verify_push", None, "Send Okta Verify push notification for factor verification", "INFO"),
    kind(SignIn, "user.session.end", Some("core.user_auth.logout_success"), "User logout from Okta", "INFO"),
    kind(SignIn, "user.authentication.verify", None, "Verify user identity", "INFO"),
    kind(SignIn, "user.authentication.auth_via_IDP", None, "Authenticate user via IDP", "INFO"),
    kind(SignIn, "user.authentication.auth_via_AD_agent", None, "Authenticate user with AD agent", "INFO"),
    kind(SignIn, "user.account.lock", Some("core.user_auth.account_locked"), "Max sign in attempts exceeded", "WARN"),
    kind(SignIn, "user.session.context.change", None, "User session context changed", "WARN"),
    kind(SignIn, "user.session.impersonation.initiate", None, "Initiate impersonation session", "INFO"),
    kind(SignIn, "user.session.access_admin_app", Some("app.admin.sso.login.success"), "User accessing Okta admin app", "INFO"),
    kind(SignIn, "user.session.clear", None, "Clear user session", "INFO"),
    kind(Factor, "user.mfa.attempt_bypass", None, "User attempted to bypass MFA", "WARN"),
    kind(Factor, "user.mfa.factor.activate", Some("core.user.factor.activate"), "User activated a factor for MFA", "INFO"),
    kind(Factor, "user.mfa.factor.deactivate", Some("core.user.factor.deactivate"), "Reset factor for user", "INFO"),
    kind(Factor, "user.mfa.factor.reset_all", Some("core.user.factor.reset_all"), "Reset all factors for user", "INFO"),
    kind(Token, "app.oauth2.token.grant.access_token", Some("app.oauth2.token.grant.access_token_success"), "OAuth2 access token is granted", "INFO"),
    kind(Token, "app.oauth2.token.grant.id_token", Some("app.oauth2.token.grant.id_token_success"), "OIDC id token is granted", "INFO"),
    kind(Token, "app.oauth2.token.grant.refresh_token", Some("app.oauth2.token.grant.refresh_token_success"), "OAuth2 refresh token is granted", "INFO"),
    kind(Token, "app.oauth2.authorize.code", Some("app.oauth2.authorize.code_success"), "OAuth2 authorization code request", "INFO"),
    kind(Token, "app.oauth2.as.token.detect_reuse", None, "One-time refresh token reused", "WARN"),
    kind(Token, "app.generic.unauth_app_access_attempt", Some("app.generic.unauth_app_access_attempt"), "User attempted unauthorized access to app", "WARN"),
    kind(Lifecycle, "user.lifecycle.create", Some("core.user.config.user_creation.success"), "Create Okta user", "INFO"),
    kind(Lifecycle, "user.lifecycle.activate", Some("core.user.config.user_activated"), "Activate Okta user", "INFO"),
    kind(Lifecycle, "user.lifecycle.deactivate", Some("core.user.config.user_deactivated"), "Deactivate Okta user", "INFO"),
    kind(Lifecycle, "user.lifecycle.suspend", Some("core.user.config.user_suspend"), "Suspend Okta user", "INFO"),
    kind(Profile, "user.account.reset_password", Some("core.user.config.password_reset.success"), "User reset password for Okta", "INFO"),
    kind(Profile, "user.account.update_profile", Some("core.user.config.profile_update"), "Update user profile for Okta", "INFO"),
    kind(Group, "group.user_membership.add", Some("core.user_group_member.user_add"), "Add user to group membership", "INFO"),
    kind(Group, "group.user_membership.remove", Some("core.user_group_member.user_remove"), "Remove user from group membership", "INFO"),
    kind(Group, "application.user_membership.add", Some("app.generic.provision.assign_user_to_app"), "Add user to application membership", "INFO"),
    kind(Group, "application.user_membership.remove", Some("app.generic.provision.deassign_user_from_app"), "Remove user's application membership", "INFO"),
    kind(Admin, "user.account.privilege.grant", Some("core.user.admin_privilege.granted"), "Grant user privilege", "INFO"),
    kind(Admin, "user.account.privilege.revoke", Some("core.user.admin_privilege.revoked"), "Revoke user privilege", "INFO"),
    kind(Admin, "system.api_token.create", Some("api.token.create"), "Create API token", "INFO"),
    kind(Policy, "policy.rule.update", Some("policy.rule.update"), "Update policy rule", "INFO"),
    kind(Policy, "policy.lifecycle.update", Some("policy.lifecycle.update"), "Update policy", "INFO"),
    kind(Policy, "zone.update", Some("network_zone.rule.update"), "Update network zone", "INFO"),
    kind(Policy, "application.lifecycle.update", Some("app.generic.config.app_updated"), "Update application", "INFO"),
    kind(System, "system.import.complete", Some("app.user_management.import.completed"), "Import complete", "INFO"),
    kind(System, "application.provision.user.push", Some("app.user_management.push_profile_success"), "Push user's profile to external application", "INFO"),
    kind(System, "system.org.rate_limit.warning", Some("core.framework.ratelimit.warning"), "Rate limit warning", "WARN"),
    kind(Threat, "security.threat.detected", Some("security.threat.detected"), "Request from suspicious actor", "WARN"),
    kind(Threat, "user.risk.change", None, "User risk level changed", "WARN"),
];
