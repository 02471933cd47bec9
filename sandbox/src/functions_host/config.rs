//! What a host is started with.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

/// What a host is started with; [`Config::new`] has the defaults of the real host.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder with `host.json` and one folder per function.
    pub app_root: PathBuf,
    /// Starts this file in place of `defaultExecutablePath`, which lies beside `host.json` only in
    /// a deployed package.
    pub executable: Option<PathBuf>,
    /// App settings: variables of the handler, and what `%NAME%` stands for.
    pub app_settings: HashMap<String, String>,
    /// In place of `functionTimeout` of `host.json`.
    pub function_timeout: Option<Duration>,
    /// How long a handler may take to answer its first probe.
    pub initialization_timeout: Duration,
    /// Time between two probes of a handler that does not answer yet.
    pub probe_every: Duration,
    /// What a handler is left between a timeout and its end.
    pub timeout_grace: Duration,
    /// Time between two health pings of a ready handler.
    pub ping_every: Duration,
}

impl Config {
    /// The host's own defaults for the app in this folder.
    #[must_use]
    pub fn new(app_root: impl Into<PathBuf>) -> Self {
        Self {
            app_root: app_root.into(),
            executable: None,
            app_settings: HashMap::new(),
            function_timeout: None,
            initialization_timeout: Duration::from_secs(30),
            probe_every: Duration::from_millis(25),
            timeout_grace: Duration::from_secs(2),
            ping_every: Duration::from_secs(10),
        }
    }

    /// Adds an app setting.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.app_settings.insert(name.into(), value.into());
        self
    }
}
