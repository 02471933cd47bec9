//! The parts put together as the settings say. Opens no connection.

use std::sync::Arc;

use url::Url;

use crate::log_analytics::data_collector::DataCollector;
use crate::log_analytics::local_folder::LocalWorkspace;
use crate::log_analytics::logs_ingestion::LogsIngestion;
use crate::log_analytics::sink::Sink;
use crate::net::http::http_client;
use crate::okta::api::client::Client;
use crate::okta::api::credential::Credential;
use crate::okta::api::credential::service_app::ServiceApp;
use crate::okta::api::domain::OktaDomain;
use crate::okta::log::page::SYSTEM_LOG;
use crate::settings::{CredentialSettings, Settings, SinkSettings, StoreSettings};
use crate::ship::Shipper;
use crate::state::blob::BlobStore;
use crate::state::folder::FolderStore;
use crate::state::store::{StateStore, StoreError};

/// Why the parts do not fit together, though each setting reads well.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// The HTTP client.
    #[error("no HTTPS client can be made ({0}); does this machine have CA certificates?")]
    Http(#[from] reqwest::Error),
    /// The state store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Shipper {
    /// Makes a shipper of settings.
    ///
    /// # Errors
    /// [`AssemblyError`].
    pub fn assemble(settings: Settings) -> Result<Shipper, AssemblyError> {
        let okta = settings.okta;
        let http = http_client(okta.domain.base())?;
        // Reading the TLS roots is much of what a start costs: one client serves both ends, unless
        // one of them is on this machine.
        let client = |base: &Url| match base.scheme() == okta.domain.base().scheme() {
            true => Ok(http.clone()),
            false => http_client(base),
        };
        let sink = sink(settings.sink, client)?;
        let store = store(&settings.store, &okta.domain)?;
        Ok(Shipper {
            sink,
            store,
            okta: Client::new(http, okta.domain, credential(okta.credential)),
            filter: okta.filter,
            start: okta.start,
            share: okta.rate_share,
            budget: settings.run_budget,
            set_aside_refused: false,
        })
    }
}

fn credential(settings: CredentialSettings) -> Credential {
    match settings {
        CredentialSettings::ApiToken(token) => Credential::Ssws(token),
        CredentialSettings::ServiceApp { client_id, key } => {
            let app = ServiceApp::new(client_id, key, SYSTEM_LOG.scope);
            Credential::ServiceApp(Box::new(app))
        }
    }
}

fn sink(
    settings: SinkSettings,
    client: impl Fn(&Url) -> reqwest::Result<reqwest::Client>,
) -> Result<Arc<dyn Sink>, AssemblyError> {
    Ok(match settings {
        SinkSettings::LogsIngestion { rule, identity } => {
            let http = client(rule.endpoint.base())?;
            Arc::new(LogsIngestion::new(http, rule, &identity))
        }
        SinkSettings::DataCollector(workspace) => {
            let http = client(workspace.uri.base())?;
            Arc::new(DataCollector::new(http, *workspace))
        }
        SinkSettings::Local { folder } => Arc::new(LocalWorkspace::new(folder)),
    })
}

/// The place of an org's state. Sends nothing yet.
pub(crate) fn store(
    settings: &StoreSettings,
    domain: &OktaDomain,
) -> Result<Arc<dyn StateStore>, StoreError> {
    Ok(match settings {
        StoreSettings::Blob(account) => Arc::new(BlobStore::new(account, &domain.key())?),
        StoreSettings::Folder(folder) => Arc::new(FolderStore::new(folder, &domain.key())),
    })
}
