//! Every line this program logs, by name, so that wording is reviewed in one place.
//!
//! Under the Functions host a line is one JSON object on stdout with the invocation's id; in a
//! shell it is a line for people on stderr. No line holds a secret, a body or a URL's query.

use std::fmt::{self, Display};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use tracing::field::{Field, Visit};
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, layer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Where log lines go and how they look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// JSON on stdout, for the Functions host.
    Json,
    /// Text on stderr, for people.
    Text {
        /// Whether the level is coloured.
        colour: bool,
    },
}

/// Sets the process's log lines up; a second call changes nothing.
pub(crate) fn set_up(lines: Lines) {
    // Ours alone: what the libraries below have to say is in the errors they return.
    let ours = Targets::new().with_target("okta_sentinel", Level::INFO);
    // Fails only where a test has set lines up before. A line that nobody takes any more is
    // dropped in silence: saying so on a closed stderr would be a panic in the middle of a run.
    let _ = match lines {
        Lines::Json => {
            let json = layer().json().flatten_event(true).with_target(false);
            let json = json.with_current_span(false).with_span_list(false);
            let json = json.log_internal_errors(false);
            tracing_subscriber::registry()
                .with(json.with_filter(ours))
                .try_init()
        }
        Lines::Text { colour } => {
            let text = layer()
                .event_format(TextLines { colour })
                .with_writer(std::io::stderr)
                .log_internal_errors(false);
            tracing_subscriber::registry()
                .with(text.with_filter(ours))
                .try_init()
        }
    };
}

/// `warning: text`, without fields: the text says it all.
struct TextLines {
    colour: bool,
}

impl<S, N> FormatEvent<S, N> for TextLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> fmt::Result {
        let (word, colour) = match *event.metadata().level() {
            Level::ERROR => ("error: ", "\x1b[31m"),
            Level::WARN => ("warning: ", "\x1b[33m"),
            _ => ("", ""),
        };
        match self.colour && !colour.is_empty() {
            true => write!(line, "{colour}{word}\x1b[0m")?,
            false => write!(line, "{word}")?,
        }
        event.record(&mut Message(&mut line));
        writeln!(line)
    }
}

struct Message<'a, 'w>(&'a mut Writer<'w>);

impl Visit for Message<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Nobody is left to tell when stderr is closed.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

/// The log of one invocation, or of a command in a shell: every line carries its id.
#[derive(Clone, Debug)]
pub struct Log {
    invocation: String,
    quiet: bool,
}

/// One line: its name for queries, its fields, its text for people.
macro_rules! line {
    ($self:ident, $level:ident $event:literal { $($field:tt)* }, $($text:tt)+) => {
        tracing::$level!(invocation_id = %$self.invocation, event = $event, $($field)* $($text)+)
    };
}

impl Log {
    /// `invocation` is the host's id, or a word for what has none.
    pub fn new(invocation: impl Into<String>) -> Log {
        Log {
            invocation: invocation.into(),
            quiet: false,
        }
    }

    /// Whether the line that a run ends with is left out.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The same log without the line that a run ends with, for a command that prints it itself.
    #[must_use]
    pub(crate) fn quietly(&self) -> Log {
        Log {
            quiet: true,
            ..self.clone()
        }
    }

    pub(crate) fn invocation(&self) -> &str {
        &self.invocation
    }

    /// The server listens.
    pub(crate) fn listening(&self, port: u16) {
        line!(self, info "listening" { port, }, "listening on 127.0.0.1:{port}");
    }

    /// The process was told to end.
    pub(crate) fn stopping(&self) {
        line!(self, info "stopping" {}, "told to stop; a post under way gets 5 seconds");
    }

    /// A payload that is not the timer's; the run goes on all the same.
    pub(crate) fn odd_payload(&self, problem: &str) {
        line!(self, warn "odd_payload" {},
            "the invocation's body cannot be read ({problem}); running all the same");
    }

    /// The timer fires late.
    pub(crate) fn past_due(&self) {
        line!(self, info "past_due" {},
            "the timer fires late; this run goes on from the saved cursor like any other");
    }

    /// A run of this process is still under way.
    pub(crate) fn already_running(&self, answer: &str) {
        line!(self, info "already_running" {}, "{answer}");
    }

    /// An invocation failed before or beside its run.
    pub(crate) fn invocation_failed(&self, problem: &str) {
        line!(self, error "invocation_failed" {}, "{problem}");
    }

