//! A local Okta org and a local workspace, and whether all of the one arrived in the other.

use anyhow::{Context as _, bail};
use chrono::{TimeDelta, Utc};
use clap::ValueEnum;
use okta_rows::schema::Kind;
use okta_sentinel::log_analytics::tables::{self, Table};
use sandbox::okta::{OktaOrg, OrgConfig};
use sandbox::workspace::{Config, Detail, Post, RuleConfig, StreamColumns, StreamType, Workspace};

use super::expected::Expected;

/// How old the newest event of an org asleep is.
const ASLEEP_FOR: TimeDelta = TimeDelta::hours(6);

/// When an org's newest event was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Activity {
    /// Just now: the last five minutes have 3,000 events
    Awake,
    /// Hours ago: nothing happens meanwhile
    Asleep,
}

impl Activity {
    pub(super) const ALL: [Activity; 2] = [Activity::Awake, Activity::Asleep];

    pub(super) fn name(self) -> &'static str {
        match self {
            Activity::Awake => "awake",
            Activity::Asleep => "asleep",
        }
    }

    pub(super) fn org(self, events: u64, seed: u64) -> OrgConfig {
        let config = OrgConfig {
            seed,
            events,
            ..OrgConfig::default()
        };
        let spacing = TimeDelta::from_std(config.spacing).unwrap_or_default();
        let span = spacing * i32::try_from(events).unwrap_or(i32::MAX);
        OrgConfig {
            first_published: match self {
                Activity::Awake => None,
                Activity::Asleep => Some(Utc::now() - ASLEEP_FOR - span),
            },
            ..config
        }
    }
}

/// Both ends of the way.
pub(super) struct Site {
    pub(super) org: OktaOrg,
    pub(super) workspace: Workspace,
}

impl Site {
    /// An org as given and an empty workspace.
    ///
    /// # Errors
    /// This machine has no free port for one of them.
    pub(super) async fn start(org: OrgConfig) -> anyhow::Result<Site> {
        let org = OktaOrg::start(org).await;
        let workspace = Workspace::start(counting()).await;
        Ok(Site {
            org: org.context("the local Okta org cannot be started")?,
            workspace: workspace.context("the local workspace cannot be started")?,
        })
    }

    /// The posts of events, without those of the health table.
    pub(super) fn posts_of_events(&self) -> Vec<Post> {
        let posts = self.workspace.posts().into_iter();
        posts.filter(|post| post.log_type == "Okta").collect()
    }

    /// Compares the two ends, event by event where ids arrive.
    ///
    /// # Errors
    /// They differ, or the rule dropped a column of the program's.
    pub(super) fn check(&self, expected: Expected) -> anyhow::Result<()> {
        let (table, events) = (self.workspace.table("Okta_CL"), self.org.total_events());
        if expected == Expected::AsManyRows {
            return match table.rows() {
                rows if rows >= events => Ok(()),
                rows => bail!("{rows} rows arrived of {events} events"),
            };
        }
        if let Some(report) = self.workspace.reports().first() {
            bail!("the rule would have lost something: {report:?}");
        }
        let missing = self.org.ids().filter(|id| table.times_seen(id) == 0);
        let missing = missing.count();
        let (repeated, more) = match expected {
            Expected::EachOnce => (
                table.repeated_ids().len(),
                table.rows().saturating_sub(events),
            ),
            Expected::EachAtLeastOnce | Expected::AsManyRows => (0, 0),
        };
        if missing > 0 || repeated > 0 || more > 0 {
            bail!("{missing} events are missing, {repeated} repeated, {more} rows too many");
        }
        Ok(())
    }
}

/// A workspace that counts rows and keeps none, and whose rule has the columns of our tables.
fn counting() -> Config {
    Config {
        detail: Detail::IdsOnly,
        keep_rows: 0,
        rule: RuleConfig {
            streams: tables::ALL.into_iter().map(declared).collect(),
            ..RuleConfig::default()
        },
        ..Config::default()
    }
}

fn declared(table: &Table) -> (String, StreamColumns) {
    let columns = table.described_columns().map(|(name, kind, _)| {
        let kind = match kind {
            Kind::Text | Kind::Guid => StreamType::String,
            Kind::Number => StreamType::Real,
            Kind::Flag => StreamType::Boolean,
            Kind::Time => StreamType::Datetime,
        };
        (name, kind)
    });
    (table.stream(), columns.collect())
}
