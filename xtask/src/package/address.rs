//! The one address that all of a release lies under.

use std::fmt;
use std::str::FromStr;

use anyhow::bail;

/// What the checkout's files have in its place; a name that leads nowhere, so that a template that
/// nobody published cannot fetch somebody else's package.
pub(crate) const PLACEHOLDER: &str = "https://okta-sentinel.invalid/release";

/// A folder on the web, without `/` at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl(String);

impl BaseUrl {
    /// The text with every address under the placeholder, written plainly or as part of another
    /// address, led here instead.
    pub(crate) fn put_into(&self, text: &str) -> String {
        text.replace(PLACEHOLDER, &self.0)
            .replace(&encoded(PLACEHOLDER), &encoded(&self.0))
    }
}

impl FromStr for BaseUrl {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<BaseUrl> {
        let base = text.trim_end_matches('/');
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._~/:".contains(letter);
        match base.strip_prefix("https://") {
            Some(rest) if rest.contains('.') && base.chars().all(allowed) => {
                Ok(BaseUrl(base.to_owned()))
            }
            _ => bail!(
                "{text} is no address of a folder; write https:// and a host and a path without query, where the release will lie"
            ),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address as part of another one.
fn encoded(address: &str) -> String {
    address.replace(':', "%3A").replace('/', "%2F")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_placeholder_is_led_to_the_release() {
        let base: BaseUrl = "https://example.org/okta/v1/".parse().unwrap();
        let text = "a https://okta-sentinel.invalid/release/x.zip b/uri/https%3A%2F%2Fokta-sentinel.invalid%2Frelease%2Fy";
        assert_eq!(
            base.put_into(text),
            "a https://example.org/okta/v1/x.zip b/uri/https%3A%2F%2Fexample.org%2Fokta%2Fv1%2Fy"
        );
    }

    #[test]
    fn only_a_folder_over_https_is_taken() {
        for wrong in [
            "http://example.org/a",
            "example.org",
            "https://a.org/x?y=1",
            "https://a.org/%20",
            "",
        ] {
            assert!(wrong.parse::<BaseUrl>().is_err(), "{wrong}");
        }
    }
}
