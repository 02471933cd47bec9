//! Two lanes and a killed process: the saved state of both lanes is enough to go on.

use std::sync::Arc;
use std::time::Duration;

use sandbox::okta::Fault;

use super::{busy_org, catch_up};
use crate::support::crash::{Crash, CrashSide};
use crate::support::faulty_store::FaultyStore;
use crate::support::fixture::{Fixture, IngestionApi, for_each_sink, run};
use crate::support::program::with_timeout;

for_each_sink!(
    a_kill_at_any_save_of_two_lanes_repeats_the_rows_of_one_page_at_most,
    new_events_between_the_requests_of_the_run_after_a_kill_come_once,
    kills_one_after_the_other_lose_nothing,
);

/// One run with a store that dies at one write. Whether it came to that.
async fn killed_at(fixture: &Fixture, write: u64, side: CrashSide) -> bool {
    let crash = Crash::at(write, side);
    let mut shipper = fixture.shipper();
    shipper.store = Arc::new(FaultyStore {
        store: Arc::clone(&shipper.store),
        fault: Arc::clone(&crash) as _,
    });
    with_timeout(async {
        tokio::select! {
            _ = run(&shipper) => false,
            () = crash.reached() => true,
        }
    })
    .await
}

async fn a_kill_at_any_save_of_two_lanes_repeats_the_rows_of_one_page_at_most(api: IngestionApi) {
    const PAGE: usize = 30;
    for side in [CrashSide::Before, CrashSide::After] {
        for write in 1.. {
            let fixture = Fixture::start(api, busy_org(150, PAGE)).await;
            println!("side {side:?} write {write}");
            let killed = killed_at(&fixture, write, side).await;
            fixture.org.append(2);
            catch_up(&fixture).await;
            let table = fixture.workspace.table("Okta_CL");
            assert!(fixture.org.ids().all(|id| table.times_seen(&id) > 0));
            let repeated = table.rows() - table.distinct_ids() as u64;
            let doubtful = match side {
                CrashSide::Before => PAGE as u64,
                CrashSide::After => 0,
            };
            assert!(repeated <= doubtful, "{repeated} rows repeated");
            if !killed {
                assert!(write > 7, "only {write} writes");
                break;
            }
        }
    }
}

/// One run, and `fresh` events of this age that are stored before its request number `request`, if
/// it comes to that.
async fn run_with_news_before(fixture: &Fixture, request: u64, (fresh, age): (u64, Duration)) {
    let faults = fixture.org.faults();
    let asked = fixture.org.requests().len() as u64;
    faults.on_request(asked + request, Fault::Stall);
    with_timeout(async {
        let mut run = std::pin::pin!(fixture.run());
        tokio::select! {
            () = faults.wait_for_stalled(1) => {
                fixture.org.append_late(fresh, age);
                faults.release();
                run.await;
            }
            _ = &mut run => faults.clear(),
        }
    })
    .await;
}

async fn new_events_between_the_requests_of_the_run_after_a_kill_come_once(api: IngestionApi) {
    let hours = Duration::from_secs(6 * 3600);
    for (request, news) in [
        (1, (5, Duration::ZERO)),
        (2, (5, Duration::ZERO)),
        (2, (45, hours)),
        (3, (5, hours)),
        (3, (45, Duration::ZERO)),
    ] {
        for write in 3.. {
            // The page after the one that reaches the overlap has the last of it, and room for new events.
            let fixture = Fixture::start(api, busy_org(150, 47)).await;
            println!("a kill after write {write}, then {news:?} before request {request}");
            let killed = killed_at(&fixture, write, CrashSide::After).await;
            run_with_news_before(&fixture, request, news).await;
            catch_up(&fixture).await;
            fixture.assert_each_event_is_there_once();
            if !killed {
                assert!(write > 7, "only {write} writes");
                break;
            }
        }
    }
}

async fn kills_one_after_the_other_lose_nothing(api: IngestionApi) {
    // With fewer a run gets no further than to look for news twice, which is saved each time.
    for write in 4..9 {
        let fixture = Fixture::start(api, busy_org(300, 30)).await;
        let mut kills = 0;
        while killed_at(&fixture, write, CrashSide::After).await {
            // News in every run would leave one of so few writes nothing to do but news.
            fixture.org.append(if kills < 5 { 2 } else { 0 });
            kills += 1;
        }
        assert!(kills > 0);
        catch_up(&fixture).await;
        fixture.assert_each_event_is_there_once();
    }
}
