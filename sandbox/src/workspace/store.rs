//! Everything that arrived, and a way to wait for more.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::config::Config;
use super::event_id::EventId;
use super::ingestion::stream::Report;
use super::table::Table;

/// One post and what became of it.
#[derive(Clone, Debug)]
pub struct Post {
    /// The `Log-Type` header, or the stream without `Custom-` and `_CL`; empty when there was none.
    pub log_type: String,
    /// Bytes of the body on the wire, as announced by the client.
    pub bytes: u64,
    /// Bytes of the body before compression; 0 when it was not read.
    pub plain_bytes: u64,
    /// Rows stored; 0 unless [`Post::stored`].
    pub rows: u64,
    /// The status of the answer; none while it is withheld, or when it was lost.
    pub status: Option<u16>,
    /// The service's code for a refusal.
    pub error: Option<String>,
    /// Whether the rows are in the table, whatever the answer was.
    pub stored: bool,
    /// When the post began to arrive.
    pub at: DateTime<Utc>,
    /// SHA-256 of the body on the wire: equal for a retry that sends the same bytes. None when the body was
    /// not read, or under [`super::config::Detail::IdsOnly`].
    pub sha256: Option<[u8; 32]>,
    /// The `uuid` of each stored row, in order.
    pub ids: Arc<[EventId]>,
}

/// A row that came again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedRow {
    /// The last post before that brought it, by its place among all posts.
    pub first: usize,
    /// The post that brought it again.
    pub again: usize,
    /// Its `uuid`.
    pub id: EventId,
}

/// Every row of these posts that came again, in the order of its arrival.
pub fn repeated_rows(posts: &[Post]) -> Vec<RepeatedRow> {
    let mut brought: HashMap<&EventId, usize> = HashMap::new();
    let mut repeated = Vec::new();
    for (again, post) in posts.iter().enumerate().filter(|(_, post)| post.stored) {
        for id in post.ids.iter() {
            if let Some(first) = brought.insert(id, again) {
                let id = id.clone();
                repeated.push(RepeatedRow { first, again, id });
            }
        }
    }
    repeated
}

/// Names a post so that its answer can be noted later.
#[derive(Clone, Copy, Debug)]
pub(super) struct PostNumber(usize);

#[derive(Debug)]
pub(super) struct Store {
    config: Config,
    tables: Mutex<BTreeMap<String, Table>>,
    posts: Mutex<Vec<Post>>,
    reports: Mutex<BTreeSet<Report>>,
    changes: watch::Sender<()>,
}

impl Store {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            config: config.clone(),
            tables: Mutex::default(),
            posts: Mutex::default(),
            reports: Mutex::default(),
            changes: watch::Sender::new(()),
        }
    }

    pub(super) fn table(&self, name: &str) -> Table {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables
            .entry(name.to_owned())
            .or_insert_with(|| Table::new(name, &self.config))
            .clone()
    }

    pub(super) fn tables(&self) -> Vec<String> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = tables.iter().filter(|(_, table)| table.rows() > 0);
        filled.map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn posts(&self) -> Vec<Post> {
        self.locked_posts().clone()
    }

    pub(super) fn post_count(&self) -> usize {
        self.locked_posts().len()
    }

    pub(super) fn report(&self, reports: impl IntoIterator<Item = Report>) {
        let mut all = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(reports);
    }

    pub(super) fn reports(&self) -> Vec<Report> {
        let all = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().cloned().collect()
    }

    pub(super) fn record(&self, post: Post) -> PostNumber {
        let mut posts = self.locked_posts();
        posts.push(post);
        let number = PostNumber(posts.len() - 1);
        drop(posts);
        self.changes.send_replace(());
        number
    }

    pub(super) fn note_status(&self, number: PostNumber, status: u16) {
        if let Some(post) = self.locked_posts().get_mut(number.0) {
            post.status = Some(status);
        }
    }

    /// Resolves once `condition` holds; it is looked at now and after every post.
    pub(super) async fn until(&self, condition: impl Fn(&Self) -> bool) {
        let mut changes = self.changes.subscribe();
        while !condition(self) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn locked_posts(&self) -> MutexGuard<'_, Vec<Post>> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
