//! What became of a run: one struct that is logged, answered and asserted on.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::log_analytics::post_error::PostError;
use crate::okta::api::error::OktaError;
use crate::state::checkpoint::Place;
use crate::state::store::StoreError;
use crate::telemetry::Log;
use crate::telemetry::shown::{self, LONGEST_ERROR};

/// Counts and outcome of one run.
#[derive(Debug, Serialize)]
pub struct RunReport {
    /// The Okta org's host.
    pub org: String,
    /// Where the rows went.
    pub destination: String,
    /// Events accepted by the workspace.
    pub events: u64,
    /// Pages that held events.
    pub pages: u64,
    /// Posts accepted.
    pub posts: u64,
    /// Bytes of the accepted posts' bodies.
    pub posted_bytes: u64,
    /// Events met again and left out, because the workspace has them.
    pub repeats: u64,
    /// Rows the workspace refused, kept as dead letters.
    pub dead_letters: u64,
    /// Rows with a value that had to be cut.
    pub cut_rows: u64,
    /// Rows older than two days when they were posted: the workspace gives them the time of their
    /// arrival as `TimeGenerated`.
    pub old_rows: u64,
    /// Requests to Okta, failed ones included.
    pub okta_requests: u64,
    /// Answers of 429 from Okta.
    pub okta_429s: u64,
    /// Tries made again, at Okta or at the workspace.
    pub retries: u64,
    /// Newest `published` that the workspace has; while a backlog is under way, of new events.
    pub newest_published: Option<DateTime<Utc>>,
    /// While a backlog is under way: the newest `published` of it that the workspace has, or where
    /// it starts.
    pub backlog_up_to: Option<DateTime<Utc>>,
    /// When the run began, by this machine's clock.
    pub started: DateTime<Utc>,
    /// How long it took.
    pub duration_ms: i64,
    /// From the newest event that the workspace has to the end of the run, in seconds; nothing
    /// where an idle org leaves nothing to be late with.
    pub lag_seconds: Option<i64>,
    /// From the last save of the cursor to the start of this run, in seconds; nothing on a first
    /// run and where the lease was held.
    pub cursor_age_seconds: Option<i64>,
    /// How it ended.
    #[serde(rename = "outcome", serialize_with = "as_text")]
    pub ended: Ended,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

fn as_text<S: serde::Serializer>(ended: &Ended, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(ended.name())
}

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// Everything Okta had when the run began is in the workspace.
    CaughtUp,
    /// `RUN_BUDGET_SECONDS` is over.
    BudgetSpent,
    /// Okta's rate limit, or our share of it, is spent for longer than the run may last.
    RateSpent {
        /// When requests are possible again.
        until: DateTime<Utc>,
    },
    /// Another run is the writer.
    LeaseHeld {
        /// On what.
        place: String,
    },
    /// The process was told to end.
    Stopping,
    /// Something stood in the way.
    Failed(RunError),
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Okta.
    #[error(transparent)]
    Okta(#[from] OktaError),
    /// The workspace.
    #[error(transparent)]
    Post(#[from] PostError),
    /// The state.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Rows are refused, and they are not set aside.
    #[error(
        "{reason}. {refused} of {rows} rows were refused ({named}): {why}; nothing is lost and the \
         next run tries again. If it is the rows all the same, make dead letters of them: \
         `okta-sentinel ship --set-aside-refused`"
    )]
    Refused {
        /// Rows refused.
        refused: usize,
        /// Rows accepted or refused so far in this run.
        rows: usize,
        /// Which were refused: ten of them, and how many more.
        named: String,
        /// Why they are not set aside.
        why: &'static str,
        /// The last refusal's words.
        reason: String,
    },
    /// A page was accepted in part, and not even that could be saved.
    #[error(
        "{failed}; what was accepted of its page could not be saved either ({unsaved}), so the \
         next run posts that again"
    )]
    Unsaved {
        /// Why the rest was not accepted.
        failed: Box<RunError>,
        /// Why it could not be saved.
        unsaved: Box<RunError>,
    },
    /// The process was told to end while there was something to deliver.
    #[error("told to stop while a post was under way")]
    Stopped,
    /// The run's time is over and there is something to deliver.
    #[error("the time for this run is over")]
    OutOfTime,
}

