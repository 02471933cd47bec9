//! This process's own secrets, known well enough to be left out of whatever is shown.
//!
//! A peer may echo what it was sent, and a person may paste a token into another setting. No secret
//! is kept here: each is known by keyed hashes of its windows of [`WINDOW`] bytes, so that a piece
//! of it is recognized too.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{LazyLock, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};

/// What stands in a secret's place.
const HIDDEN: &str = "[secret]";

/// Bytes of a secret that are recognized wherever they stand; a shorter secret is known as a whole.
const WINDOW: usize = 12;

/// A shorter secret could be a word of an ordinary sentence.
const SHORTEST: usize = 8;

/// A word after the name of a scheme that is as long as this and has a digit is a credential.
const SHORTEST_CREDENTIAL: usize = 16;

const SCHEMES: [&str; 4] = ["SSWS", "Bearer", "DPoP", "SharedKey"];

static KNOWN: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);

/// Leaves these secrets out of whatever is shown from now on, in place of what was known under the
/// same name before.
pub(crate) fn learn<'s>(name: &'static str, secrets: impl IntoIterator<Item = &'s str>) {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.learn(name, secrets);
}

/// `text` with [`HIDDEN`] in the place of every secret.
pub(super) fn hide(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.hide(text)
}

/// Hashes alone: nothing here can be turned back into a secret.
#[derive(Default)]
struct Known {
    hasher: RandomState,
    by_name: BTreeMap<&'static str, Vec<(usize, u64)>>,
    hashes: HashSet<u64>,
    lengths: BTreeSet<usize>,
}

impl Known {
    fn learn<'s>(&mut self, name: &'static str, secrets: impl IntoIterator<Item = &'s str>) {
        let mut windows = Vec::new();
        for secret in secrets.into_iter().filter(|it| it.len() >= SHORTEST) {
            for spelling in spellings(secret) {
                let bytes = spelling.expose_secret().as_bytes();
                let length = bytes.len().min(WINDOW);
                let hashes = bytes.windows(length);
                windows.extend(hashes.map(|it| (length, self.hasher.hash_one(it))));
            }
        }
        self.by_name.insert(name, windows);
        let all = self.by_name.values().flatten();
        (self.lengths, self.hashes) = all.copied().unzip();
    }

    fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut hidden = BTreeSet::new();
        for &length in &self.lengths {
            for (at, window) in text.as_bytes().windows(length).enumerate() {
                if self.hashes.contains(&self.hasher.hash_one(window)) {
                    hidden.extend(at..at + length);
                }
            }
        }
        credentials_by_shape(text, |at, length| hidden.extend(at..at + length));
        if hidden.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut shown = Vec::with_capacity(text.len());
        for (at, byte) in text.bytes().enumerate() {
            match hidden.contains(&at) {
                false => shown.push(byte),
                true if at > 0 && hidden.contains(&(at - 1)) => {}
                true => shown.extend_from_slice(HIDDEN.as_bytes()),
            }
        }
        Cow::Owned(String::from_utf8_lossy(&shown).into_owned())
    }
}

/// A secret as it may be echoed: plain, percent-encoded, JSON-escaped, or in base64 with up to two
/// bytes before it, such as the name of a scheme.
fn spellings(secret: &str) -> Vec<SecretString> {
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut all = vec![
        secret.to_owned(),
        percent
            .replace("%2B", "%2b")
            .replace("%2F", "%2f")
            .replace("%3D", "%3d"),
        percent,
        secret.replace('/', "\\/"),
        secret.replace('+', "\\u002B"),
    ];
    for shift in 0..3 {
        let shifted = [vec![0; shift], secret.as_bytes().to_vec()].concat();
        // The characters at both ends hold bits of what stands beside the secret.
        let inner = |text: String| {
            let (first, last) = (shift.min(1) * 4, usize::from(shifted.len() % 3 != 0) * 4);
            text.get(first..text.len().saturating_sub(last))
                .unwrap_or_default()
                .to_owned()
        };
        all.push(inner(STANDARD_NO_PAD.encode(&shifted)));
        all.push(inner(URL_SAFE_NO_PAD.encode(&shifted)));
    }
    all.sort_unstable();
    all.dedup();
    all.retain(|spelling| spelling.len() >= SHORTEST);
    all.into_iter().map(SecretString::from).collect()
}

