//! From a path to an answer: one route a function.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Extension, Router};
use tokio::sync::Mutex;

use crate::host::answer::Answer;
use crate::host::connections::{Place, State};
use crate::host::context::Context;
use crate::host::functions::{FUNCTIONS, Function};
use crate::host::invocation;
use crate::telemetry::Log;

/// Largest body of an invocation that is read; retries carry whole .NET exceptions, of some 100 KB.
/// Each connection may hold one.
const MAX_BODY_BYTES: usize = 512 * 1024;

/// What a body may take to arrive; the host sends it at once.
const BODY_LIMIT: Duration = Duration::from_secs(10);

/// A function and its lock, which the invocation under way in this process holds.
#[derive(Clone)]
struct Route {
    function: Function,
    running: Arc<Mutex<()>>,
}

/// The routes of every function.
pub(super) struct Routes(Vec<Route>);

impl Routes {
    pub(super) fn new() -> Routes {
        let route = |function: &Function| Route {
            function: *function,
            running: Arc::default(),
        };
        Routes(FUNCTIONS.iter().map(route).collect())
    }

    pub(super) fn router(&self, context: &Arc<Context>) -> Router {
        let probe = Router::new().route("/", get(async || Answer::alive()));
        let routes = self.0.iter().fold(probe, |router, route| {
            let (route, context) = (route.clone(), Arc::clone(context));
            let path = format!("/{}", route.function.name);
            let invoked =
                async move |place: Extension<Arc<Place>>, headers: HeaderMap, body: Body| {
                    route.invoke(context, &place, &headers, body).await
                };
            router.route(&path, post(invoked))
        });
        routes
            .fallback(async || Answer::not_found())
            .method_not_allowed_fallback(async || Answer::wrong_method())
    }

    /// Waits until no invocation is under way, at most `limit`.
    pub(super) async fn idle(&self, limit: Duration) {
        let all = async {
            for route in &self.0 {
                drop(route.running.lock().await);
            }
        };
        let _ = tokio::time::timeout(limit, all).await;
    }
}

impl Route {
    async fn invoke(
        self,
        context: Arc<Context>,
        place: &Place,
        headers: &HeaderMap,
        body: Body,
    ) -> Answer {
        let log = Log::new(invocation::id(headers));
        let body = match read_body(body).await {
            Ok(body) => body,
            Err(problem) => {
                log.invocation_failed(&problem);
                return Answer::failed(StatusCode::BAD_REQUEST, &problem);
            }
        };
        place.set(State::Busy);
        let Ok(running) = self.running.try_lock_owned() else {
            let line = "another run is under way in this process; it does this run's work";
            log.already_running(line);
            return Answer::done(line);
        };
        // A task of its own: the run outlives a host that hangs up, and a panic is an answer.
        let work = (self.function.handler)(context, log.clone(), body);
        let run = tokio::spawn(async move {
            let result = work.await;
            drop(running);
            result
        });
        match run.await {
            Ok(Ok(line)) => Answer::done(&line),
            Ok(Err(problem)) => Answer::failed(StatusCode::INTERNAL_SERVER_ERROR, &problem),
            Err(panic) => {
                let problem = format!(
                    "the run broke off ({panic}); the next one goes on from the saved cursor"
                );
                log.invocation_failed(&problem);
                Answer::failed(StatusCode::INTERNAL_SERVER_ERROR, &problem)
            }
        }
    }
}

async fn read_body(body: Body) -> Result<Bytes, String> {
    let arriving = axum::body::to_bytes(body, MAX_BODY_BYTES);
    match tokio::time::timeout(BODY_LIMIT, arriving).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(problem)) => Err(format!("the invocation's body cannot be read: {problem}")),
        Err(_) => Err(format!(
            "the invocation's body did not end within {} s",
            BODY_LIMIT.as_secs()
        )),
    }
}
