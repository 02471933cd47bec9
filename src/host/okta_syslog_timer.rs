//! `OktaSyslogTimer`: one shipping run a timer tick.

use std::sync::Arc;

use axum::body::Bytes;

use crate::host::context::Context;
use crate::host::invocation::TimerPayload;
use crate::ship::Begin;
use crate::telemetry::Log;

pub(super) async fn run(context: Arc<Context>, log: Log, body: Bytes) -> Result<String, String> {
    match TimerPayload::read(&body) {
        Ok(payload) if payload.is_past_due() => log.past_due(),
        Ok(_) => {}
        Err(problem) => log.odd_payload(&problem.to_string()),
    }
    let shipper = context.shipper(&log).await?;
    let stop = context.stop.clone();
    let report = shipper.run(Begin::Saved, stop, &log, &|_| ()).await;
    match report.succeeded() {
        true => Ok(report.to_string()),
        false => Err(report.to_string()),
    }
}
