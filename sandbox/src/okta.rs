//! A local Okta org: its System Log at the wire, as strict as the real one.
//!
//! [`OktaOrg`] listens on a free port of the loopback and answers `GET /api/v1/logs` as Okta's
//! documentation says: polling by persistence, bounded reading by `published`,
//! absolute links, opaque tokens, rate limits, errors. What it holds is seeded ([`events`]), what
//! goes wrong is scripted ([`Faults`]). A service app may sign in at its token endpoint. A test can
//! look at all that was asked and served.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio::sync::watch;

mod body;
mod config;
mod cursor;
pub mod events;
mod fault;
mod journal;
mod locks;
mod log;
mod oauth;
mod org;
mod page;
mod query;
mod rate;
mod refusal;
mod server;
mod wire;

pub use config::{EndOfStream, OrgConfig, PageOrder};
pub use fault::{Fault, Faults};
pub use journal::{Authorization, SeenRequest, StartGiven};
pub use oauth::app::{Dpop, ServiceApp};
pub use oauth::authorization_server::TokenRequest;

use locks::reading;
use org::Org;
use wire::{Wire, WireListener};

/// A running org. It stops when this is dropped: idle connections at once, others when they are
/// answered.
#[derive(Debug)]
pub struct OktaOrg {
    org: Arc<Org>,
    stop: watch::Sender<bool>,
}

impl OktaOrg {
    /// Starts an org on a free port of the loopback, as a task of the current tokio runtime.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(config: OrgConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let (stop, mut stopped) = watch::channel(false);
        let org = Arc::new(Org::new(config, base, stopped.clone()));
        let service =
            server::router(Arc::clone(&org)).into_make_service_with_connect_info::<Wire>();
        let server = axum::serve(WireListener(listener), service);
        let server = server.with_graceful_shutdown(async move {
            // An error says that the owner is gone, which is the same thing.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        });
        tokio::spawn(server.into_future());
        Ok(Self { org, stop })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.org.base
    }

    /// The same org under another host: `http://localhost:PORT`. Links lead to the host that was
    /// asked, as those of an org with a domain of its own do.
    #[must_use]
    pub fn other_url(&self) -> String {
        self.url().replace("127.0.0.1", "localhost")
    }

    /// The SSWS token that the org takes.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.org.config.token
    }

    /// The script of what goes wrong.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.org.faults.clone()
    }

    /// The script of what goes wrong at the token endpoint: `Status`, `RetryAfter`, `Html`,
    /// `Redirect` and `ResetBeforeHeaders`. A code that is not one of Okta's (`E...`) comes in
    /// OAuth's shape.
    #[must_use]
    pub fn token_faults(&self) -> Faults {
        self.org.oauth.faults.clone()
    }

    /// Changes the service app, as an admin would. Tokens given out stay good.
    pub fn change_service_app(&self, change: impl FnOnce(&mut ServiceApp)) {
        self.org.oauth.change(change);
    }

    /// Makes every access token given out so far a bad one.
    pub fn revoke_tokens(&self) {
        self.org.oauth.revoke_tokens();
    }

    /// Demands another DPoP nonce from now on.
    pub fn roll_dpop_nonce(&self) {
        self.org.oauth.roll_nonce();
    }

    /// All requests to the token endpoint so far that were answered.
    #[must_use]
    pub fn token_requests(&self) -> Vec<TokenRequest> {
        self.org.oauth.requests()
    }

    /// Puts the org's clock forward.
    pub fn put_clock_forward(&self, by: TimeDelta) {
        self.org.put_clock_forward(by);
    }

    /// Appends `count` generated events, persisted now and published within the last second.
    pub fn append(&self, count: u64) {
        self.append_late(count, Duration::ZERO);
    }

    /// Appends `count` generated events, persisted now and published `age` ago.
    pub fn append_late(&self, count: u64, age: Duration) {
        self.org.append(|log, now| log.append(count, age, now));
    }

    /// Appends JSON texts, persisted now. They are served as they are: what is not valid JSON
    /// makes a page that is not.
    pub fn append_raw(&self, events: Vec<Bytes>) {
        self.org.append(|log, now| log.append_given(events, now));
    }

    /// Events in the log.
    #[must_use]
    pub fn total_events(&self) -> u64 {
        reading(&self.org.log).len()
    }

    /// The `uuid` of every event that is in the log now and has one, in the order of the log.
    pub fn ids(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.total_events()).filter_map(|position| reading(&self.org.log).id(position))
    }

    /// The `uuid` of every event on every page answered so far, repeats included. A page counts
    /// even if a fault spoilt its body.
    #[must_use]
    pub fn served_ids(&self) -> Vec<String> {
        let served = self.org.journal.served();
        let log = reading(&self.org.log);
        served
            .into_iter()
            .filter_map(|position| log.id(position))
            .collect()
    }

    /// All requests so far, in the order of their arrival, on whatever path.
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.org.journal.requests()
    }

    /// Waits until that many requests have arrived since the org started. The last of them may
    /// not be answered yet.
    pub async fn wait_for_requests(&self, count: usize) {
        self.org.journal.arrivals(count).await;
    }
}

impl Drop for OktaOrg {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

#[cfg(test)]
mod tests;
