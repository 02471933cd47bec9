//! Who this program is to Azure where no key says so: the function app's managed identity, or the
//! developer's own sign-in.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::ClientOptions;
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId,
};

use crate::net::http::azure_client_options;

/// One request for a token, without its retries. The platform's endpoint is on this machine.
const TOKEN_LIMIT: Duration = Duration::from_secs(10);

/// Bytes of an answer with a token, and more.
const MOST_OF_A_TOKEN: usize = 64_000;

/// Whose tokens are asked for. As a [`TokenCredential`] it keeps none: it asks anew every time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The function app's, in Azure.
    Managed {
        /// The client id of a user-assigned one; without it, the system-assigned one.
        client_id: Option<String>,
    },
    /// That of whoever signed in here (`az login`, `azd auth login`).
    Developer,
}

impl Identity {
    /// What asks for tokens, and keeps them until five minutes before their end. Asks for none yet.
    ///
    /// # Errors
    /// Where this machine's variables speak of a kind of identity that cannot be used.
    pub fn credential(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        Ok(match self {
            Identity::Managed { client_id } => {
                let options = ManagedIdentityCredentialOptions {
                    user_assigned_id: client_id.clone().map(UserAssignedId::ClientId),
                    client_options: client_options()?,
                };
                ManagedIdentityCredential::new(Some(options))?
            }
            Identity::Developer => DeveloperToolsCredential::new(None)?,
        })
    }

    /// What to mend when there is no token to be had.
    pub fn remedy(&self) -> &'static str {
        match self {
            Identity::Managed { client_id: None } => {
                "turn the function app's managed identity on, or set AZURE_CLIENT_ID to the client \
                 id of a user-assigned one"
            }
            Identity::Managed { client_id: Some(_) } => {
                "assign the identity that AZURE_CLIENT_ID names to the function app"
            }
            Identity::Developer => {
                "sign in (`az login`); in Azure, turn the function app's managed identity on"
            }
        }
    }
}

#[async_trait]
impl TokenCredential for Identity {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.credential()?.get_token(scopes, options).await
    }
}

/// No redirects, and no proxy: what a platform's token endpoint is told is for this machine alone.
fn client_options() -> azure_core::Result<ClientOptions> {
    let transport = reqwest::Client::builder()
        .connect_timeout(TOKEN_LIMIT)
        .timeout(TOKEN_LIMIT)
        .no_proxy();
    azure_client_options(transport, MOST_OF_A_TOKEN)
        .map_err(|error| azure_core::Error::new(ErrorKind::Credential, error))
}
