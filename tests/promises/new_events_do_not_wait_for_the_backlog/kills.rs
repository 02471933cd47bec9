//! Two lanes and a process that is killed: what was saved of both is enough to go on.

use std::sync::Arc;
use std::time::Duration;

use sandbox::okta::Fault;

use super::{busy_org, catch_up};
use crate::brittle::{BrittleStore, Death, Dies};
use crate::program::soon;
use crate::town::{Road, Town, on_both_roads, run};

on_both_roads!(
    a_kill_at_any_save_of_two_lanes_repeats_one_batch_at_most,
    news_between_the_requests_of_the_run_after_a_kill_comes_once,
    kills_one_after_the_other_lose_nothing,
);

/// One run with a store that dies at one write. Whether it came to that.
async fn killed_at(town: &Town, write: u64, dies: Dies) -> bool {
    let death = Death::at(write, dies);
    let mut shipper = town.shipper();
    shipper.store = Arc::new(BrittleStore {
        store: Arc::clone(&shipper.store),
        death: Arc::clone(&death),
    });
    soon(async {
        tokio::select! {
            _ = run(&shipper) => false,
            () = death.comes() => true,
        }
    })
    .await
}

async fn a_kill_at_any_save_of_two_lanes_repeats_one_batch_at_most(road: Road) {
    const PAGE: usize = 30;
    for dies in [Dies::Before, Dies::After] {
        for write in 1.. {
            let town = Town::by(road, busy_org(150, PAGE)).await;
            println!("dies {dies:?} write {write}");
            let killed = killed_at(&town, write, dies).await;
            town.org.append(2);
            catch_up(&town).await;
            let table = town.workspace.table("Okta_CL");
            assert!(town.org.ids().all(|id| table.times_seen(&id) > 0));
            let repeated = table.rows() - table.distinct_ids() as u64;
            let batches = town.posts_of_events().into_iter().map(|post| post.rows);
            let doubtful = match dies {
                Dies::Before => batches.max().unwrap(),
                Dies::After => 0,
            };
            assert!(repeated <= doubtful, "{repeated} rows repeated");
            if !killed {
                assert!(write > 10, "only {write} writes");
                break;
            }
        }
    }
}

/// One run, and `fresh` events of this age that are stored before its request number `request`, if
/// it comes to that.
async fn run_with_news_before(town: &Town, request: u64, (fresh, age): (u64, Duration)) {
    let faults = town.org.faults();
    let asked = town.org.requests().len() as u64;
    faults.on_request(asked + request, Fault::Stall);
    soon(async {
        let mut run = std::pin::pin!(town.run());
        tokio::select! {
            () = faults.wait_for_stalled(1) => {
                town.org.append_late(fresh, age);
                faults.release();
                run.await;
            }
            _ = &mut run => faults.clear(),
        }
    })
    .await;
}

async fn news_between_the_requests_of_the_run_after_a_kill_comes_once(road: Road) {
    let hours = Duration::from_secs(6 * 3600);
    for (request, news) in [
        (1, (5, Duration::ZERO)),
        (2, (5, Duration::ZERO)),
        (2, (45, hours)),
        (3, (5, hours)),
        (3, (45, Duration::ZERO)),
    ] {
        for write in 3.. {
            // The page after the one that meets the seam has the last of it, and room for news.
            let town = Town::by(road, busy_org(150, 47)).await;
            println!("a kill after write {write}, then {news:?} before request {request}");
            let killed = killed_at(&town, write, Dies::After).await;
            run_with_news_before(&town, request, news).await;
            catch_up(&town).await;
            town.assert_each_event_is_there_once();
            if !killed {
                assert!(write > 10, "only {write} writes");
                break;
            }
        }
    }
}

async fn kills_one_after_the_other_lose_nothing(road: Road) {
    // With fewer a run gets no further than to look for news twice, which is saved each time.
    for write in 4..9 {
        let town = Town::by(road, busy_org(300, 30)).await;
        let mut kills = 0;
        while killed_at(&town, write, Dies::After).await {
            // News in every run would leave one of so few writes nothing to do but news.
            town.org.append(if kills < 5 { 2 } else { 0 });
            kills += 1;
        }
        assert!(kills > 0);
        catch_up(&town).await;
        town.assert_each_event_is_there_once();
    }
}
