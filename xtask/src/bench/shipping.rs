//! Many events, as fast as they come: what an event costs.

use anyhow::{Context as _, bail};
use okta_rows::schema::Kind;
use okta_sentinel::log_analytics::tables;
use sandbox::okta::{OktaOrg, OrgConfig};
use sandbox::workspace::{Config, Detail, Post, RuleConfig, StreamColumns, StreamType, Workspace};

use super::road::{Api, Brings, Road, Usage};

/// Events of a full page.
const PAGE: u64 = 1_000;

/// One run of one road.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shipped {
    pub(super) road: &'static str,
    pub(super) api: Api,
    pub(super) events: u64,
    pub(super) usage: Usage,
    pub(super) okta_requests: u64,
    /// Bytes of Okta's pages as they came over the wire.
    pub(super) page_bytes: u64,
    pub(super) posts: u64,
    /// Bytes of what was posted before any compression.
    pub(super) plain_bytes: u64,
    /// Bytes of bodies as they went over the wire.
    pub(super) posted_bytes: u64,
}

impl Shipped {
    /// Bytes that the rows of a page have that is full, or holds all there is.
    pub(super) fn page_of_rows(&self) -> u64 {
        self.plain_bytes * self.events.min(PAGE) / self.events.max(1)
    }
}

/// Ships an org of `events` events.
///
/// # Errors
/// The road failed, or an event is missing or repeated: then the figures would mean nothing.
pub(super) async fn measure(road: &Road, events: u64, seed: u64) -> anyhow::Result<Shipped> {
    let org = OktaOrg::start(OrgConfig {
        seed,
        events,
        ..OrgConfig::default()
    });
    let org = org.await.context("the local Okta org cannot be started")?;
    let workspace = Workspace::start(counting()).await;
    let workspace = workspace.context("the local workspace cannot be started")?;
    let usage = road.run(&org, &workspace).await?;
    complete(road, &org, &workspace)?;
    let posts = posts_of_events(&workspace);
    let requests = org.requests();
    Ok(Shipped {
        road: road.name,
        api: road.api,
        events,
        usage,
        okta_requests: requests.len() as u64,
        page_bytes: requests.iter().map(|request| request.page_bytes).sum(),
        posts: posts.len() as u64,
        plain_bytes: posts.iter().map(|post| post.plain_bytes).sum(),
        posted_bytes: posts.iter().map(|post| post.bytes).sum(),
    })
}

/// The posts of events, without those of the health table.
pub(super) fn posts_of_events(workspace: &Workspace) -> Vec<Post> {
    let posts = workspace.posts().into_iter();
    posts.filter(|post| post.log_type == "Okta").collect()
}

/// A workspace that counts rows and keeps none, and whose rule has the columns of our tables.
pub(super) fn counting() -> Config {
    Config {
        detail: Detail::IdsOnly,
        keep_rows: 0,
        rule: RuleConfig {
            streams: tables::all().iter().map(declared).collect(),
            ..RuleConfig::default()
        },
        ..Config::default()
    }
}

fn declared(table: &tables::Table) -> (String, StreamColumns) {
    let columns = table.columns.iter().map(|column| {
        let kind = match column.kind {
            Kind::Text | Kind::Guid => StreamType::String,
            Kind::Number => StreamType::Real,
            Kind::Flag => StreamType::Boolean,
            Kind::Time => StreamType::Datetime,
        };
        (column.name.clone(), kind)
    });
    (table.stream(), columns.collect())
}

/// Compares the two sides, event by event where ids arrive.
///
/// # Errors
/// They differ, or the rule dropped a column of the program's.
pub(super) fn complete(road: &Road, org: &OktaOrg, workspace: &Workspace) -> anyhow::Result<()> {
    let table = workspace.table("Okta_CL");
    if road.brings == Brings::AsMany {
        return match (table.rows(), org.total_events()) {
            (rows, events) if rows >= events => Ok(()),
            (rows, events) => bail!("{rows} rows arrived of {events} events"),
        };
    }
    if let Some(report) = workspace.reports().first() {
        bail!("the rule would have lost something: {report:?}");
    }
    let missing = org.ids().filter(|id| table.times_seen(id) == 0).count();
    let (repeated, more) = match road.brings {
        Brings::EachOnce => (
            table.repeated_ids().len(),
            table.rows().saturating_sub(org.total_events()),
        ),
        Brings::All | Brings::AsMany => (0, 0),
    };
    if missing > 0 || repeated > 0 || more > 0 {
        bail!("{missing} events are missing, {repeated} repeated, {more} rows too many");
    }
    Ok(())
}
