//! The HTTP client of every call, and what its failures say.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::{
    AsyncRawResponse, ClientOptions, ExponentialRetryOptions, HttpClient, Request, RetryOptions,
    Transport,
};
use futures_util::StreamExt as _;
use reqwest::header::HeaderValue;
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

/// How the Azure SDK calls, by an HTTP client that follows no redirect either. An answer of more
/// than `most` bytes is an error.
///
/// # Errors
/// As [`http_client`].
pub(crate) fn azure_client_options(
    transport: reqwest::ClientBuilder,
    most: usize,
) -> reqwest::Result<ClientOptions> {
    let transport = transport.redirect(reqwest::redirect::Policy::none());
    Ok(ClientOptions {
        retry: RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: 4,
            max_total_elapsed: azure_core::time::Duration::seconds(15),
            max_delay: azure_core::time::Duration::seconds(4),
            ..ExponentialRetryOptions::default()
        }),
        transport: Some(Transport::new(Arc::new(Bounded {
            client: transport.build()?,
            most,
        }))),
        ..ClientOptions::default()
    })
}

/// Reads no more than `most` bytes of an answer: the SDK would read an error's or a token's to its
/// end.
#[derive(Debug)]
struct Bounded {
    client: reqwest::Client,
    most: usize,
}

#[async_trait]
impl HttpClient for Bounded {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let answer = self.client.execute_request(request).await?;
        let (status, headers, body) = answer.deconstruct();
        let most = self.most;
        let mut read = 0;
        let body = body.map(move |chunk| {
            let chunk = chunk?;
            read += chunk.len();
            match read <= most {
                true => Ok(chunk),
                false => Err(azure_core::Error::with_message(
                    ErrorKind::DataConversion,
                    format!("an answer of more than {most} bytes"),
                )),
            }
        });
        Ok(AsyncRawResponse::new(status, headers, Box::pin(body)))
    }
}

/// A header that no client logs; `None` where the secret has a character that none may carry.
pub(crate) fn secret_header(scheme: &str, secret: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("{scheme}{secret}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Whether the answer did not come in time, though the connection stood. A connection that times
/// out is a matter of the address or a firewall instead.
pub(crate) fn is_slow(error: &reqwest::Error) -> bool {
    error.is_timeout() && !error.is_connect()
}

/// The innermost cause. The outer ones repeat the URL, whose query may hold secrets.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
