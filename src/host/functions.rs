//! The functions of the package. A further one is an entry here, a file with its handler, and a
//! folder with its `function.json`.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::Bytes;

use crate::host::context::Context;
use crate::host::okta_syslog_timer;
use crate::telemetry::Log;

/// A function that the host may call. One invocation of it runs at a time in this process.
#[derive(Clone, Copy)]
pub(super) struct Function {
    /// The name of its folder in the package, which is the path that the host posts to.
    pub(super) name: &'static str,
    pub(super) handler: Handler,
}

/// Runs one invocation. The result becomes the answer: `Ok` is a line for the invocation's log,
/// `Err` says why it failed, and is on the program's own log already.
pub(super) type Handler = fn(Arc<Context>, Log, Bytes) -> HandlerFuture;

pub(super) type HandlerFuture = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "OktaSyslogTimer",
    handler: |context, log, body| Box::pin(okta_syslog_timer::run(context, log, body)),
}];

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_function_has_its_folder_in_the_package() {
        for function in FUNCTIONS {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let binding = root.join(function.name).join("function.json");
            assert!(binding.is_file(), "{}", binding.display());
        }
    }
}