impl RunError {
    /// The same failure, where saving failed after it.
    pub(super) fn and_unsaved(self, unsaved: RunError) -> RunError {
        RunError::Unsaved {
            failed: Box::new(self),
            unsaved: Box::new(unsaved),
        }
    }
}

impl Ended {
    /// A word for queries: `caught_up`, `budget_spent`, `rate_spent`, `lease_held`, `stopping`,
    /// `failed`.
    pub fn name(&self) -> &'static str {
        match self {
            Ended::CaughtUp => "caught_up",
            Ended::BudgetSpent => "budget_spent",
            Ended::RateSpent { .. } => "rate_spent",
            Ended::LeaseHeld { .. } => "lease_held",
            Ended::Stopping => "stopping",
            Ended::Failed(_) => "failed",
        }
    }
}

impl RunReport {
    pub(super) fn begin(org: String, destination: String) -> RunReport {
        RunReport {
            org,
            destination,
            events: 0,
            pages: 0,
            posts: 0,
            posted_bytes: 0,
            repeats: 0,
            dead_letters: 0,
            cut_rows: 0,
            old_rows: 0,
            okta_requests: 0,
            okta_429s: 0,
            retries: 0,
            newest_published: None,
            backlog_up_to: None,
            started: Utc::now(),
            duration_ms: 0,
            lag_seconds: None,
            cursor_age_seconds: None,
            ended: Ended::Stopping,
            error: None,
        }
    }

    /// Takes over how far the run has come.
    pub(super) fn set_place(&mut self, place: &Place) {
        self.newest_published = place.main.newest_published;
        let backfill = place.backfill.as_ref().map(|backfill| &backfill.lane);
        self.backlog_up_to = backfill.and_then(|lane| lane.newest_published.or(lane.since));
    }

    pub(super) fn end(&mut self, ended: Ended, now: DateTime<Utc>) {
        self.duration_ms = (now - self.started).num_milliseconds();
        let idle = self.events == 0 && matches!(ended, Ended::CaughtUp);
        let newest = self.newest_published.filter(|_| !idle);
        self.lag_seconds = newest.map(|newest| (now - newest).num_seconds().max(0));
        if let Ended::Failed(error) = &ended {
            self.error = Some(shown::excerpt(&error.to_string(), LONGEST_ERROR));
        }
        self.ended = ended;
    }

    /// Logs the one line that every run ends with.
    pub(super) fn log(&self, log: &Log) {
        if log.is_quiet() {
            return;
        }
        let fields = shown::json(&serde_json::to_string(self).unwrap_or_default());
        let (outcome, lag) = (self.ended.name(), self.lag_seconds);
        // A macro of tracing takes its level as a constant.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(invocation_id = %log.invocation(), event = "run_ended", outcome, lag_seconds = lag, report = fields, "{self}")
            };
        }
        match (self.succeeded(), self.dead_letters) {
            (false, _) => line!(error),
            // What is set aside is not in the workspace: somebody has to look.
            (true, 1..) => line!(warn),
            (true, 0) => line!(info),
        }
    }

    /// Whether the Functions host is to count this run as a success.
    pub fn succeeded(&self) -> bool {
        !matches!(self.ended, Ended::Failed(_))
    }
}

