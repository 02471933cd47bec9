//! Who asks Okta: a service app where one is set, else the owner of an API token.

use secrecy::SecretString;

use crate::okta::api::credential::client_id::ClientId;
use crate::okta::api::credential::private_key::PrivateKey;
use crate::settings::catalogue::{OKTA_API_TOKEN, OKTA_CLIENT_ID, OKTA_KEY_ID, OKTA_PRIVATE_KEY};
use crate::settings::reader::SettingsReader;

/// Who asks Okta.
#[derive(Clone, Debug)]
pub enum CredentialSettings {
    /// The SSWS token: visible ASCII, without its scheme.
    ApiToken(SecretString),
    /// A service app that signs in by itself.
    ServiceApp {
        /// Its public name.
        client_id: ClientId,
        /// What it signs in with, under the id that `OKTA_KEY_ID` or the JWK gives.
        key: PrivateKey,
    },
}

impl CredentialSettings {
    pub(super) fn read(reader: &mut SettingsReader<'_>) -> Option<CredentialSettings> {
        if reader.is_set(&OKTA_CLIENT_ID) || reader.is_set(&OKTA_PRIVATE_KEY) {
            if reader.is_set(&OKTA_API_TOKEN) {
                let why = "the service app signs in, because OKTA_CLIENT_ID is set";
                reader.unused(&OKTA_API_TOKEN, why);
            }
            return service_app(reader);
        }
        if reader.is_set(&OKTA_KEY_ID) {
            let why = "no service app signs in, because OKTA_CLIENT_ID is not set";
            reader.unused(&OKTA_KEY_ID, why);
        }
        let token = reader.required(
            &OKTA_API_TOKEN,
            "make a token in the Okta admin console under Security > API > Tokens, or set \
             OKTA_CLIENT_ID and OKTA_PRIVATE_KEY of a service app",
            token,
        );
        Some(CredentialSettings::ApiToken(token?))
    }
}

fn service_app(reader: &mut SettingsReader<'_>) -> Option<CredentialSettings> {
    let client_id = reader.required(
        &OKTA_CLIENT_ID,
        "OKTA_PRIVATE_KEY needs it; copy the Client ID from the service app's General tab",
        str::parse::<ClientId>,
    );
    let key = reader.required(
        &OKTA_PRIVATE_KEY,
        "OKTA_CLIENT_ID needs it; add a key to the service app on its General tab and paste the \
         private half",
        str::parse::<PrivateKey>,
    );
    let id = reader.optional(&OKTA_KEY_ID, key_id);
    let (client_id, mut key) = (client_id?, key?);
    if let Some(id) = id {
        if key.id().is_some_and(|own| own != id) {
            let warning = "OKTA_KEY_ID differs from the kid in OKTA_PRIVATE_KEY, and wins";
            reader.warn(warning.to_owned());
        }
        key = key.with_id(id);
    }
    Some(CredentialSettings::ServiceApp { client_id, key })
}

fn key_id(text: &str) -> Result<String, &'static str> {
    let good = text.len() <= 200
        && !text.starts_with("-----")
        && text.chars().all(|c| c.is_ascii_graphic());
    good.then(|| text.to_owned()).ok_or(
        "the value is no key id; copy the KID beside the key on the service app's General tab, or \
         leave it out if the app has one key alone",
    )
}

fn token(text: &str) -> Result<SecretString, &'static str> {
    let token = match text.split_once(char::is_whitespace) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("SSWS") => token.trim_start(),
        None if text.eq_ignore_ascii_case("SSWS") => {
            return Err("the value is SSWS without a token; write the token alone");
        }
        _ => text,
    };
    if token.contains(char::is_whitespace) {
        return Err("the value has a space or a line break inside; copy the token alone");
    }
    match token.chars().all(|c| c.is_ascii_graphic()) {
        true => Ok(token.into()),
        false => Err("the value has a character that no token has; copy the token again"),
    }
}
