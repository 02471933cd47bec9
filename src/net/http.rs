//! The HTTP client of every call, and what its failures say.

use std::time::Duration;

use url::Url;

/// An HTTP client for calls to `base`. It follows no redirect and uses no proxy for plain http,
/// which stays on this machine. Each call sets its own time limit and inflates its own answer.
///
/// # Errors
/// When the TLS roots of this machine cannot be used.
pub fn http_client(base: &Url) -> reqwest::Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .user_agent(concat!("okta-sentinel/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .pool_max_idle_per_host(4)
        .no_gzip()
        .no_deflate()
        .tcp_nodelay(true);
    match base.scheme() {
        "http" => client.no_proxy(),
        _ => client,
    }
    .build()
}

/// Whether the answer did not come in time, though the connection stood. A connection that times
/// out is a matter of the address or a firewall instead.
pub(crate) fn is_slow(error: &reqwest::Error) -> bool {
    error.is_timeout() && !error.is_connect()
}

/// The innermost cause. The outer ones repeat the URL, whose query may hold secrets.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
