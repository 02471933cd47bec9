//! A data collection rule as the Logs Ingestion API names it.
//!
//! <https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview>

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::log_analytics::tables::{self, Table};
use crate::net::address::{self, AddressError};
use crate::net::checked_text::{checked_text, is_word};

/// The rule's ingestion endpoint, which alone is sent tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IngestionEndpoint {
    base: Url,
    audience: &'static str,
}

/// How every ingestion endpoint of a cloud ends, whether it is a rule's own or a collection
/// endpoint's, and whose tokens it takes. The public cloud is the first.
const CLOUDS: [(&str, &str); 3] = [
    (".ingest.monitor.azure.com", "https://monitor.azure.com"),
    (".ingest.monitor.azure.us", "https://monitor.azure.us"),
    (".ingest.monitor.azure.cn", "https://monitor.azure.cn"),
];

fn audience(host: &str) -> Option<&'static str> {
    // `<name>.metrics.ingest.monitor.azure.com` stands beside the right one in the portal.
    let of_metrics = host.contains(".metrics.ingest.");
    let cloud = CLOUDS
        .iter()
        .find(|(suffix, _)| host.ends_with(suffix) && !of_metrics);
    cloud.map(|(_, audience)| *audience)
}

/// Why a text is not an ingestion endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No usable address at all.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Another service's: a token sent there would be in the wrong hands.
    #[error(
        "{0} is no logs ingestion endpoint, whose host ends in .ingest.monitor.azure.com (.us, \
         .cn); copy endpoints.logsIngestion from the data collection rule's JSON view, or Logs \
         ingestion from the data collection endpoint's overview"
    )]
    Elsewhere(String),
}

impl IngestionEndpoint {
    /// The address with `/` as path.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// What a token for this endpoint has to be asked for. One on this machine is the public
    /// cloud's.
    pub fn scope(&self) -> String {
        format!("{}/.default", self.audience)
    }
}

impl FromStr for IngestionEndpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<IngestionEndpoint, EndpointError> {
        let base = address::read_origin(text)?;
        let audience = match base.host_str().and_then(audience) {
            Some(audience) => audience,
            None if address::is_loopback(&base) => CLOUDS[0].1,
            None => return Err(EndpointError::Elsewhere(address::shown(text))),
        };
        Ok(IngestionEndpoint { base, audience })
    }
}

checked_text! {
    /// The rule's immutable id: `dcr-` and 32 hexadecimal digits.
    RuleId, check_id => RuleIdError
}

/// Why a text is not a rule's immutable id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is not dcr- and 32 hexadecimal digits; copy immutableId from the data collection rule's \
     JSON view, not its name or resource id"
)]
pub struct RuleIdError(String);

fn check_id(text: &str) -> Result<(), RuleIdError> {
    let digits = text.strip_prefix("dcr-").unwrap_or_default();
    match digits.len() == 32 && digits.bytes().all(|c| c.is_ascii_hexdigit()) {
        true => Ok(()),
        false => Err(RuleIdError(address::shown(text))),
    }
}

checked_text! {
    /// A stream that the rule declares: `Custom-` and a name, which is its table's by custom.
    StreamName, check_stream => StreamNameError
}

/// Why a text is not a stream's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is not Custom- and a name of letters, digits and underscores; write a stream that the \
     data collection rule declares, such as Custom-Okta_CL"
)]
pub struct StreamNameError(String);

fn check_stream(text: &str) -> Result<(), StreamNameError> {
    match is_word(text.strip_prefix("Custom-").unwrap_or_default(), 100) {
        true => Ok(()),
        false => Err(StreamNameError(address::shown(text))),
    }
}

/// A rule, where it takes calls, and the stream of its that takes events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `LOGS_INGESTION_ENDPOINT`.
    pub endpoint: IngestionEndpoint,
    /// `DCR_IMMUTABLE_ID`.
    pub id: RuleId,
    /// `DCR_STREAM`.
    pub events: StreamName,
}

impl Rule {
    /// The stream that feeds `table`.
    pub fn stream(&self, table: &'static Table) -> String {
        match table.name == tables::OKTA.name {
            true => self.events.to_string(),
            false => table.stream(),
        }
    }

    /// What a call for `table` goes to.
    pub fn request_url(&self, table: &'static Table) -> Url {
        let mut url = self.endpoint.base.clone();
        let (id, stream) = (&self.id, self.stream(table));
        url.set_path(&format!("/dataCollectionRules/{id}/streams/{stream}"));
        url.set_query(Some("api-version=2023-01-01"));
        url
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, base) = (&self.id, self.endpoint.base());
        write!(f, "data collection rule {id} at {base}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> IngestionEndpoint {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_token_is_asked_for_in_the_endpoints_own_cloud() {
        let table = [
            (
                "https://acme-x1y2.westeurope-1.ingest.monitor.azure.com",
                "com",
            ),
            ("acme.usgovvirginia-1.ingest.monitor.azure.us/", "us"),
            ("https://ACME.chinanorth3-1.ingest.monitor.azure.cn", "cn"),
            ("http://127.0.0.1:4711", "com"),
        ];
        for (text, cloud) in table {
            let due = format!("https://monitor.azure.{cloud}/.default");
            assert_eq!(endpoint(text).scope(), due, "{text}");
        }
    }

    #[test]
    fn only_an_ingestion_endpoint_is_one() {
        for text in [
            "https://acme.westeurope-1.handler.control.monitor.azure.com",
            "https://acme.westeurope-1.metrics.ingest.monitor.azure.com",
            "https://ingest.monitor.azure.com.example.com",
            "https://evil-ingest.monitor.azure.com",
            "https://monitor.azure.com",
            "https://11111111-2222-3333-4444-555555555555.ods.opinsights.azure.com",
        ] {
            let error = text.parse::<IngestionEndpoint>().unwrap_err();
            assert!(
                matches!(error, EndpointError::Elsewhere(_)),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn each_table_has_its_stream_on_the_one_rule() {
        let id = "dcr-0123456789abcdef0123456789ABCDEF";
        let rule = Rule {
            endpoint: endpoint("https://acme.westeurope-1.ingest.monitor.azure.com"),
            id: id.parse().unwrap(),
            events: "Custom-OktaEvents".parse().unwrap(),
        };
        let base = format!(
            "https://acme.westeurope-1.ingest.monitor.azure.com/dataCollectionRules/{id}/streams"
        );
        for (table, stream) in [
            (&tables::OKTA, "Custom-OktaEvents"),
            (&tables::CONNECTOR_HEALTH, "Custom-OktaConnectorHealth_CL"),
            (&tables::POSTURE, "Custom-OktaPosture_CL"),
        ] {
            assert_eq!(
                rule.request_url(table).as_str(),
                format!("{base}/{stream}?api-version=2023-01-01")
            );
        }
    }
}
