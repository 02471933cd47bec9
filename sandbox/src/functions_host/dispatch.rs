//! One invocation, from the call to its outcome.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use super::answer::{Outcome, judge};
use super::app::App;
use super::config::Config;
use super::console::{Category, Console, Level};
use super::invocation::{Invocation, random_guid};
use super::process::{Order, State, Status};
use super::wire::{self, Answer};

const HOST_VERSION: &str = "4.1052.300.26370";
/// How many redirects .NET's client follows.
const REDIRECTS: u32 = 50;

/// What an invocation needs of the host.
#[derive(Debug)]
pub(super) struct Dispatcher {
    pub(super) app: App,
    pub(super) config: Config,
    pub(super) port: u16,
    pub(super) console: Arc<Console>,
    pub(super) status: watch::Receiver<Status>,
    pub(super) orders: mpsc::UnboundedSender<Order>,
}

impl Dispatcher {
    pub(super) async fn invoke(&self, function: &str, body: Bytes) -> Invocation {
        let begun = Instant::now();
        let id = random_guid();
        let mut answer = None;
        let outcome = match self.ready(function).await {
            Ok(()) => self.attempt(function, &id, &body, &mut answer).await,
            Err(reason) => Outcome::failed(reason),
        };
        if let Outcome::Succeeded { logs, .. } = &outcome {
            for log in logs {
                let category = Category::Function(function.to_owned());
                self.console
                    .write(Level::Information, category, log.clone());
            }
        }
        Invocation {
            function: function.to_owned(),
            id,
            outcome,
            status: answer.as_ref().map(|answer| answer.status),
            body: answer.map(|answer| answer.body).unwrap_or_default(),
            duration: begun.elapsed(),
        }
    }

    /// Holds the invocation while the handler starts, as the host's dispatcher does: for four times
    /// the initialization timeout.
    async fn ready(&self, function: &str) -> Result<(), String> {
        if self.app.function(function).is_none() {
            return Err(format!("there is no function {function} in this app"));
        }
        let mut status = self.status.clone();
        let started = status.wait_for(|status| status.state != State::Starting);
        let state =
            match tokio::time::timeout(self.config.initialization_timeout * 4, started).await {
                Ok(Ok(status)) => status.state,
                Ok(Err(_)) => State::Stopped,
                Err(_) => State::Starting,
            };
        match state {
            // After exit code 0 the dispatcher still believes in its handler; the connection fails.
            State::Ready | State::Ended => Ok(()),
            State::Starting => Err("Initialization timed out and host is shutting down".to_owned()),
            State::ShutDown | State::Stopped => Err("the host is shut down".to_owned()),
        }
    }

    async fn attempt(
        &self,
        function: &str,
        id: &str,
        body: &[u8],
        answer: &mut Option<Answer>,
    ) -> Outcome {
        let exchange = async {
            match exchange(self.port, function, id, body).await {
                Ok(received) => {
                    let verdict = judge(&received);
                    *answer = Some(received);
                    match verdict {
                        Some(outcome) => outcome,
                        None => std::future::pending().await,
                    }
                }
                Err(problem) => Outcome::failed(format!(
                    "An error occurred while sending the request: {problem}"
                )),
            }
        };
        let Some(timeout) = self.config.function_timeout.or(self.app.function_timeout) else {
            return exchange.await;
        };
        match tokio::time::timeout(timeout, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => {
                self.time_out(function, id, timeout).await;
                Outcome::TimedOut
            }
        }
    }

    /// Kills the handler after the grace, and with it every other invocation; returns when the next
    /// process was started.
    async fn time_out(&self, function: &str, id: &str, timeout: Duration) {
        let text = format!(
            "Timeout value of {timeout:?} exceeded by function: 'Functions.{function}' (Id: '{id}'). Initiating cancellation."
        );
        self.console.write(Level::Error, Category::Host, text);
        let life = self.status.borrow().starts;
        tokio::time::sleep(self.config.timeout_grace).await;
        if self.orders.send(Order::Recycle { life }).is_ok() {
            let mut status = self.status.clone();
            let over = |state| matches!(state, State::ShutDown | State::Stopped);
            status
                .wait_for(|status| status.starts > life || over(status.state))
                .await
                .ok();
        }
    }
}

async fn exchange(port: u16, function: &str, id: &str, body: &[u8]) -> io::Result<Answer> {
    let headers = [
        ("X-Azure-Functions-InvocationId", id.to_owned()),
        ("X-Azure-Functions-HostVersion", HOST_VERSION.to_owned()),
        ("User-Agent", format!("Azure-Functions-Host/{HOST_VERSION}")),
        ("Content-Type", "application/json; charset=utf-8".to_owned()),
    ];
    let mut path = format!("/{function}");
    let mut repeat_post = true;
    for _ in 0..REDIRECTS {
        let answer = if repeat_post {
            wire::post(port, &path, &headers, body).await?
        } else {
            wire::get(port, &path).await?
        };
        // Only a path is followed; a redirect to another host is an answer like any other.
        let location = answer
            .header("location")
            .filter(|location| location.starts_with('/'));
        match (answer.status, location) {
            (301..=303, Some(location)) => {
                path = location.to_owned();
                repeat_post = false;
            }
            (307 | 308, Some(location)) => path = location.to_owned(),
            _ => return Ok(answer),
        }
    }
    Err(io::Error::other("the handler redirects without end"))
}
