//! The one schema of `Okta_CL`.
//!
//! Each [`Column`] says where a value stands in Okta's event and what type it has in the table;
//! its names by both ingestion APIs follow from that. The 64 classic columns are those of
//! Microsoft's own connector (its capture in Azure-Sentinel, `CustomTables/Okta_CL.json`); the
//! added ones hold what that connector drops. Everything else goes to one of two catch-alls.

/// The table's name without the `_CL` that custom tables end with; the default of `LOG_TYPE`.
pub const LOG_TYPE: &str = "Okta";

/// Longest column name that Azure Monitor takes, suffix included.
pub const MAX_COLUMN_NAME: usize = 45;

/// Longest value in bytes that we send. The Data Collector cuts at 32 KB without a word; we cut
/// below that, so that JSON stays valid and the row says how much is missing.
pub const MAX_VALUE: usize = 32_000;

/// Keys of `debugContext.debugData` that have no column of their own, as one JSON object.
pub const DEBUG_DATA: &str = "debugContext_debugData";

/// Everything else that has no column, as one JSON object in the event's own nesting.
pub const ADDITIONAL: &str = "additionalFields";

/// The org's host, since one table may hold several orgs.
pub const DOMAIN: &str = "domain";

/// Bytes cut from this row's values; absent when none was.
pub const TRUNCATED: &str = "truncated";

/// A column's type, which is also the suffix of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `_s`: text, or an array or object as JSON text.
    Text,
    /// `_d`: a double.
    Number,
    /// `_b`: true or false.
    Flag,
    /// `_t`: a time.
    Time,
    /// `_g`: a GUID, held as text.
    Guid,
}

impl Kind {
    /// What the Data Collector appends to a property of this type.
    pub const fn suffix(self) -> &'static str {
        match self {
            Kind::Text => "_s",
            Kind::Number => "_d",
            Kind::Flag => "_b",
            Kind::Time => "_t",
            Kind::Guid => "_g",
        }
    }

    /// The column's type in a table and in a stream. A stream may not have `guid`, and the Data
    /// Collector's `_g` columns are strings too.
    pub const fn column_type(self) -> &'static str {
        match self {
            Kind::Text | Kind::Guid => "string",
            Kind::Number => "real",
            Kind::Flag => "boolean",
            Kind::Time => "datetime",
        }
    }
}

/// Where a column comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// One of the 64 columns that Microsoft's connector fills.
    Classic,
    /// Ours, for what that connector drops.
    Added,
}

/// One column of `Okta_CL` and its place in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Keys from the event's root, joined by dots; empty for columns that no one key fills.
    pub path: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What it holds, in one line for the table's reader.
    pub doc: &'static str,
    /// Whose column it is.
    pub origin: Origin,
    /// The type of the alternate-suffix column. Some values look like GUIDs (or not, where the
    /// column is one), and the Data Collector's inference puts those there.
    pub alternate: Option<Kind>,
    key: Option<&'static str>,
}

impl Column {
    const fn classic(path: &'static str, kind: Kind, doc: &'static str) -> Column {
        Column {
            path,
            kind,
            doc,
            origin: Origin::Classic,
            alternate: None,
            key: None,
        }
    }

    const fn added(path: &'static str, kind: Kind, doc: &'static str) -> Column {
        Column {
            origin: Origin::Added,
            ..Column::classic(path, kind, doc)
        }
    }

    /// A column that no key of an event fills, in this table or in another of the workspace.
    pub const fn synthetic(key: &'static str, kind: Kind, doc: &'static str) -> Column {
        Column {
            key: Some(key),
            ..Column::added("", kind, doc)
        }
    }

    const fn with_alternate(mut self, kind: Kind) -> Column {
        self.alternate = Some(kind);
        self
    }

    /// The flat key without suffix that the Data Collector is sent.
    pub fn key(&self) -> String {
        self.key
            .map_or_else(|| self.path.replace('.', "_"), str::to_owned)
    }

