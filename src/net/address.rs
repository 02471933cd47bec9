//! How an address may be written in a setting: `https`, or `http` to this very machine.
//!
//! A URL parser alone is too kind for this: it takes `https:/acme`, `https:acme` and user info
//! without a word. Here every such slip is an error that shows what to write instead.

use url::{Host, Url};

/// Why a text is not an address that may be used. `write` is the corrected address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("{shown} has a space or a control character in it; write the address alone")]
    Space { shown: String },
    #[error("{shown} does not begin with https://; write {write}")]
    Scheme { shown: String, write: String },
    #[error("{shown} has a user name or a password in it; write {write}")]
    UserInfo { shown: String, write: String },
    #[error("{shown} has a query or a fragment; write {write}")]
    Query { shown: String, write: String },
    #[error("{shown} has a path; write {write}")]
    Path { shown: String, write: String },
    #[error("{shown} is plain http, which is for loopback addresses only; write {write}")]
    PlainHttp { shown: String, write: String },
    #[error(
        "{shown} cannot be used ({problem}); write a host name in full, such as acme.example.com"
    )]
    Host { shown: String, problem: String },
}

/// Reads an address with a path. Without a scheme it is `https`.
///
/// # Errors
/// Whatever is wrong with `text`, first things first.
pub(crate) fn read(text: &str) -> Result<Url, AddressError> {
    let shown = shown(text);
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(AddressError::Space { shown });
    }
    let (scheme, rest) = split_scheme(text);
    // Anything before a `@` may be a password, wherever a parser would see it.
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let (authority, tail) = host.split_at(host.find(PATH_BEGINS).unwrap_or(host.len()));
    let path = tail.split(['?', '#']).next().unwrap_or_default();
    let https = format!("https://{authority}");
    let write = match scheme {
        Scheme::Http => format!("http://{authority}"),
        Scheme::Https | Scheme::Misspelt => https.clone(),
    };
    if host.len() < rest.len() {
        return Err(AddressError::UserInfo { shown, write });
    }
    if scheme == Scheme::Misspelt {
        return Err(AddressError::Scheme { shown, write });
    }
    let parsed = Url::parse(&write).map_err(|error| error.to_string());
    let mut url = match parsed.and_then(with_good_host) {
        Ok(url) => url,
        Err(problem) => return Err(AddressError::Host { shown, problem }),
    };
    if scheme == Scheme::Http && !is_loopback(&url) {
        let write = https;
        return Err(AddressError::PlainHttp { shown, write });
    }
    if path.len() < tail.len() {
        let write = write + path;
        return Err(AddressError::Query { shown, write });
    }
    url.set_path(path);
    Ok(url)
}

/// Reads an address that is a host and perhaps a port, with no path but `/`.
///
/// # Errors
/// As [`read`], and for a path.
pub(crate) fn read_origin(text: &str) -> Result<Url, AddressError> {
    let (origin, rest) = text.split_at(before_path(text).len());
    // The origin first: an error about it should not show the path of a pasted request.
    let bare = read(origin)?;
    if rest.is_empty() || rest == "/" {
        return Ok(bare);
    }
    let (shown, write) = (shown(text), bare.origin().ascii_serialization());
    match rest.starts_with(['/', '\\']) {
        true => Err(AddressError::Path { shown, write }),
        false => Err(AddressError::Query { shown, write }),
    }
}

/// The scheme, host and port of `text` as written.
pub(crate) fn before_path(text: &str) -> &str {
    let (_, rest) = split_scheme(text);
    let scheme_length = text.len() - rest.len();
    // User info may hold any of these characters; the host is what follows the last `@`.
    let user_info = rest.rfind('@').map_or(0, |at| at + 1);
    let (_, host) = rest.split_at(user_info);
    let host_length = host.find(PATH_BEGINS).unwrap_or(host.len());
    text.split_at(scheme_length + user_info + host_length).0
}

