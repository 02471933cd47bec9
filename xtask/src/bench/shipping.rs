//! Many events, as fast as they come: what an event costs.

use super::site::{Activity, Site};
use super::target::{Api, BenchTarget, Usage};

/// Events of a full page.
const PAGE: u64 = 1_000;

/// One run of one program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shipped {
    pub(super) target: &'static str,
    pub(super) api: Api,
    pub(super) activity: Activity,
    pub(super) events: u64,
    pub(super) usage: Usage,
    pub(super) okta_requests: u64,
    pub(super) posts: u64,
    /// Bytes of what was posted before any compression.
    plain_bytes: u64,
    /// Bytes of bodies as they went over the wire.
    pub(super) posted_bytes: u64,
}

impl Shipped {
    /// Pages of the org's log.
    pub(super) fn pages(&self) -> u64 {
        self.events.div_ceil(PAGE)
    }

    /// Bytes that the rows of a page have that is full, or holds all there is.
    pub(super) fn row_bytes_per_page(&self) -> u64 {
        self.plain_bytes * self.events.min(PAGE) / self.events.max(1)
    }
}

/// Ships an org of `events` events.
///
/// # Errors
/// The target failed, or an event is missing or repeated: then the figures would mean nothing.
pub(super) async fn measure(
    target: &BenchTarget,
    activity: Activity,
    events: u64,
    seed: u64,
) -> anyhow::Result<Shipped> {
    let site = Site::start(activity.org(events, seed)).await?;
    let usage = target.run(&site).await?;
    site.check(target.expected)?;
    let posts = site.posts_of_events();
    Ok(Shipped {
        target: target.name,
        api: target.api,
        activity,
        events,
        usage,
        okta_requests: site.org.requests().len() as u64,
        posts: posts.len() as u64,
        plain_bytes: posts.iter().map(|post| post.plain_bytes).sum(),
        posted_bytes: posts.iter().map(|post| post.bytes).sum(),
    })
}
