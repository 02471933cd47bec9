//! The org's applications, policies and groups. Each keeps its id from event to event.

use super::json::Json;
use super::rng::Rng;

/// Ids of one org end alike: by the Okta cell that hosts it.
const CELL: &str = "5d7";

/// The id of thing number `which` among those whose ids start with `kind`, not quoted.
pub(super) fn id(kind: &str, which: u64, json: &mut Json<'_>) {
    let tag = kind.bytes().fold(0, |tag, byte| tag << 8 | u64::from(byte));
    json.raw(kind)
        .base62(&mut Rng::new(tag, which), 14)
        .raw(CELL);
}

/// One of the org's applications.
#[derive(Clone, Copy, Debug)]
pub(super) struct App {
    number: u64,
    /// Its word in addresses.
    slug: &'static str,
    name: &'static str,
    label: &'static str,
    sign_on: &'static str,
}

impl App {
    /// The first of the list are used most.
    pub(super) fn of(rng: &mut Rng) -> Self {
        let count = APPS.len() as u64;
        let number = rng.below(count).min(rng.below(count));
        let [slug, name, label, sign_on] = APPS.get(number as usize).copied().unwrap_or_default();
        Self {
            number,
            slug,
            name,
            label,
            sign_on,
        }
    }

    pub(super) fn id(self, json: &mut Json<'_>) {
        id("0oa", self.number, json);
    }

    /// `/app/…/sso/saml`, or how else it signs on.
    pub(super) fn address(self, json: &mut Json<'_>) {
        json.raw("/app/").raw(self.slug).raw("/");
        id("exk", self.number, json);
        json.raw("/sso/").raw(match self.sign_on {
            SAML => "saml",
            FEDERATION => "wsfed/passive",
            _ => "oidc",
        });
    }

    /// How it signs on, in the words of debug data.
    pub(super) fn sign_on_mode(self) -> &'static str {
        match self.sign_on {
            SAML => "SAML 2.0",
            FEDERATION => "WS-Federation",
            _ => "OpenID Connect",
        }
    }

    /// The name it goes by in assertions.
    pub(super) fn issuer(self, json: &mut Json<'_>) {
        json.raw("http://www.okta.com/");
        id("exk", self.number, json);
    }

    pub(super) fn audience(self, json: &mut Json<'_>) {
        json.raw("https://").raw(self.slug).raw(".example");
    }

    /// A whole target.
    pub(super) fn target(self, json: &mut Json<'_>) {
        json.raw("{\"id\":\"");
        self.id(json);
        json.raw("\",\"type\":\"AppInstance\",\"alternateId\":")
            .text(self.label)
            .raw(",\"displayName\":")
            .text(self.name);
        json.raw(",\"detailEntry\":{\"signOnModeType\":\"")
            .raw(self.sign_on)
            .raw("\"}}");
    }

    /// The id that `person` has in it, not quoted.
    pub(super) fn user_id(self, person: u64, json: &mut Json<'_>) {
        id("0ua", person * APPS.len() as u64 + self.number, json);
    }

    /// The policy that guards it and the rule that decided, as whole targets.
    pub(super) fn policy_targets(self, rule: u64, json: &mut Json<'_>) {
        let policy = self.number % POLICIES;
        json.raw("{\"id\":\"");
        id("00p", policy, json);
        json.raw("\",\"type\":\"PolicyEntity\",\"alternateId\":\"unknown\",\"displayName\":");
        json.text(self.label)
            .raw(",\"detailEntry\":{\"policyType\":\"OktaSignOn\"}},");
        json.raw("{\"id\":\"");
        rule_members(policy, rule, json);
        json.raw(",\"detailEntry\":null}");
    }
}

/// The rest of `{"id":"` of a policy's rule, up to its details.
pub(super) fn rule_members(policy: u64, rule: u64, json: &mut Json<'_>) {
    id("0pr", policy * RULES.len() as u64 + rule, json);
    json.raw("\",\"type\":\"PolicyRule\",\"alternateId\":\"");
    id("00p", policy, json);
    let name = RULES.get(rule as usize).copied().unwrap_or_default();
    json.raw("\",\"displayName\":\"").raw(name).raw("\"");
}

pub(super) const POLICIES: u64 = 6;

pub(super) static RULES: [&str; 3] = ["Catch-all Rule", "Managed devices", "Büro Köln"];

pub(super) static GROUPS: [&str; 8] = [
    "Everyone",
    "Vertrieb (Köln)",
    "Okta Administrators",
    "SG-\"Finance\"",
    "SG-Engineering",
    "Contractors",
    "VPN users",
    "São Paulo",
];

const SAML: &str = "SAML_2_0";
const OIDC: &str = "OPENID_CONNECT";
const FEDERATION: &str = "WS_FEDERATION";

#[rustfmt::skip] // one application a line
static APPS: [[&str; 4]; 24] = [
    ["office365", "Microsoft Office 365", "Contoso \"Office 365\" (Prod)", FEDERATION],
    ["okta_enduser", "Okta Dashboard", "Okta Dashboard", OIDC],
    ["slack", "Slack", "Slack", SAML],
    ["salesforce", "Salesforce.com", "Salesforce – EMEA", SAML],
    ["githubcloud", "GitHub Enterprise Cloud", "GitHub", SAML],
    ["workday", "Workday", "Workday Personalführung", SAML],
    ["amazon_aws_sso", "AWS IAM Identity Center", "AWS IAM Identity Center", SAML],
    ["servicenow_ud", "ServiceNow UD", "ServiceNow \\ ITSM", SAML],
    ["zscaler_private_access", "Zscaler Private Access 2.0", "ZPA", SAML],
    ["google", "Google Workspace", "Google Workspace", SAML],
    ["zoomus", "Zoom", "Zoom", SAML],
    ["atlassian", "Atlassian Cloud", "Jira & Confluence", SAML],
    ["northwind_portal", "OpenID Connect Client", "Northwind portal", OIDC],
    ["boxnet", "Box", "Box", SAML],
    ["concur", "SAP Concur Solutions", "Reisekosten", SAML],
    ["docusign", "DocuSign", "DocuSign", SAML],
    ["zendesk", "Zendesk", "Zendesk support", SAML],
    ["tableau_online", "Tableau Cloud", "Tableau", SAML],
    ["snowflake", "Snowflake", "Snowflake (analytics)", SAML],
    ["figma", "Figma", "Figma", SAML],
    ["datadog", "Datadog", "Datadog", SAML],
    ["pagerduty", "PagerDuty", "PagerDuty", SAML],
    ["northwind_mobile", "OpenID Connect Client", "Northwind – mobile", OIDC],
    ["saasure", "Okta Admin Console", "Okta Admin Console", OIDC],
];
