//! What the functions of one process share.

use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::settings::{Environment, LaunchedBy, Settings};
use crate::ship::Shipper;
use crate::telemetry::Log;

pub(super) struct Context {
    pub(super) environment: Environment,
    pub(super) stop: CancellationToken,
    shipper: OnceCell<Shipper>,
}

impl Context {
    pub(super) fn new(environment: Environment, stop: CancellationToken) -> Context {
        Context {
            environment,
            stop,
            shipper: OnceCell::new(),
        }
    }

    /// Made at the first invocation whose settings are right, and kept, with its connections.
    pub(super) async fn shipper(&self, log: &Log) -> Result<&Shipper, String> {
        let made = async || self.make_shipper(log);
        self.shipper.get_or_try_init(made).await
    }

    fn make_shipper(&self, log: &Log) -> Result<Shipper, String> {
        let settings = Settings::read_and_log(&self.environment, LaunchedBy::Host, log);
        let settings = settings.map_err(|problems| problems.to_string())?;
        Shipper::assemble(settings).map_err(|error| {
            log.invocation_failed(&error.to_string());
            error.to_string()
        })
    }
}
