//! Every line this program logs, by name, so that wording is reviewed in one place.
//!
//! Under the Functions host a line is one JSON object on stdout with the invocation's id; in a
//! shell it is a line for people on stderr. No line holds a secret, a body or a URL's query.

use std::fmt::Display;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use tracing::Level;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::format::{JsonLines, TextLines};

mod format;
pub(crate) mod secrets;
pub(crate) mod shown;

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
    let lines = match lines {
        Lines::Json => {
            let json = layer().event_format(JsonLines);
            json.log_internal_errors(false).boxed()
        }
        Lines::Text { colour } => {
            let text = layer().event_format(TextLines { colour });
            let text = text.with_writer(std::io::stderr);
            text.log_internal_errors(false).boxed()
        }
    };
    let registry = tracing_subscriber::registry().with(lines.with_filter(ours));
    // Fails only where a test has set lines up before. A line that nobody takes any more is
    // dropped in silence: saying so on a closed stderr would be a panic in the middle of a run.
    if registry.try_init().is_ok() {
        // A panic's message may quote a peer, too.
        std::panic::set_hook(Box::new(|panic| Log::new("none").panicked(panic)));
    }
}

/// The log of one invocation, or of a command in a shell: every line carries its id.
#[derive(Clone, Debug)]
pub struct Log {
    invocation: String,
    quiet: bool,
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
}

/// Declares the lines: level, name for queries, method, fields, text for people.
macro_rules! lines {
    ($(
        $(#[$doc:meta])*
        $level:ident $event:literal $name:ident($($args:tt)*) {$($field:tt)*} ($($text:tt)*);
    )*) => {
        impl Log {$(
            $(#[$doc])*
            pub(crate) fn $name(&self, $($args)*) {
                tracing::$level!(
                    invocation_id = %self.invocation, event = $event, $($field)* $($text)*
                );
            }
        )*}
    };
}

lines! {
    /// The server listens.
    info "listening" listening(port: u16) { port, }
        ("listening on 127.0.0.1:{port}");

    /// The process was told to end.
    info "stopping" stopping() {}
        ("told to stop; a post under way gets 5 seconds");

    /// A payload that is not the timer's; the run goes on all the same.
    warn "odd_payload" odd_payload(problem: &str) {}
        ("the invocation's body cannot be read ({problem}); running all the same");

    /// The timer fires late.
    info "past_due" past_due() {}
        ("the timer fires late; this run goes on from the saved cursor like any other");

    /// A run of this process is still under way.
    info "already_running" already_running(answer: &str) {}
        ("{answer}");

    /// An invocation failed before or beside its run.
    error "invocation_failed" invocation_failed(problem: &str) {}
        ("{problem}");

    /// A bug of this program.
    error "panic" panicked(panic: &impl Display) {}
        ("okta-sentinel has a bug: {panic}; please report this line");

    /// A setting that cannot be used.
    error "wrong_setting" wrong_setting(setting: &str, problem: &impl Display) { setting, }
        ("{problem}");

    /// Something about the settings that an operator should know.
    warn "settings_warning" settings_warning(warning: &str) {}
        ("{warning}");

    /// A try failed and another follows.
    warn "trying_again" trying_again(error: &impl Display, pause: Duration)
        { pause_seconds = pause.as_secs_f64(), }
        ("{error}; trying again in {:.1} s", pause.as_secs_f64());

    /// Our share of Okta's rate limit is used up for now.
    info "rate_paused" rate_paused(org: &impl Display, pause: Duration)
        { pause_seconds = pause.as_secs(), }
        ("our share of {org}'s rate limit is used up; it is free again in {} s", pause.as_secs());

    /// Pages were too slow or too large.
    warn "page_halved" page_halved(org: &impl Display, events: u32, why: &str)
        { page_limit = events, }
        ("a page of {org} was {why}; asking for {events} events at a time");

    /// `OKTA_FILTER` is not the saved cursor's.
    warn "filter_changed" filter_changed(since: DateTime<Utc>) {}
        ("OKTA_FILTER changed, so the saved cursor no longer fits; going on {}", from(since));

    /// Okta refused the saved cursor.
    warn "cursor_lost" fell_back(refused: &impl Display, since: DateTime<Utc>) {}
        ("{refused}; going on {}", from(since));

    /// A first connection has a backlog.
    info "lanes_split" lanes_split(org: &impl Display, since: DateTime<Utc>) {}
        ("{org} has a backlog: what is stored there from {} on is shipped first, what was before in between", seconds(since));

    /// A first run, where the state of another host lies beside.
    warn "other_host_saved" other_host_saved(new: &str, old: &str, since: DateTime<Utc>) {}
        ("this is the first run under {new}, and there is saved state of {old}: if that is the same org under its former host, stop this run and run `okta-sentinel state move {old} {new}`, else what is in the workspace since {} comes again", seconds(since));

    /// The backlog is through.
    info "lanes_joined" lanes_joined(org: &impl Display) {}
        ("the backlog of {org} is shipped; one cursor goes on from here");

    /// Where the two lanes of a backlog meet is not known.
    warn "overlap_lost" overlap_lost(since: DateTime<Utc>) {}
        ("the saved cursor does not tell where new events and backlog meet, so they go on as one {}", from(since));

    /// `--since` has no say over a saved cursor.
    warn "since_unused" since_unused() {}
        ("--since is where a first run starts; there is a saved cursor, which wins (--restart discards it, and what is in the workspace comes again)");

    /// Events that cannot be told apart by `uuid`.
    warn "event_without_uuid" events_without_uuid(org: &impl Display, count: u64, first: impl Display)
        { count, first = %first, }
        ("{count} event(s) from {org} came without uuid; shipped, and known by a digest of the row (the first is {first}); nothing to do, but uuid_g is empty there");

    /// Events that share a `uuid` and differ.
    warn "same_id" events_with_same_id(org: &impl Display, count: u64, first: impl Display)
        { count, first = %first, }
        ("{count} event(s) from {org} have the uuid of an event before them and other content; all are shipped (the first is {first})");

    /// Bytes that no JSON may hold.
    warn "bytes_replaced" bytes_replaced(org: &impl Display, count: u64, first: impl Display)
        { count, first = %first, }
        ("{count} event(s) from {org} held bytes that are no UTF-8, or control characters; shipped, with U+FFFD in place of what is no UTF-8 (the first is {first})");

    /// Values over the limit.
    warn "values_cut" values_cut(org: &impl Display, count: u64, first: impl Display)
        { count, first = %first, }
        ("{count} event(s) from {org} held a value over 32,000 bytes, which was cut (the first is {first}); truncated_d says by how much, Okta's own log has the whole");

    /// A row was set aside.
    error "dead_letter" dead_letter(name: &str, reason: &str) { name, }
        ("a row was set aside as dead-letters/{name} so that the others go on: {reason}");

    /// `recent-ids` cannot be read.
    warn "recent_ids_damaged" recent_ids_damaged(damaged: &impl Display) {}
        ("{damaged}");

    /// The lease runs out by itself.
    warn "lease_not_released" lease_not_released(error: &impl Display) {}
        ("{error}; the lease runs out by itself within 30 s, until then runs end at once");

    /// The health table has no row about this run.
    warn "health_row_lost" health_row_lost(problem: &str) {}
        ("OktaConnectorHealth_CL has no row about this run, which is otherwise unaffected: {problem}");
}

fn from(since: DateTime<Utc>) -> String {
    format!(
        "from {}; what was accepted since then is left out by id",
        seconds(since)
    )
}

fn seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