    /// The column's full name in the table, as Logs Ingestion is sent it.
    pub fn name(&self) -> String {
        // 46 characters: the Data Collector made it so in every workspace that has it, a table
        // of today cannot have it. The parser gives the classic name back.
        if self.path == "authenticationContext.authenticationProvider" {
            return "authenticationContext_authnProvider_s".to_owned();
        }
        self.classic_name()
    }

    /// The name with which the column ends by the Data Collector API.
    pub fn classic_name(&self) -> String {
        self.key() + self.kind.suffix()
    }

    /// The column that the Data Collector makes beside this one, if it makes one.
    pub fn alternate_name(&self) -> Option<String> {
        Some(self.key() + self.alternate?.suffix())
    }
}

use Kind::{Flag, Guid, Number, Text, Time};

/// Every column but the service's own, in the order in which Okta writes an event.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = &[
    Column::classic("actor.id", Text, "Okta's id of who acted; a user's begins with 00u"),
    Column::classic("actor.type", Text, "What acted: User, SystemPrincipal, PublicClientApp and others"),
    Column::classic("actor.alternateId", Text, "The actor's second name; for a user the login, or what was typed in its place, be it a password"),
    Column::classic("actor.displayName", Text, "The actor's name for people; for a user the full name"),
    Column::added("actor.detailEntry", Text, "More about the actor, as a JSON object"),
    Column::classic("client.userAgent.rawUserAgent", Text, "The User-Agent header as the client sent it"),
    Column::classic("client.userAgent.os", Text, "The operating system that Okta reads from the user agent"),
    Column::classic("client.userAgent.browser", Text, "The browser that Okta reads from the user agent"),
    Column::classic("client.zone", Text, "The network zone that decided which policy rule applied; the text null occurs"),
    Column::classic("client.device", Text, "The kind of device: Computer, Mobile, Unknown and others"),
    Column::added("client.id", Text, "The OAuth client that made the request, or the agent of a request with an API token"),
    Column::classic("client.ipAddress", Text, "The client's IP address"),
    Column::classic("client.geographicalContext.city", Text, "The city that the client's IP address is registered to"),
    Column::classic("client.geographicalContext.state", Text, "The state or province that the client's IP address is registered to"),
    Column::classic("client.geographicalContext.country", Text, "The country that the client's IP address is registered to, by its English name"),
    Column::classic("client.geographicalContext.postalCode", Text, "The postal code that the client's IP address is registered to"),
    Column::classic("client.geographicalContext.geolocation.lat", Number, "The latitude of that place, in degrees"),
    Column::classic("client.geographicalContext.geolocation.lon", Number, "The longitude of that place, in degrees"),
    Column::added("device.id", Text, "Okta's id of the device"),
    Column::added("device.name", Text, "The device's name"),
    Column::added("device.os_platform", Text, "The device's operating system"),
    Column::added("device.os_version", Text, "The version of the device's operating system"),
    Column::added("device.managed", Flag, "Whether the device is managed"),
    Column::added("device.registered", Flag, "Whether the device is registered with Okta"),
    Column::added("device.device_integrator", Text, "What an integrated endpoint security product reports of the device, as JSON"),
    Column::added("device.disk_encryption_type", Text, "How the device's disk is encrypted"),
    Column::added("device.screen_lock_type", Text, "How the device's screen is locked"),
    Column::added("device.jailbreak", Flag, "Whether the device was jailbroken or rooted"),
    Column::added("device.secure_hardware_present", Flag, "Whether the device keeps keys in secure hardware"),
    Column::classic("authenticationContext.authenticationProvider", Text, "What verified the credentials"),
    Column::classic("authenticationContext.credentialProvider", Text, "The service that manages the credential: OKTA_CREDENTIAL_PROVIDER, RSA, GOOGLE and others"),
    Column::classic("authenticationContext.credentialType", Text, "The kind of credential: PASSWORD, OTP, ASSERTION and others"),
    Column::added("authenticationContext.issuer.id", Text, "The id of who issued the credential"),
    Column::added("authenticationContext.issuer.type", Text, "The kind of issuer"),
    Column::added("authenticationContext.interface", Text, "The interface that was used, such as Outlook or Office365"),
    Column::classic("authenticationContext.authenticationStep", Number, "The step in the authentication pipeline; Okta always writes 0"),
    Column::added("authenticationContext.rootSessionId", Text, "The session at the root of the actor's sessions; joins events whose externalSessionId differs"),
    Column::classic("authenticationContext.externalSessionId", Text, "The session's id in the log, by which a session's events are joined; not the id that Okta's sessions API takes"),
    Column::added("authenticationContext.authenticatorContext", Text, "How an authenticator was used, FastPass among them: binding, signer, origin; as a JSON object"),
    Column::classic("displayMessage", Text, "What happened, in a few words for people"),
    Column::classic("eventType", Text, "What happened, by its name in Okta's catalogue: user.session.start"),
    Column::classic("outcome.result", Text, "SUCCESS, FAILURE, ALLOW, DENY, CHALLENGE, SKIPPED, UNKNOWN and others"),
    Column::classic("outcome.reason", Text, "Why the outcome is what it is: INVALID_CREDENTIALS"),
    Column::classic("published", Time, "When Okta published the event, UTC; right for late events too, which TimeGenerated is not"),
    Column::classic("securityContext.asNumber", Number, "The number of the autonomous system that the client's IP address belongs to"),
    Column::classic("securityContext.asOrg", Text, "The organization that the autonomous system is registered to"),
    Column::classic("securityContext.isp", Text, "The internet service provider of the client's IP address"),
    Column::classic("securityContext.domain", Text, "The domain of the client's IP address; not the org's, which is domain_s"),
    Column::classic("securityContext.isProxy", Flag, "Whether the client's IP address is a known proxy or anonymizer"),
    Column::added("securityContext.risk.level", Text, "The risk that Okta sees: LOW, MEDIUM or HIGH"),
    Column::added("securityContext.risk.previousLevel", Text, "The risk before this event"),
    Column::added("securityContext.risk.reasons", Text, "Why the risk is what it is, as text or as JSON"),
    Column::added("securityContext.risk.detectionName", Text, "The detection that raised the risk"),
    Column::added("securityContext.risk.issuer", Text, "Who reported the risk"),
    Column::added("securityContext.ipDetails", Text, "What is known of the client's IP address, as JSON"),
    Column::added("securityContext.userBehaviors", Text, "What behaviour detection found, as JSON"),
    Column::added("securityContext.botProtection.level", Text, "How likely the client is a bot"),
    Column::classic("severity", Text, "DEBUG, INFO, WARN or ERROR"),
    Column::classic("debugContext.debugData.initiationType", Text, "Whether a sign-in began at the service provider or at Okta"),
    Column::classic("debugContext.debugData.logOnlySecurityData", Text, "Risk and behaviours of a sign-in, as JSON text of Okta's own"),
    Column::classic("debugContext.debugData.threatDetections", Text, "What ThreatInsight detected, as JSON text"),
    Column::classic("debugContext.debugData.signOnMode", Text, "The protocol of a sign-in to an app: SAML 2.0, OpenID Connect and others"),
    Column::classic("debugContext.debugData.attributesModified", Text, "Attributes of a profile that were changed"),
    Column::classic("debugContext.debugData.attributesAdded", Text, "Attributes of a profile that were added"),
    Column::classic("debugContext.debugData.attributesDeleted", Text, "Attributes of a profile that were removed"),
    Column::classic("debugContext.debugData.groupAppAssignmentId", Text, "The assignment of an app to a group that an event is about"),
    Column::classic("debugContext.debugData.authnRequestId", Text, "The request that began the authentication").with_alternate(Guid),
    Column::classic("debugContext.debugData.loginResult", Text, "The result of a login, in Okta's inner names"),
    Column::classic("debugContext.debugData.requestId", Text, "The HTTP request that caused the event").with_alternate(Guid),
    Column::classic("debugContext.debugData.requestUri", Text, "The path that was requested"),
    Column::classic("debugContext.debugData.url", Text, "The path that was requested, with its query"),
    Column::classic("debugContext.debugData.deviceFingerprint", Guid, "A fingerprint of the browser, made by the client and so easily forged").with_alternate(Text),
    Column::classic("debugContext.debugData.factor", Text, "The factor that was used: OKTA_VERIFY_PUSH, SIGNED_NONCE (FastPass) and others"),
    Column::classic("debugContext.debugData.countryCallingCode", Text, "The calling code of a telephone factor's number"),
    Column::classic("debugContext.debugData.smsProvider", Text, "The provider that sent a text message"),
    Column::classic("debugContext.debugData.transactionId", Guid, "The transaction of a multifactor challenge; not the event's own, which is transaction_id_s").with_alternate(Text),
    Column::classic("debugContext.debugData.jobId", Text, "The import or provisioning job"),
    Column::classic("debugContext.debugData.importType", Text, "Whether an import was full or incremental"),
    Column::classic("debugContext.debugData.appname", Text, "The app that an event is about, by its key in Okta's catalogue"),
    Column::classic("debugContext.debugData.importLastToken", Text, "Where the last import from a directory ended").with_alternate(Guid),
    Column::classic("debugContext.debugData.importTrigger", Text, "What started an import"),
    Column::added("debugContext.debugData.privilegeGranted", Text, "The administrator roles that an event granted, by their names, joined by commas"),
    Column::classic("debugContext.debugData.threatSuspected", Text, "Whether ThreatInsight suspects a threat: the text true or false"),
    Column::classic("debugContext.debugData.detailedmessage", Text, "A longer message of an agent or an import"),
    Column::classic("legacyEventType", Text, "The event's name in Okta's Events API of old"),
    Column::classic("transaction.type", Text, "What caused the event: WEB or JOB"),
    Column::classic("transaction.id", Text, "The operation that the event belongs to; joins events that one request caused").with_alternate(Guid),
    Column::added("transaction.detail", Text, "More about the transaction, such as the id of the API token in use, as a JSON object"),
    Column::classic("uuid", Guid, "The event's own id; the same in a row that came twice").with_alternate(Text),
    Column::classic("version", Text, "The version of Okta's event format, always 0"),
    Column::classic("request.ipChain", Text, "The IP addresses that the request came through, nearest the client first, as a JSON array"),
    Column::classic("target", Text, "What was acted upon: an array of objects with id, type, alternateId, displayName and detailEntry, as JSON"),
    Column::synthetic(DEBUG_DATA, Text, "The keys of debugData that have no column of their own, as a JSON object"),
    Column::synthetic(ADDITIONAL, Text, "Everything else that has no column, as a JSON object in the event's own nesting"),
    Column::synthetic(DOMAIN, Text, "The host of the Okta org that the event comes from"),
    Column::synthetic(TRUNCATED, Number, "How many bytes were cut from this row's values, each of which may hold 32,000; absent where none was"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn sixty_four_columns_are_the_classic_ones() {
        assert_eq!(
            COLUMNS
                .iter()
                .filter(|c| c.origin == Origin::Classic)
                .count(),
            64
        );
    }

    #[test]
    fn every_name_fits_a_table_of_today_and_is_there_once() {
        let names: HashSet<String> = COLUMNS.iter().map(Column::name).collect();
        assert_eq!(names.len(), COLUMNS.len());
        for name in names {
            assert!(
                name.len() <= MAX_COLUMN_NAME,
                "{name} has {} characters",
                name.len()
            );
        }
    }
}
