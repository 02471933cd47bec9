//! A slow Okta and a slow workspace: whether the program reads on while it posts.

use std::time::Duration;

use anyhow::Context as _;
use sandbox::okta::{OktaOrg, OrgConfig};
use sandbox::workspace::Workspace;

use super::road::Road;
use super::shipping;

const EVENTS: u64 = 20_000;
/// What Okta takes for a page, and the workspace for a post.
const PAGE: Duration = Duration::from_millis(300);
const POST: Duration = Duration::from_millis(200);

/// How long it took, and could have taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overlap {
    pub(super) road: &'static str,
    /// From the arrival of the first request at Okta to the answer to the last post.
    pub(super) took: Duration,
    pub(super) requests: u32,
    pub(super) posts: u32,
}

impl Overlap {
    pub(super) const EVENTS: u64 = EVENTS;
    pub(super) const PAGE: Duration = PAGE;
    pub(super) const POST: Duration = POST;

    /// Every page in turn and the last post, or the first page and every post in turn, whichever
    /// is more. A program that reads one thing at a time and posts one is no faster; the two lanes
    /// of a first connection read side by side for a page or two, and may be.
    pub(super) fn ideal(&self) -> Duration {
        (PAGE * self.requests + POST).max(PAGE + POST * self.posts)
    }

    /// One thing after the other.
    pub(super) fn serial(&self) -> Duration {
        PAGE * self.requests + POST * self.posts
    }
}

/// Ships over slow answers.
///
/// # Errors
/// The road failed, or an event is missing or repeated.
pub(super) async fn measure(road: &Road, seed: u64) -> anyhow::Result<Overlap> {
    let config = OrgConfig {
        seed,
        events: EVENTS,
        latency: PAGE,
        ..OrgConfig::default()
    };
    let org = OktaOrg::start(config)
        .await
        .context("the local Okta org cannot be started")?;
    let workspace = Workspace::start(shipping::counting()).await;
    let workspace = workspace.context("the local workspace cannot be started")?;
    workspace.faults().set_latency(POST);
    road.run(&org, &workspace).await?;
    shipping::complete(road, &org, &workspace)?;
    let (requests, posts) = (org.requests(), shipping::posts_of_events(&workspace));
    let first = requests
        .first()
        .context("the program asked Okta for nothing")?
        .at;
    let last = posts
        .iter()
        .map(|post| post.at)
        .max()
        .context("the program posted nothing")?;
    Ok(Overlap {
        road: road.name,
        took: (last - first).to_std().unwrap_or_default() + POST,
        requests: u32::try_from(requests.len()).unwrap_or(u32::MAX),
        posts: u32::try_from(posts.len()).unwrap_or(u32::MAX),
    })
}
