//! A local Log Analytics workspace on a loopback port: the HTTP Data Collector API, and a data
//! collection rule of the Logs Ingestion API that feeds the same tables.
//!
//! It is as strict as the service about what a client can get wrong: the signature over the
//! length in bytes, the exact content type, the clock, sizes, property names. Accepted rows are
//! typed by the service's rules, so that a test sees the columns a query would see: suffixes by
//! inferred type, GUIDs hyphenated, long values cut, `TimeGenerated` rewritten when the time that
//! a row names is too old. A refused post stores nothing at all.
//!
//! Faults of the service are scripted through [`Faults`]. Everything that a test asks
//! for can be awaited; nothing needs to be polled.
//!
//! Unlike the service, which accepts first and stores minutes later, a row can be seen here as
//! soon as its post was answered. Limits and rules: Microsoft's page "Send log data to Azure
//! Monitor by using the HTTP Data Collector API".

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

mod collector;
mod config;
mod connection;
mod event_id;
mod fault;
mod ingestion;
mod refusal;
mod request;
mod rows;
mod server;
mod signature;
mod store;
mod table;
mod typing;

pub use config::{Config, Detail, RuleConfig, WORKSPACE_ID, WORKSPACE_KEY};
pub use event_id::EventId;
pub use fault::{Fault, Faults};
pub use ingestion::identity::{Identity, TokenRequest};
pub use ingestion::stream::{Report, StreamColumns, StreamType, declared_streams};
pub use store::{Post, RepeatedRow, repeated_rows};
pub use table::Table;
pub use typing::ColumnType;

use connection::{Connections, CuttableListener};
use ingestion::Rule;
use server::Service;
use store::Store;

/// A running workspace; it stops, and cuts every open connection, when dropped.
#[derive(Debug)]
pub struct Workspace {
    address: SocketAddr,
    config: Config,
    store: Arc<Store>,
    rule: Arc<Rule>,
    faults: Faults,
    connections: Arc<Connections>,
    server: JoinHandle<()>,
}

impl Workspace {
    /// Starts a workspace on a free loopback port.
    ///
    /// # Errors
    /// A key that is not base64, an output folder that cannot be made, no free port.
    pub async fn start(config: Config) -> io::Result<Self> {
        if let Some(folder) = &config.output_dir {
            tokio::fs::create_dir_all(folder).await?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let connections = Arc::new(Connections::default());
        let store = Arc::new(Store::new(&config));
        let faults = Faults::default();
        let rule = Arc::new(Rule::new(&config.rule));
        let parts = (Arc::clone(&store), Arc::clone(&rule));
        let service = Service::new(&config, parts, faults.clone())?;
        let server = tokio::spawn(server::serve(
            CuttableListener::new(listener, Arc::clone(&connections)),
            Arc::new(service),
        ));
        Ok(Self {
            address,
            config,
            store,
            rule,
            faults,
            connections,
            server,
        })
    }

    /// The base address, for the settings `LOG_ANALYTICS_URI` and `LOGS_INGESTION_ENDPOINT`; no
    /// trailing slash.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address that posts go to, query included.
    ///
    /// # Panics
    /// Never: the address of a bound socket makes a valid URL.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "the parts are a socket's own address and a constant"
    )]
    pub fn logs_url(&self) -> Url {
        Url::parse(&format!("{}/api/logs?api-version=2016-04-01", self.uri())).expect("a valid URL")
    }

    /// The workspace id that a client must sign for.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.config.id
    }

    /// The shared key, base64.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.config.key
    }

    /// The immutable id of the data collection rule.
    #[must_use]
    pub fn rule_id(&self) -> &str {
        &self.config.rule.id
    }

    /// The identity that calls the rule.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.rule.identity
    }

    /// What App Service sets `IDENTITY_ENDPOINT` to; [`Identity::header`] is the other half.
    #[must_use]
    pub fn identity_endpoint(&self) -> String {
        format!("{}{}", self.uri(), ingestion::identity::TOKEN_PATH)
    }

    /// Gives the identity the role on the rule, or takes it away.
    pub fn grant(&self, granted: bool) {
        self.rule.grant(granted);
    }

    /// What the service would have done silently to rows of the rule, each once.
    #[must_use]
    pub fn reports(&self) -> Vec<Report> {
        self.store.reports()
    }

    /// The script of things that go wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// A table by its full name (`Okta_CL`); empty until the first accepted post.
    #[must_use]
    pub fn table(&self, name: &str) -> Table {
        self.store.table(name)
    }

    /// Names of the tables that hold rows, in order.
    #[must_use]
    pub fn tables(&self) -> Vec<String> {
        self.store.tables()
    }

    /// Every post in the order of their answers, the refused ones too.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        self.store.posts()
    }

    /// Resolves once `table` holds at least `rows` rows.
    pub async fn wait_for_rows(&self, table: &str, rows: u64) {
        let watched = self.store.table(table);
        self.store.until(|_| watched.rows() >= rows).await;
    }

    /// Resolves once `count` posts were stored, refused or cut off.
    pub async fn wait_for_posts(&self, count: usize) {
        self.store.until(|store| store.post_count() >= count).await;
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.server.abort();
        self.connections.cut_all();
    }
}

#[cfg(test)]
mod tests;
