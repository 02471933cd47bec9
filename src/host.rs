//! The Functions host's side: a small HTTP server that runs when it is called.
//!
//! The host starts this process, asks `GET /` until something answers, and then posts one
//! [`invocation`] a timer tick; what it makes of the [`answer`] is in Microsoft's host source and
//! has sharp edges. Nothing is set up before the server listens: settings are read at the first
//! invocation, so that a wrong one is an answer in the portal and not a process that dies.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use chrono::Utc;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, OnceCell};
use tokio_util::sync::CancellationToken;

use crate::settings::{Environment, Place, Settings};
use crate::ship::{Begin, RunReport, Shipper};
use crate::telemetry::Log;

mod answer;
pub mod invocation;

use answer::Answer;
use invocation::TimerPayload;

/// The variable in which the host names the port.
pub const PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";

/// Largest body of an invocation that is read; retries carry whole .NET exceptions.
const MAX_INVOCATION: usize = 4 * 1024 * 1024;

/// What a run that was told to end may take: its last post, its last save, and the answer.
const LAST_WORK: Duration = Duration::from_secs(20);

/// What a body may take to arrive; the host sends it at once.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// What connections without a run may take to end once their run, if any, has ended.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

struct Handler {
    environment: Environment,
    shipper: OnceCell<Shipper>,
    /// Held by the run under way in this process.
    running: Arc<Mutex<()>>,
    stop: CancellationToken,
}

/// Serves the Functions host on `listener` until `stop`, then lets the run under way finish.
///
/// # Errors
/// What the listener reports.
pub async fn serve(
    listener: std::net::TcpListener,
    environment: Environment,
    stop: CancellationToken,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let log = Log::new("none");
    log.listening(listener.local_addr()?.port());
    let running: Arc<Mutex<()>> = Arc::default();
    let handler = Arc::new(Handler {
        environment,
        shipper: OnceCell::new(),
        running: Arc::clone(&running),
        stop: stop.clone(),
    });
    let routes = Router::new()
        .route("/", get(async || Answer::alive()))
        .route("/OktaSyslogTimer", post(timer))
        .fallback(async || Answer::not_found())
        .method_not_allowed_fallback(async || Answer::wrong_method())
        .with_state(handler);
    let stopped = stop.clone();
    let server = axum::serve(listener, routes)
        .with_graceful_shutdown(async move { stopped.cancelled().await });
    let out_of_time = async {
        stop.cancelled().await;
        log.stopping();
        // Only a run is worth waiting for; a connection that never says anything is not.
        let _ = tokio::time::timeout(LAST_WORK, running.lock()).await;
        tokio::time::sleep(LAST_ANSWERS).await;
    };
    let served = tokio::select! {
        served = async { server.await } => served,
        () = out_of_time => return Ok(()),
    };
    // A host that hung up has no connection to wait for, and may have left a run under way.
    let _ = tokio::time::timeout(LAST_WORK, running.lock()).await;
    served
}

/// `POST /OktaSyslogTimer`: one shipping run.
async fn timer(State(handler): State<Arc<Handler>>, headers: HeaderMap, body: Body) -> Answer {
    let log = Log::new(invocation::id(&headers));
    match whole(body).await {
        Ok(body) => match TimerPayload::read(&body) {
            Ok(payload) if payload.is_past_due() => log.past_due(),
            Ok(_) => {}
            Err(problem) => log.odd_payload(&problem.to_string()),
        },
        Err(problem) => {
            log.invocation_failed(&problem);
            return Answer::failed(StatusCode::BAD_REQUEST, &problem);
        }
    }
    let Ok(running) = Arc::clone(&handler.running).try_lock_owned() else {
        let line = "another run is under way in this process; it does this run's work";
        log.already_running(line);
        return Answer::done(line);
    };
    // A task of its own: the run outlives a host that hangs up, and a panic is an answer.
    let run = tokio::spawn(async move {
        let report = handler.run(&log).await;
        drop(running);
        report
    });
    match run.await {
        Ok(Ok(report)) if report.succeeded() => Answer::done(&report.to_string()),
        Ok(Ok(report)) => Answer::failed(StatusCode::INTERNAL_SERVER_ERROR, &report.to_string()),
        Ok(Err(problem)) => Answer::failed(StatusCode::INTERNAL_SERVER_ERROR, &problem),
        Err(panic) => {
            let problem =
                format!("the run broke off ({panic}); the next one goes on from the saved cursor");
            Log::new(invocation::id(&headers)).invocation_failed(&problem);
            Answer::failed(StatusCode::INTERNAL_SERVER_ERROR, &problem)
        }
    }
}

/// An invocation's body, all of it.
async fn whole(body: Body) -> Result<Bytes, String> {
    let arriving = axum::body::to_bytes(body, MAX_INVOCATION);
    match tokio::time::timeout(BODY_PATIENCE, arriving).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(problem)) => Err(format!("the invocation's body cannot be read: {problem}")),
        Err(_) => Err(format!(
            "the invocation's body did not end within {} s",
            BODY_PATIENCE.as_secs()
        )),
    }
}

impl Handler {
    async fn run(&self, log: &Log) -> Result<RunReport, String> {
        let shipper = self
            .shipper
            .get_or_try_init(async || self.shipper(log))
            .await?;
        Ok(shipper
            .run(Begin::Saved, self.stop.clone(), log, &|_| ())
            .await)
    }

    /// Made at the first invocation whose settings are right, and kept, with its connections.
    fn shipper(&self, log: &Log) -> Result<Shipper, String> {
        let settings = Settings::read(&self.environment, Place::Host, Utc::now());
        let settings = settings.map_err(|problems| {
            log.settings_refused(&problems);
            problems.to_string()
        })?;
        settings
            .warnings
            .iter()
            .for_each(|warning| log.settings_warning(warning));
        Shipper::assemble(settings).map_err(|error| {
            log.invocation_failed(&error.to_string());
            error.to_string()
        })
    }
}
