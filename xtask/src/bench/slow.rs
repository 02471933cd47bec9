//! A slow Okta and a slow workspace: whether the program reads on while it posts.

use std::time::Duration;

use anyhow::Context as _;
use sandbox::okta::OrgConfig;

use super::site::{Activity, Site};
use super::target::{Api, BenchTarget};

const EVENTS: u64 = 20_000;
const PAGES: u32 = 20;
/// What Okta takes for a page, and the workspace for a post.
const PAGE: Duration = Duration::from_millis(300);
const POST: Duration = Duration::from_millis(200);

/// One run over slow answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlowRun {
    pub(super) api: Api,
    pub(super) activity: Activity,
    /// From the arrival of the first request at Okta to the answer to the last post.
    pub(super) took: Duration,
    pub(super) requests: u32,
    pub(super) posts: u32,
}

impl SlowRun {
    pub(super) const EVENTS: u64 = EVENTS;
    pub(super) const PAGE: Duration = PAGE;
    pub(super) const POST: Duration = POST;

    /// Every page in turn and one post more: nobody is faster who reads one page at a time.
    pub(super) fn reading_alone() -> Duration {
        PAGE * (PAGES + 1) + POST
    }

    /// One thing after the other.
    pub(super) fn serial(&self) -> Duration {
        PAGE * self.requests + POST * self.posts
    }
}

/// Ships over slow answers.
///
/// # Errors
/// The target failed, or an event is missing or repeated.
pub(super) async fn measure(
    target: &BenchTarget,
    activity: Activity,
    seed: u64,
) -> anyhow::Result<SlowRun> {
    let site = Site::start(OrgConfig {
        latency: PAGE,
        ..activity.org(EVENTS, seed)
    });
    let site = site.await?;
    site.workspace.faults().set_latency(POST);
    target.run(&site).await?;
    site.check(target.expected)?;
    let (requests, posts) = (site.org.requests(), site.posts_of_events());
    let first = requests.first().map(|request| request.at);
    let first = first.context("the program asked Okta for nothing")?;
    let last = posts.iter().map(|post| post.at).max();
    let last = last.context("the program posted nothing")?;
    Ok(SlowRun {
        api: target.api,
        activity,
        took: (last - first).to_std().unwrap_or_default() + POST,
        requests: u32::try_from(requests.len())?,
        posts: u32::try_from(posts.len())?,
    })
}
