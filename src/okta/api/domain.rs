//! The Okta org's address.
use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::net::address::{self, AddressError};
use crate::telemetry::shown;

/// An Okta org, by the host it is used under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OktaDomain {
    base: Url,
    host: String,
}

/// Why a text is not an org's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OktaDomainError {
    /// Not an address at all, or one that may not be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The admin console answers under a host of its own, which serves no API.
    #[error("{shown} is the address of the admin console; write {org}")]
    AdminConsole {
        /// The value as an error may show it.
        shown: String,
        /// The org's own host.
        org: String,
    },
}

impl OktaDomain {
    /// The org's address with `/` as path: `https://acme.okta.com/`.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The host in lower case, without a port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The org that `url` leads to, if it is an address of one.
    pub(crate) fn of(url: &Url) -> Option<OktaDomain> {
        url.origin().ascii_serialization().parse().ok()
    }

    /// The address as a person writes it for `OKTA_DOMAIN`: without `https://`.
    pub fn as_written(&self) -> String {
        let origin = self.base.origin().ascii_serialization();
        let bare = origin.strip_prefix("https://");
        bare.unwrap_or(&origin).to_owned()
    }

    /// Whether `url` leads to `path` of this org and nowhere else: the credential may go there.
    pub(crate) fn has(&self, url: &Url, path: &str) -> bool {
        url.origin() == self.base.origin()
            && url.path() == path
            && url.username().is_empty()
            && url.password().is_none()
    }

    /// What state is kept under, good as the name of a folder or a blob: the host in lower case,
    /// with `_` and the port where that is not the scheme's own (`127.0.0.1_8080`). The colons of
    /// an IPv6 address become `-`.
    pub fn key(&self) -> String {
        let host = self.host.trim_matches(['[', ']']).replace(':', "-");
        match self.base.port() {
            Some(port) => format!("{host}_{port}"),
            None => host,
        }
    }
}

impl fmt::Display for OktaDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

impl FromStr for OktaDomain {
    type Err = OktaDomainError;

    fn from_str(text: &str) -> Result<OktaDomain, OktaDomainError> {
        let base = address::read_origin(text)?;
        let Some(host) = base.host_str().map(str::to_ascii_lowercase) else {
            unreachable!("an http or https address has a host");
        };
        match org_of_admin_console(&host) {
            Some(org) => Err(OktaDomainError::AdminConsole {
                shown: address::shown(text),
                org,
            }),
            None => Ok(OktaDomain { base, host }),
        }
    }
}

/// Where a URL leads, without what may be a secret in it.
pub(crate) fn shown_target(url: &Url) -> String {
    let user = match url.username().is_empty() && url.password().is_none() {
        true => "",
        false => "\u{2026}@",
    };
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}"));
    let port = port.unwrap_or_default();
    let text = format!("{}://{user}{host}{port}{}", url.scheme(), url.path());
    shown::excerpt(&text, 200)
}

/// Okta's own domains, under which `acme-admin` is the console of `acme`. Under a customer's
/// domain a host may end in `-admin` for any reason.
const OKTA_DOMAINS: [&str; 5] = [
    "okta.com",
    "oktapreview.com",
    "okta-emea.com",
    "okta-gov.com",
    "okta.mil",
];

fn org_of_admin_console(host: &str) -> Option<String> {
    let (label, domain) = host.split_once('.')?;
    let org = label.strip_suffix("-admin").filter(|org| !org.is_empty())?;
    OKTA_DOMAINS
        .contains(&domain)
        .then(|| format!("{org}.{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(text: &str) -> OktaDomain {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn one_org_has_one_key_however_it_is_written() {
        let spellings = [
            "acme.okta.com",
            "ACME.okta.com",
            "https://acme.okta.com",
            "HTTPS://Acme.Okta.com/",
            "https://acme.okta.com:443",
        ];
        for text in spellings {
            let domain = domain(text);
            assert_eq!(domain.key(), "acme.okta.com", "{text}");
            assert_eq!(domain.host(), "acme.okta.com", "{text}");
            assert_eq!(domain.base().as_str(), "https://acme.okta.com/", "{text}");
            assert_eq!(domain.to_string(), "acme.okta.com", "{text}");
        }
    }

    #[test]
    fn another_port_is_another_org() {
        assert_eq!(domain("http://127.0.0.1:8080").key(), "127.0.0.1_8080");
        assert_eq!(domain("http://127.0.0.1").key(), "127.0.0.1");
        assert_eq!(domain("http://[::1]:8080").key(), "--1_8080");
    }

    #[test]
    fn a_custom_domain_may_be_called_admin() {
        assert_eq!(
            domain("login-admin.acme.com").host(),
            "login-admin.acme.com"
        );
    }
}
