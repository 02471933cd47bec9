//! Rows whose post is not answered may be in the workspace. They are posted once more in that run,
//! in halves and with more time for the answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use okta_rows::ColumnNaming;
use okta_sentinel::log_analytics::batch::{Batch, BatchLimits};
use okta_sentinel::log_analytics::post_error::{Outcome, PostError};
use okta_sentinel::log_analytics::prepared::Prepared;
use okta_sentinel::log_analytics::sink::Sink;
use okta_sentinel::log_analytics::tables::{self, Table};
use okta_sentinel::ship::{Ended, RunError, Shipper};
use sandbox::workspace::Fault;

use crate::support::fixture::{Fixture, IngestionApi, for_each_sink, run};

for_each_sink!(
    a_silence_is_told_from_other_failures,
    rows_are_posted_once_more_in_halves_with_more_time,
    a_lasting_silence_ends_the_run_after_two_posts,
    a_run_without_time_leaves_the_second_post_to_the_next,
    a_connection_that_breaks_again_and_again_ends_the_run,
);

/// A sink whose every answer to rows of events takes this long. What comes after the time that a
/// post has is lost; nobody waits for it.
struct SlowSink {
    sink: Arc<dyn Sink>,
    takes: Duration,
    /// How long each post was ready to wait.
    waits: Mutex<Vec<Duration>>,
}

const USUAL: Duration = Duration::from_secs(30);

impl SlowSink {
    fn before(shipper: &mut Shipper, takes: Duration) -> Arc<SlowSink> {
        let slow = Arc::new(SlowSink {
            sink: Arc::clone(&shipper.sink),
            takes,
            waits: Mutex::default(),
        });
        shipper.sink = Arc::<SlowSink>::clone(&slow);
        slow
    }
}

#[async_trait]
impl Sink for SlowSink {
    fn destination(&self) -> String {
        self.sink.destination()
    }

    fn column_naming(&self) -> ColumnNaming {
        self.sink.column_naming()
    }

    fn limits(&self) -> BatchLimits {
        self.sink.limits()
    }

    fn prepare(&self, batch: &Batch) -> Prepared {
        self.sink.prepare(batch)
    }

    async fn post(&self, table: &'static Table, body: &Prepared) -> Result<(), PostError> {
        self.sink.post(table, body).await?;
        let waits = body.answer_within.unwrap_or(USUAL);
        if table.name != tables::OKTA.name {
            return Ok(());
        }
        self.waits.lock().unwrap().push(waits);
        match self.takes <= waits {
            true => Ok(()),
            false => Err(PostError {
                outcome: Outcome::NoAnswer,
                message: "no answer came in time".to_owned(),
            }),
        }
    }
}

async fn a_silence_is_told_from_other_failures(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 0).await;
    let sink = fixture.shipper().sink;
    let body = Prepared {
        answer_within: Some(Duration::from_millis(300)),
        ..sink.prepare(&Batch::of_one(b"{\"a\":1}"))
    };
    // The token is there before the clock of the post runs.
    sink.post(&tables::OKTA, &body).await.unwrap();
    for (fault, outcome) in [
        (Fault::Stall, Outcome::NoAnswer),
        (Fault::AcceptThenStall, Outcome::NoAnswer),
        (Fault::ResetAfterAccept, Outcome::Broken),
        (Fault::ResetBeforeBodyRead, Outcome::Broken),
    ] {
        fixture.workspace.faults().push(fault.clone());
        let error = sink.post(&tables::OKTA, &body).await.unwrap_err();
        assert_eq!(error.outcome, outcome, "{fault:?}: {error}");
        assert!(error.message.contains("may be there"), "{error}");
        fixture.workspace.faults().release();
    }
}

async fn rows_are_posted_once_more_in_halves_with_more_time(api: IngestionApi) {
    for events in [1, 40, 600] {
        let fixture = Fixture::start_with_events(api, events).await;
        let mut shipper = fixture.shipper();
        let sink = SlowSink::before(&mut shipper, Duration::from_secs(35));
        let report = run(&shipper).await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
        assert_eq!(report.events, events, "{report}");
        let table = fixture.workspace.table("Okta_CL");
        for id in fixture.org.ids() {
            assert_eq!(table.times_seen(&id), 2, "{report}");
        }
        let posts = fixture.posts_of_events();
        let first = posts.len().div_ceil(3);
        let (first, second) = if events == 1 {
            posts.split_at(1)
        } else {
            posts.split_at(first)
        };
        let largest = |posts: &[sandbox::workspace::Post]| posts.iter().map(|post| post.rows).max();
        assert_eq!(largest(second), largest(first).map(|rows| rows.div_ceil(2)));
        let waits = sink.waits.lock().unwrap();
        assert!(
            waits[first.len()..].iter().all(|wait| *wait > USUAL),
            "{waits:?}"
        );
    }
}

async fn a_lasting_silence_ends_the_run_after_two_posts(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 40).await;
    let mut shipper = fixture.shipper();
    SlowSink::before(&mut shipper, Duration::from_secs(3_600));
    let report = run(&shipper).await;
    assert!(
        matches!(report.ended, Ended::Failed(RunError::Post(_))),
        "{report}"
    );
    assert_eq!((report.events, report.dead_letters), (0, 0), "{report}");
    let table = fixture.workspace.table("Okta_CL");
    let most = fixture.org.ids().map(|id| table.times_seen(&id)).max();
    assert_eq!(most, Some(2), "{report}");
}

async fn a_run_without_time_leaves_the_second_post_to_the_next(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 10).await;
    let mut shipper = fixture.shipper();
    SlowSink::before(&mut shipper, Duration::from_secs(35));
    let shipper = Shipper {
        budget: Duration::from_secs(30),
        ..shipper
    };
    let report = run(&shipper).await;
    assert!(!report.succeeded(), "{report}");
    assert!(report.to_string().contains("no answer"), "{report}");
    assert_eq!(fixture.posts_of_events().len(), 1);
}

async fn a_connection_that_breaks_again_and_again_ends_the_run(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 10).await;
    fixture.workspace.faults().always(Fault::ResetAfterAccept);
    let report = fixture.run().await;
    assert!(!report.succeeded(), "{report}");
    assert_eq!(fixture.posts_of_events().len(), 3, "{report}");
    fixture.workspace.faults().clear();
    assert_eq!(fixture.run().await.events, 10);
}