/// Tells where credentials stand that are made for one request, and so are known by their shape
/// only: what follows a scheme or `sig=`, and signed tokens.
fn credentials_by_shape(text: &str, mut found: impl FnMut(usize, usize)) {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || "-._~+/=%:".contains(c);
    let (mut before, mut at) = ("", 0);
    for word in text.split(|c| !is_of_word(c)) {
        let long = |text: &str| {
            text.len() >= SHORTEST_CREDENTIAL && text.contains(|c: char| c.is_ascii_digit())
        };
        let signature = word.strip_prefix("sig=").filter(|it| long(it));
        let token = word
            .split('=')
            .find(|it| it.starts_with("eyJ") && it.contains('.') && long(it));
        let of_scheme = SCHEMES
            .iter()
            .any(|scheme| before.eq_ignore_ascii_case(scheme));
        if let Some(credential) = signature
            .or(token)
            .or((of_scheme && long(word)).then_some(word))
        {
            let offset = word.find(credential).unwrap_or_default();
            found(at + offset, credential.len());
        }
        at += word.len();
        at += text
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8);
        if !word.is_empty() {
            before = word;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "00zQxVt7LmWb3PkYr9NdHs5GcJf2TaRe8UwXo4iKlM";
    const KEY: &str = "q8Zt1v+wYh3/k9LmNc7PdBf5Gj2SxUo6TeWiAy4KzQ==";

    fn known(secrets: &[&str]) -> Known {
        let mut known = Known::default();
        known.learn("a test", secrets.iter().copied());
        known
    }

    #[test]
    fn a_secret_is_hidden_however_it_is_spelled() {
        let known = known(&[TOKEN, KEY]);
        let percent: String = url::form_urlencoded::byte_serialize(KEY.as_bytes()).collect();
        let json = KEY.replace('/', "\\/");
        let lower = percent
            .replace("%2F", "%2f")
            .replace("%2B", "%2b")
            .replace("%3D", "%3d");
        for told in [TOKEN, KEY, &percent, &lower, &json] {
            assert_eq!(known.hide(told), HIDDEN, "{told}");
        }
        for scheme in ["", "S", "SSWS ", "Bearer ", "SharedKey id:"] {
            let header = STANDARD_NO_PAD.encode(format!("{scheme}{TOKEN} and more"));
            let shown = known.hide(&header).into_owned();
            assert!(shown.contains(HIDDEN), "{shown}");
            let longest = shown.split(HIDDEN).map(str::len).max();
            assert!(longest < Some(WINDOW * 2 + 8), "{shown}");
        }
    }

    #[test]
    fn a_piece_of_a_secret_is_hidden_too() {
        let known = known(&[TOKEN]);
        let told = format!("no such token: {} in {}", &TOKEN[..20], &TOKEN[25..]);
        assert_eq!(known.hide(&told), "no such token: [secret] in [secret]");
    }

    #[test]
    fn a_short_secret_hides_itself_and_no_other_word() {
        let known = known(&["token", "hunter22"]);
        assert_eq!(known.hide("a token of hunter2"), "a token of hunter2");
        assert_eq!(known.hide("hunter22é"), "[secret]é");
    }

    #[test]
    fn a_new_secret_takes_the_place_of_the_old_one() {
        let mut known = known(&[TOKEN]);
        known.learn("a test", [KEY]);
        assert_eq!(known.hide(TOKEN), TOKEN);
        assert_eq!(known.hide(KEY), HIDDEN);
    }

    #[test]
    fn what_is_signed_for_one_request_is_told_by_its_shape() {
        let known = known(&[]);
        for (told, shown) in [
            (
                "got SharedKey 1111-22:Zm9vYmFyYmF6cXV4Zm9v= here",
                "got SharedKey [secret] here",
            ),
            (
                "a=1&sig=Zm9vYmFyYmF6cXV4Zm9v%3D&b=2",
                "a=1&sig=[secret]&b=2",
            ),
            (
                "client_assertion=eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln",
                "client_assertion=[secret]",
            ),
            ("write SSWS without a token", "write SSWS without a token"),
            ("the DPoP invalid_dpop_proof", "the DPoP invalid_dpop_proof"),
            ("é SSWS 00abcdefghijklmnop", "é SSWS [secret]"),
        ] {
            assert_eq!(known.hide(told), shown);
        }
    }
}
