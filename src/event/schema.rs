//! The one schema of `Okta_CL`.
//!
//! Each [`Column`] says where a value stands in Okta's event and what type it has in the table;
//! its names on both ingestion roads follow from that. The 64 classic columns are those of
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
    /// Whose column it is.
    pub origin: Origin,
    /// Its values may look like GUIDs (or not, where it is one), so that the Data Collector's
    /// inference puts some into a twin column with the other suffix.
    pub twin: Option<Kind>,
    key: Option<&'static str>,
}

impl Column {
    const fn classic(path: &'static str, kind: Kind) -> Column {
        Column {
            path,
            kind,
            origin: Origin::Classic,
            twin: None,
            key: None,
        }
    }

    const fn added(path: &'static str, kind: Kind) -> Column {
        Column {
            path,
            kind,
            origin: Origin::Added,
            twin: None,
            key: None,
        }
    }

    const fn made(key: &'static str, kind: Kind) -> Column {
        Column {
            path: "",
            kind,
            origin: Origin::Added,
            twin: None,
            key: Some(key),
        }
    }

    const fn with_twin(mut self, kind: Kind) -> Column {
        self.twin = Some(kind);
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

    /// The name with which the column ends on the Data Collector road.
    pub fn classic_name(&self) -> String {
        self.key() + self.kind.suffix()
    }
}

use Kind::{Flag, Guid, Number, Text, Time};

/// Every column but the service's own, in the order in which Okta writes an event.
pub const COLUMNS: &[Column] = &[
    Column::classic("actor.id", Text),
    Column::classic("actor.type", Text),
    Column::classic("actor.alternateId", Text),
    Column::classic("actor.displayName", Text),
    Column::added("actor.detailEntry", Text),
    Column::classic("client.userAgent.rawUserAgent", Text),
    Column::classic("client.userAgent.os", Text),
    Column::classic("client.userAgent.browser", Text),
    Column::classic("client.zone", Text),
    Column::classic("client.device", Text),
    Column::added("client.id", Text),
    Column::classic("client.ipAddress", Text),
    Column::classic("client.geographicalContext.city", Text),
    Column::classic("client.geographicalContext.state", Text),
    Column::classic("client.geographicalContext.country", Text),
    Column::classic("client.geographicalContext.postalCode", Text),
    Column::classic("client.geographicalContext.geolocation.lat", Number),
    Column::classic("client.geographicalContext.geolocation.lon", Number),
    Column::added("device.id", Text),
    Column::added("device.name", Text),
    Column::added("device.os_platform", Text),
    Column::added("device.os_version", Text),
    Column::added("device.managed", Flag),
    Column::added("device.registered", Flag),
    Column::added("device.device_integrator", Text),
    Column::added("device.disk_encryption_type", Text),
    Column::added("device.screen_lock_type", Text),
    Column::added("device.jailbreak", Flag),
    Column::added("device.secure_hardware_present", Flag),
    Column::classic("authenticationContext.authenticationProvider", Text),
    Column::classic("authenticationContext.credentialProvider", Text),
    Column::classic("authenticationContext.credentialType", Text),
    Column::added("authenticationContext.issuer.id", Text),
    Column::added("authenticationContext.issuer.type", Text),
    Column::added("authenticationContext.interface", Text),
    Column::classic("authenticationContext.authenticationStep", Number),
    Column::added("authenticationContext.rootSessionId", Text),
    Column::classic("authenticationContext.externalSessionId", Text),
    Column::added("authenticationContext.authenticatorContext", Text),
    Column::classic("displayMessage", Text),
    Column::classic("eventType", Text),
    Column::classic("outcome.result", Text),
    Column::classic("outcome.reason", Text),
    Column::classic("published", Time),
    Column::classic("securityContext.asNumber", Number),
    Column::classic("securityContext.asOrg", Text),
    Column::classic("securityContext.isp", Text),
    Column::classic("securityContext.domain", Text),
    Column::classic("securityContext.isProxy", Flag),
    Column::added("securityContext.risk.level", Text),
    Column::added("securityContext.risk.previousLevel", Text),
    Column::added("securityContext.risk.reasons", Text),
    Column::added("securityContext.risk.detectionName", Text),
    Column::added("securityContext.risk.issuer", Text),
    Column::added("securityContext.ipDetails", Text),
    Column::added("securityContext.userBehaviors", Text),
    Column::added("securityContext.botProtection.level", Text),
    Column::classic("severity", Text),
    Column::classic("debugContext.debugData.initiationType", Text),
    Column::classic("debugContext.debugData.logOnlySecurityData", Text),
    Column::classic("debugContext.debugData.threatDetections", Text),
    Column::classic("debugContext.debugData.signOnMode", Text),
    Column::classic("debugContext.debugData.attributesModified", Text),
    Column::classic("debugContext.debugData.attributesAdded", Text),
    Column::classic("debugContext.debugData.attributesDeleted", Text),
    Column::classic("debugContext.debugData.groupAppAssignmentId", Text),
    Column::classic("debugContext.debugData.authnRequestId", Text).with_twin(Guid),
    Column::classic("debugContext.debugData.loginResult", Text),
    Column::classic("debugContext.debugData.requestId", Text).with_twin(Guid),
    Column::classic("debugContext.debugData.requestUri", Text),
    Column::classic("debugContext.debugData.url", Text),
    Column::classic("debugContext.debugData.deviceFingerprint", Guid).with_twin(Text),
    Column::classic("debugContext.debugData.factor", Text),
    Column::classic("debugContext.debugData.countryCallingCode", Text),
    Column::classic("debugContext.debugData.smsProvider", Text),
    Column::classic("debugContext.debugData.transactionId", Guid).with_twin(Text),
    Column::classic("debugContext.debugData.jobId", Text),
    Column::classic("debugContext.debugData.importType", Text),
    Column::classic("debugContext.debugData.appname", Text),
    Column::classic("debugContext.debugData.importLastToken", Text).with_twin(Guid),
    Column::classic("debugContext.debugData.importTrigger", Text),
    Column::classic("debugContext.debugData.threatSuspected", Text),
    Column::classic("debugContext.debugData.detailedmessage", Text),
    Column::classic("legacyEventType", Text),
    Column::classic("transaction.type", Text),
    Column::classic("transaction.id", Text).with_twin(Guid),
    Column::added("transaction.detail", Text),
    Column::classic("uuid", Guid).with_twin(Text),
    Column::classic("version", Text),
    Column::classic("request.ipChain", Text),
    Column::classic("target", Text),
    Column::made(DEBUG_DATA, Text),
    Column::made(ADDITIONAL, Text),
    Column::made(DOMAIN, Text),
    Column::made(TRUNCATED, Number),
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

    #[test]
    fn the_rows_bitmap_has_a_bit_for_every_column() {
        assert!(COLUMNS.len() <= 128);
    }
}