    /// A setting that cannot be used.
    pub(crate) fn wrong_setting(&self, setting: &str, problem: &impl Display) {
        line!(self, error "wrong_setting" { setting, }, "{problem}");
    }

    /// Something about the settings that an operator should know.
    pub(crate) fn settings_warning(&self, warning: &str) {
        line!(self, warn "settings_warning" {}, "{warning}");
    }

    /// A try failed and another follows.
    pub(crate) fn trying_again(&self, error: &impl Display, pause: Duration) {
        let pause = pause.as_secs_f64();
        line!(self, warn "trying_again" { pause_seconds = pause, },
            "{error}; trying again in {pause:.1} s");
    }

    /// Our share of Okta's rate limit is used up for now.
    pub(crate) fn rate_paused(&self, org: &impl Display, pause: Duration) {
        let pause = pause.as_secs();
        line!(self, info "rate_paused" { pause_seconds = pause, },
            "our share of {org}'s rate limit is used up; it is free again in {pause} s");
    }

    /// Pages were too slow or too large.
    pub(crate) fn page_halved(&self, org: &impl Display, events: u32, why: &str) {
        line!(self, warn "page_halved" { page_limit = events, },
            "a page of {org} was {why}; asking for {events} events at a time");
    }

    /// `OKTA_FILTER` is not the saved cursor's.
    pub(crate) fn filter_changed(&self, since: DateTime<Utc>) {
        line!(self, warn "filter_changed" {},
            "OKTA_FILTER changed, so the saved cursor no longer fits; going on {}", from(since));
    }

    /// Okta refused the saved cursor.
    pub(crate) fn fell_back(&self, refused: &impl Display, since: DateTime<Utc>) {
        line!(self, warn "cursor_lost" {}, "{refused}; going on {}", from(since));
    }

    /// A first connection has a backlog.
    pub(crate) fn lanes_split(&self, org: &impl Display, since: DateTime<Utc>) {
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        line!(self, info "lanes_split" {},
            "{org} has a backlog: what is stored there from {since} on is shipped first, what was before in between");
    }

    /// The backlog is through.
    pub(crate) fn lanes_joined(&self, org: &impl Display) {
        line!(self, info "lanes_joined" {},
            "the backlog of {org} is shipped; one cursor goes on from here");
    }

    /// Where the two lanes of a backlog meet is not known.
    pub(crate) fn overlap_lost(&self, since: DateTime<Utc>) {
        line!(self, warn "overlap_lost" {},
            "the saved cursor does not tell where new events and backlog meet, so they go on as one {}", from(since));
    }

    /// `--since` has no say over a saved cursor.
    pub(crate) fn since_unused(&self) {
        line!(self, warn "since_unused" {},
            "--since is where a first run starts; there is a saved cursor, which wins (--restart discards it)");
    }

    /// Events that cannot be told apart by `uuid`.
    pub(crate) fn events_without_uuid(&self, org: &impl Display, count: u64, first: impl Display) {
        line!(self, warn "event_without_uuid" { count, first = %first, },
            "{count} event(s) from {org} came without uuid; shipped, and known by a digest of the row (the first is {first}); nothing to do, but uuid_g is empty there");
    }

    /// Values over the limit.
    pub(crate) fn values_cut(&self, org: &impl Display, count: u64, first: impl Display) {
        line!(self, warn "values_cut" { count, first = %first, },
            "{count} event(s) from {org} held a value over 32,000 bytes, which was cut (the first is {first}); truncated_d says by how much, Okta's own log has the whole");
    }

    /// A row was set aside.
    pub(crate) fn dead_letter(&self, name: &str, reason: &str) {
        line!(self, error "dead_letter" { name, },
            "a row was set aside as dead-letters/{name} so that the others go on: {reason}");
    }

    /// `recent-ids` cannot be read.
    pub(crate) fn recent_ids_damaged(&self, damaged: &impl Display) {
        line!(self, warn "recent_ids_damaged" {}, "{damaged}");
    }

    /// The lease runs out by itself.
    pub(crate) fn lease_not_released(&self, error: &impl Display) {
        line!(self, warn "lease_not_released" {},
            "{error}; the lease runs out by itself within 30 s, until then runs end at once");
    }

    /// The health table has no row about this run.
    pub(crate) fn health_row_lost(&self, problem: &str) {
        line!(self, warn "health_row_lost" {},
            "OktaConnectorHealth_CL has no row about this run, which is otherwise unaffected: {problem}");
    }
}

fn from(since: DateTime<Utc>) -> String {
    let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("from {since}; what was accepted since then is left out by id")
}