/// The one line an operator reads.
impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ended::LeaseHeld { place } = &self.ended {
            return write!(
                f,
                "another run is under way and holds the lease on {place}; it does this run's work"
            );
        }
        match self.events {
            0 if matches!(self.ended, Ended::CaughtUp) => {
                write!(f, "nothing new from {}", self.org)?;
            }
            0 => write!(f, "shipped no event from {}", self.org)?,
            _ => write!(
                f,
                "shipped {} in {} and {} from {}",
                counted(self.events, "event"),
                counted(self.pages, "page"),
                counted(self.posts, "post"),
                self.org
            )?,
        }
        if let Some(newest) = self.newest_published {
            write!(
                f,
                "; newest {}",
                newest.to_rfc3339_opts(SecondsFormat::Secs, true)
            )?;
        }
        if let Some(lag) = self.lag_seconds {
            write!(f, " (lag {})", spoken(lag))?;
        }
        write!(f, "; {} repeated", grouped(self.repeats))?;
        if self.dead_letters > 0 {
            write!(
                f,
                "; {} kept as dead letters, not in the workspace (see `okta-sentinel dead-letters`)",
                counted(self.dead_letters, "refused row")
            )?;
        }
        if self.old_rows > 0 {
            write!(
                f,
                "; {} older than two days get the time of arrival as TimeGenerated",
                grouped(self.old_rows)
            )?;
        }
        if let Some(reached) = self.backlog_up_to {
            let reached = reached.to_rfc3339_opts(SecondsFormat::Secs, true);
            write!(f, "; backlog shipped up to {reached}")?;
        }
        match &self.ended {
            Ended::CaughtUp | Ended::LeaseHeld { .. } => {
                f.write_str("; next run goes on from the saved cursor")
            }
            Ended::BudgetSpent => f.write_str(
                "; the time for this run is over, the next one goes on from the saved cursor",
            ),
            Ended::RateSpent { until } => write!(
                f,
                "; Okta's rate limit is spent until {}, the next run after that goes on from the saved cursor",
                until.to_rfc3339_opts(SecondsFormat::Secs, true)
            ),
            Ended::Stopping => {
                f.write_str("; told to stop, the next run goes on from the saved cursor")
            }
            Ended::Failed(_) => {
                let error = self.error.as_deref().unwrap_or_default();
                write!(f, "; then the run failed: {error}")
            }
        }
    }
}

fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

/// 12431 as `12,431`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration as people say it, in one unit.
fn spoken(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_reads_what_happened_in_one_line() {
        let mut report = RunReport::begin("acme.okta.com".into(), "workspace".into());
        let end = DateTime::parse_from_rfc3339("2026-11-21T12:05:01Z")
            .unwrap()
            .to_utc();
        report.newest_published = Some(end - chrono::TimeDelta::seconds(3));
        (report.events, report.pages, report.posts) = (12_431, 13, 13);
        report.end(Ended::CaughtUp, end);
        assert_eq!(
            report.to_string(),
            "shipped 12,431 events in 13 pages and 13 posts from acme.okta.com; newest \
             2026-11-21T12:04:58Z (lag 3 s); 0 repeated; next run goes on from the saved cursor"
        );
    }

    #[test]
    fn a_backlog_under_way_is_told_and_so_are_rows_that_lose_their_time() {
        let mut report = RunReport::begin("acme.okta.com".into(), "workspace".into());
        let end = DateTime::parse_from_rfc3339("2026-11-21T12:05:01Z")
            .unwrap()
            .to_utc();
        report.newest_published = Some(end - chrono::TimeDelta::seconds(3));
        report.backlog_up_to = Some(end - chrono::TimeDelta::days(5));
        (report.events, report.pages, report.posts) = (1_400, 2, 2);
        report.old_rows = 1_203;
        report.end(Ended::BudgetSpent, end);
        assert_eq!(
            report.to_string(),
            "shipped 1,400 events in 2 pages and 2 posts from acme.okta.com; newest \
             2026-11-21T12:04:58Z (lag 3 s); 0 repeated; 1,203 older than two days get the time of \
             arrival as TimeGenerated; backlog shipped up to 2026-11-16T12:05:01Z; the time for \
             this run is over, the next one goes on from the saved cursor"
        );
    }

    #[test]
    fn an_idle_org_is_not_late_but_a_failing_run_is() {
        let mut report = RunReport::begin("acme.okta.com".into(), "workspace".into());
        let now = Utc::now();
        report.newest_published = Some(now - chrono::TimeDelta::hours(9));
        report.end(Ended::CaughtUp, now);
        assert_eq!(report.lag_seconds, None);
        report.end(Ended::Failed(RunError::Stopped), now);
        assert_eq!(report.lag_seconds, Some(9 * 3600));
    }

    #[test]
    fn numbers_are_grouped_in_threes() {
        let texts = [0, 999, 1_000, 12_431, 1_000_000].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "12,431", "1,000,000"]);
    }
}
