//! A point in a server at which requests wait until a test releases them.

use tokio::sync::watch;

#[derive(Debug, Default)]
pub(crate) struct StallPoint {
    /// Counts releases: a stalled request goes on when the number rises.
    releases: watch::Sender<u64>,
    stalled: watch::Sender<usize>,
}

impl StallPoint {
    /// Lets the requests that wait now go on.
    pub(crate) fn release(&self) {
        self.releases.send_modify(|releases| *releases += 1);
    }

    /// Resolves once at least `count` requests wait at the same time.
    pub(crate) async fn wait_for(&self, count: usize) {
        // Cannot fail: the sender lives in `self`.
        let mut stalled = self.stalled.subscribe();
        stalled.wait_for(|now| *now >= count).await.ok();
    }

    /// Resolves once none waits: all were released or their connections ended.
    pub(crate) async fn wait_for_none(&self) {
        let mut stalled = self.stalled.subscribe();
        stalled.wait_for(|now| *now == 0).await.ok();
    }

    /// Resolves when released.
    pub(crate) async fn stall(&self) {
        let mut releases = self.releases.subscribe();
        releases.mark_unchanged();
        let _counted = Stalled::enter(&self.stalled);
        releases.changed().await.ok();
    }
}

/// Counted for as long as it lives: a client that goes away ends its stall, too.
struct Stalled<'a>(&'a watch::Sender<usize>);

impl<'a> Stalled<'a> {
    fn enter(stalled: &'a watch::Sender<usize>) -> Self {
        stalled.send_modify(|now| *now += 1);
        Self(stalled)
    }
}

impl Drop for Stalled<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|now| *now -= 1);
    }
}
