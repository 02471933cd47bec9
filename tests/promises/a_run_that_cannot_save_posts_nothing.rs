//! What cannot be remembered is not posted: else every run would post the same rows again.

use std::time::Duration;

use okta_sentinel::net::retry::Limits;
use okta_sentinel::ship::{Begin, Ended, RunError, RunReport};
use okta_sentinel::telemetry::Log;
use sandbox::okta::{EndOfStream, OrgConfig};
use sandbox::workspace::Fault;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::support::fixture::{Fixture, IngestionApi, for_each_sink, run};
use crate::support::refused_saves::RefusedSaves;

for_each_sink!(
    no_run_posts_while_the_place_cannot_be_saved,
    the_post_is_to_blame_before_the_save_that_fails_after_it,
    a_letter_that_cannot_be_written_is_not_sent,
);

async fn no_run_posts_while_the_place_cannot_be_saved(api: IngestionApi) {
    for is_first in [true, false] {
        let fixture = Fixture::start_with_events(api, 20).await;
        let mut shipper = fixture.shipper();
        let store = RefusedSaves::before(&mut shipper);
        let mut shipped = 0;
        if !is_first {
            shipped = run(&shipper).await.events;
            fixture.org.append(7);
        }
        let before = fixture.posts_of_events().len();
        store.refuse_after(0);
        for _ in 0..3 {
            let report = run(&shipper).await;
            assert!(
                matches!(report.ended, Ended::Failed(RunError::Store(_))),
                "{report}"
            );
        }
        assert_eq!(fixture.posts_of_events().len(), before);
        store.refuse_after(i64::MAX);
        let left = fixture.org.ids().count() as u64 - shipped;
        assert_eq!(run(&shipper).await.events, left);
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn a_run_without_news_saves_a_new_link_and_nothing_more() {
    let org = OrgConfig {
        events: 20,
        end_of_stream: EndOfStream::SameLink,
        ..OrgConfig::default()
    };
    let fixture = Fixture::with_org(org).await;
    let mut shipper = fixture.shipper();
    let store = RefusedSaves::before(&mut shipper);
    run(&shipper).await;
    run(&shipper).await;
    store.take_saved();
    for _ in 0..3 {
        assert_eq!(run(&shipper).await.events, 0);
    }
    assert_eq!(store.take_saved(), 0);
    // Before the first post, after the page, after a page that ends the log, and the ids.
    fixture.org.append(5);
    assert_eq!(run(&shipper).await.events, 5);
    let saved = store.take_saved();
    assert!((2..=4).contains(&saved), "{saved} saves");
}

async fn the_post_is_to_blame_before_the_save_that_fails_after_it(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 30).await;
    let mut shipper = fixture.shipper();
    let store = RefusedSaves::before(&mut shipper);
    // The page is refused whole, one half is accepted, and the other one by a wrong setting.
    let faults = fixture.workspace.faults();
    faults.push(Fault::status(413, "TooLarge"));
    let stop_after_a_half = |report: &RunReport| {
        if report.posts == 1 {
            faults.always(Fault::status(403, "InvalidAuthorization"));
        }
    };
    // The one before the first post.
    store.refuse_after(1);
    let report = shipper
        .run(
            Begin::Saved,
            CancellationToken::new(),
            &Log::new("test"),
            &stop_after_a_half,
        )
        .await;
    assert_eq!(report.events, 15, "{report}");
    let said = report.to_string();
    let post = said.find("InvalidAuthorization");
    let save = said.find("refused by a policy");
    assert!(post.is_some() && post < save, "{said}");
    assert!(said.contains("posts that again"), "{said}");
    faults.clear();
    store.refuse_after(i64::MAX);
    assert_eq!(run(&shipper).await.events, 30);
    assert_eq!(fixture.workspace.table("Okta_CL").distinct_ids(), 30);
}

async fn a_letter_that_cannot_be_written_is_not_sent(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 5).await;
    let poison = fixture.org.ids().nth(2).unwrap();
    fixture.workspace.faults().poison(&poison);
    let mut shipper = fixture.shipper();
    assert_eq!(run(&shipper).await.dead_letters, 1);
    fixture.workspace.faults().clear();
    let before = fixture.posts_of_events().len();
    let store = RefusedSaves::before(&mut shipper);
    let limits = Limits {
        deadline: Instant::now() + Duration::from_secs(60),
        stop: CancellationToken::new(),
    };
    store.refuse_after(0);
    for _ in 0..2 {
        let sent = shipper.resend(&limits, &Log::new("test"), |_| ()).await;
        assert!(matches!(sent, Err(RunError::Store(_))), "{sent:?}");
    }
    assert_eq!(fixture.posts_of_events().len(), before);
    store.refuse_after(i64::MAX);
    let sent = shipper.resend(&limits, &Log::new("test"), |_| ()).await;
    assert!(sent.is_ok(), "{sent:?}");
    fixture.assert_each_event_is_there_once();
}