/// Whether `url` stays on this machine: 127.0.0.0/8, `[::1]` or `localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// `text` in quotes for an error, less what may be a secret: a query, user info, a connection
/// string, or a long word that is no address at all and may have been meant for another setting.
pub(crate) fn shown(text: &str) -> String {
    let (text, end) = match text.split_once(['?', '#']) {
        Some((address, _)) => (address, "?…"),
        None => (text, ""),
    };
    let lower = text.to_ascii_lowercase();
    let assigned = ["key=", "sig=", "signature=", "token=", "secret="];
    let long_word = text.len() >= 30 && !text.contains(['.', ':']) && !is_guid_like(text);
    if long_word || text.contains(';') || assigned.iter().any(|name| lower.contains(name)) {
        return "the value (not shown, it may be a secret in the wrong place)".to_owned();
    }
    let (start, text) = match text.rsplit_once('@') {
        Some((_, host)) => ("…@", host),
        None => ("", text),
    };
    let short: String = text.chars().take(100).collect();
    let end = if short.len() < text.len() { "…" } else { end };
    format!("{:?}", format!("{start}{short}{end}"))
}

/// Too long or too short a GUID is a slip of the hand, not a secret.
fn is_guid_like(text: &str) -> bool {
    text.len() <= 40
        && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
        && text.contains('-')
}

const PATH_BEGINS: [char; 4] = ['/', '\\', '?', '#'];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Https,
    Http,
    Misspelt,
}

/// The scheme, and what follows it and its `://`.
fn split_scheme(text: &str) -> (Scheme, &str) {
    let word_end = text
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(text.len());
    let (word, after) = text.split_at(word_end);
    let scheme = match word.to_ascii_lowercase().as_str() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        _ => Scheme::Misspelt,
    };
    if let Some(rest) = after.strip_prefix("://")
        && !rest.starts_with('/')
    {
        return (scheme, rest);
    }
    let known_word = scheme != Scheme::Misspelt && after.starts_with([':', '/']);
    if known_word || after.starts_with(":/") {
        return (Scheme::Misspelt, after.trim_start_matches([':', '/']));
    }
    (Scheme::Https, text)
}

fn with_good_host(url: Url) -> Result<Url, String> {
    let Some(Host::Domain(name)) = url.host() else {
        return Ok(url);
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let problem = match name {
        _ if !name.chars().all(allowed) => "a letter of it is not allowed in a host name",
        _ if name.split('.').any(str::is_empty) => "two dots in a row, or one at an end",
        _ if !name.contains('.') && name != "localhost" => "it has no dot",
        _ => return Ok(url),
    };
    Err(problem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_scheme_is_https() {
        assert_eq!(
            read("acme.okta.com").unwrap().as_str(),
            "https://acme.okta.com/"
        );
        assert_eq!(
            read("acme.okta.com:8443").unwrap().as_str(),
            "https://acme.okta.com:8443/"
        );
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for local in ["127.0.0.1:1", "127.9.9.9", "[::1]:80", "localhost:7071"] {
            assert!(read(&format!("http://{local}")).is_ok(), "{local}");
        }
        for remote in [
            "acme.okta.com",
            "127.0.0.1.example.com",
            "0.0.0.0",
            "[::2]",
            "10.0.0.1",
        ] {
            let error = read(&format!("http://{remote}")).unwrap_err();
            assert!(
                matches!(error, AddressError::PlainHttp { .. }),
                "{remote}: {error}"
            );
        }
    }

    #[test]
    fn a_misspelt_scheme_is_not_guessed_at() {
        let slips = [
            "htps://a.b",
            "https:/a.b",
            "https:a.b",
            "https//a.b",
            "https:///a.b",
            "HTTP:/a.b",
        ];
        for slip in slips {
            let error = read(slip).unwrap_err();
            let AddressError::Scheme { write, .. } = &error else {
                panic!("{slip}: {error}")
            };
            assert_eq!(write, "https://a.b", "{slip}");
        }
    }

    #[test]
    fn an_error_shows_no_password_and_no_signature() {
        let secrets = [
            "https://user:hunter2@acme.okta.com",
            "https://user:hun/ter2?hunter2#hunter2@acme.okta.com/hunter",
            "https://acme.blob.core.windows.net/?sig=hunter2",
            "https://acme.blob.core.windows.net#hunter2",
            "hunter2hunter2hunter2hunter2hunter2",
        ];
        for secret in secrets {
            for error in [read(secret).unwrap_err(), read_origin(secret).unwrap_err()] {
                assert!(!error.to_string().contains("hunter2"), "{secret}: {error}");
            }
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic() {
        for text in [
            "",
            "@",
            "://",
            "https://",
            "http://@",
            "é://é",
            "a:/",
            "?",
            "#@/",
            "https://[",
            "é.é@",
        ] {
            let _ = (
                read(text),
                read_origin(text),
                before_path(text),
                shown(text),
            );
        }
    }
}
