//! A first connection brings days of backlog, and what happens meanwhile arrives first; where the
//! two meet, nothing is missing and nothing comes twice.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use okta_sentinel::ship::{Begin, Ended, RunReport, Shipper};
use okta_sentinel::telemetry::Log;
use sandbox::okta::{EndOfStream, Fault, OrgConfig, PageOrder, StartGiven};
use tokio_util::sync::CancellationToken;

use crate::heard::Heard;
use crate::program::soon;
use crate::town::{Road, Town, on_both_roads, run};

mod kills;

on_both_roads!(
    the_first_post_is_of_the_last_minutes_and_the_backlog_follows,
    an_org_whose_first_page_reaches_the_last_minutes_never_sees_two_lanes,
    the_lanes_meet_exactly_however_pages_and_ends_look,
    an_idle_org_ends_with_the_place_of_the_backlog,
    what_is_stored_between_any_two_requests_comes_once,
    an_event_that_the_log_holds_twice_ends_no_lane_before_its_time,
    an_end_of_the_log_that_is_none_costs_no_event,
    a_cursor_refused_in_either_lane_falls_back_in_its_own,
    cursors_that_all_expire_at_once_are_replaced_in_both_lanes,
    without_its_seam_the_backlog_is_shipped_to_the_end_in_one_lane,
    a_filter_that_changes_between_the_lanes_loses_nothing,
    a_restart_begins_with_a_seam_of_its_own,
);

/// Some days of a small org: an event every ten minutes, none of them from the last half hour.
fn quiet_org(events: u64, page: usize) -> OrgConfig {
    let spacing = TimeDelta::minutes(10);
    let ended = Utc::now() - TimeDelta::minutes(30);
    OrgConfig {
        events,
        spacing: spacing.to_std().unwrap(),
        first_published: Some(ended - spacing * i32::try_from(events).unwrap()),
        max_page: page,
        ..OrgConfig::default()
    }
}

/// Some hours of a busier one, up to this moment: an event every ten seconds.
fn busy_org(events: u64, page: usize) -> OrgConfig {
    OrgConfig {
        events,
        spacing: Duration::from_secs(10),
        max_page: page,
        ..OrgConfig::default()
    }
}

/// A run that is told to stop once Okta has been asked so often.
async fn run_for(town: &Town, requests: usize) -> RunReport {
    let stop = CancellationToken::new();
    let log = Log::new("test");
    let shipper = town.shipper();
    let asked = town.org.requests().len();
    let work = shipper.run(Begin::Saved, stop.clone(), &log, &|_| ());
    let stopped = async {
        town.org.wait_for_requests(asked + requests).await;
        stop.cancel();
    };
    let (report, ()) = soon(async { tokio::join!(work, stopped) }).await;
    assert!(matches!(report.ended, Ended::Stopping), "{report}");
    report
}

fn has_two_lanes(town: &Town) -> bool {
    town.cursor().get("backfill").is_some()
}

/// Runs until the lanes are one.
async fn catch_up(town: &Town) -> RunReport {
    for _ in 0..4 {
        let report = soon(town.run()).await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
        if !has_two_lanes(town) {
            return report;
        }
    }
    panic!("two lanes and nothing to do: {}", town.cursor());
}

/// For each post of events: its ids.
fn posted(town: &Town) -> Vec<Vec<String>> {
    let posts = town.posts_of_events().into_iter();
    let ids = |post: sandbox::workspace::Post| post.ids.iter().map(ToString::to_string).collect();
    posts.filter(|post| post.stored).map(ids).collect()
}

/// The number of the post that brought an event.
fn post_with(town: &Town, id: &str) -> usize {
    let id = id.to_lowercase();
    let posts = posted(town);
    let with = posts.iter().position(|ids| ids.contains(&id));
    with.unwrap_or_else(|| panic!("{id} is in no post"))
}

async fn the_first_post_is_of_the_last_minutes_and_the_backlog_follows(road: Road) {
    let town = Town::by(road, busy_org(3_000, 200)).await;
    let report = catch_up(&town).await;
    town.assert_each_event_is_there_once();
    let ids: Vec<String> = town.org.ids().collect();
    assert_eq!(post_with(&town, &ids[2_999]), 0);
    assert!(post_with(&town, &ids[0]) > 0);
    // The events of five minutes were met again, and a page of each lane is the most of it.
    assert!((29..=32).contains(&report.repeats), "{report}");
    assert_eq!(town.cursor()["version"], 2);
}

async fn an_org_whose_first_page_reaches_the_last_minutes_never_sees_two_lanes(road: Road) {
    for org in [busy_org(25, 10), busy_org(900, 1_000)] {
        let heard = Heard::listen();
        let town = Town::by(road, org).await;
        let report = soon(town.run()).await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
        assert_eq!(report.repeats, 0, "{report}");
        assert!(heard.lines_with("lanes_split").is_empty());
        town.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn what_comes_while_a_backlog_is_under_way_is_the_next_runs_first_post() {
    let town = Town::with(quiet_org(900, 30)).await;
    for _ in 0..3 {
        let report = run_for(&town, 8).await;
        assert!(has_two_lanes(&town));
        let said = report.to_string();
        assert!(said.contains("; backlog shipped up to 20"), "{said}");
        let posts = posted(&town).len();
        town.org.append(7);
        let newest = town.org.ids().last().unwrap();
        run_for(&town, 4).await;
        assert_eq!(post_with(&town, &newest), posts, "{:?}", town.cursor());
    }
    catch_up(&town).await;
    town.assert_each_event_is_there_once();
    assert_eq!(town.run().await.backlog_up_to, None);
}

#[tokio::test]
async fn within_a_run_new_events_go_first_after_every_pause_for_okta() {
    let town = Town::with(OrgConfig {
        rate_limit: Some(8),
        rate_window: Duration::from_secs(2),
        ..quiet_org(600, 50)
    })
    .await;
    let late = async {
        town.org.wait_for_requests(6).await;
        town.org.append(3);
    };
    let (report, ()) = soon(async { tokio::join!(town.run(), late) }).await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    town.assert_each_event_is_there_once();
    let ids: Vec<String> = town.org.ids().collect();
    assert!(
        post_with(&town, &ids[600]) < post_with(&town, &ids[599]),
        "the new events waited for the backlog"
    );
}

async fn the_lanes_meet_exactly_however_pages_and_ends_look(road: Road) {
    for end_of_stream in [
        EndOfStream::NewLink,
        EndOfStream::SameLink,
        EndOfStream::NoLink,
    ] {
        for page_order in [
            PageOrder::Persistence,
            PageOrder::Reversed,
            PageOrder::Shuffled,
        ] {
            for page in [7, 30, 47] {
                let town = Town::by(
                    road,
                    OrgConfig {
                        end_of_stream,
                        page_order,
                        ..busy_org(150, page)
                    },
                )
                .await;
                println!("{end_of_stream:?} {page_order:?} {page}");
                catch_up(&town).await;
                town.assert_each_event_is_there_once();
                town.org.append(2);
                catch_up(&town).await;
                town.assert_each_event_is_there_once();
            }
        }
    }
}

async fn an_idle_org_ends_with_the_place_of_the_backlog(road: Road) {
    for end_of_stream in [
        EndOfStream::NewLink,
        EndOfStream::SameLink,
        EndOfStream::NoLink,
    ] {
        let town = Town::by(
            road,
            OrgConfig {
                end_of_stream,
                ..quiet_org(200, 30)
            },
        )
        .await;
        let report = catch_up(&town).await;
        assert_eq!((report.events, report.repeats), (200, 0), "{report}");
        town.org.append(3);
        assert_eq!(catch_up(&town).await.events, 3);
        town.assert_each_event_is_there_once();
    }
}

async fn what_is_stored_between_any_two_requests_comes_once(road: Road) {
    let requests = {
        let town = Town::by(road, quiet_org(120, 30)).await;
        catch_up(&town).await;
        town.org.requests().len() as u64
    };
    let hours = Duration::from_secs(6 * 3600);
    for (age, fresh) in [(Duration::ZERO, 5), (hours, 5), (hours, 45)] {
        for request in 1..=requests {
            let town = Town::by(road, quiet_org(120, 30)).await;
            println!("{fresh} events, {age:?} old, before request {request}");
            town.org.faults().on_request(request, Fault::Stall);
            let between = async {
                town.org.faults().wait_for_stalled(1).await;
                town.org.append_late(fresh, age);
                town.org.faults().release();
            };
            soon(async { tokio::join!(town.run(), between) }).await;
            catch_up(&town).await;
            town.assert_each_event_is_there_once();
        }
    }
}

async fn an_event_that_the_log_holds_twice_ends_no_lane_before_its_time(road: Road) {
    let town = Town::by(road, quiet_org(300, 30)).await;
    let twice = town.org.ids().nth(40).unwrap();
    let now = Utc::now().to_rfc3339();
    let event =
        format!(r#"{{"uuid":"{twice}","published":"{now}","eventType":"user.session.end"}}"#);
    town.org.append_raw(vec![event.into()]);
    town.org.append(20);
    catch_up(&town).await;
    let table = town.workspace.table("Okta_CL");
    assert!(town.org.ids().all(|id| table.times_seen(&id) == 1));
}

async fn an_end_of_the_log_that_is_none_costs_no_event(road: Road) {
    for request in 2..=12 {
        for fault in [Fault::EmptyPageWithNext, Fault::NoNext, Fault::NextIsSelf] {
            let town = Town::by(road, busy_org(200, 20)).await;
            println!("{fault:?} at request {request}");
            town.org.faults().on_request(request, fault);
            soon(town.run()).await;
            catch_up(&town).await;
            town.assert_each_event_is_there_once();
        }
    }
}

/// The saved document with one of its cursors made one that Okta never gave out.
fn spoil_cursor(town: &Town, lane: &str) {
    let mut document = town.cursor();
    let garbage = format!("{}/api/v1/logs?after=gone&limit=1000", town.org.url());
    match lane {
        "backfill" => document["backfill"]["cursor"] = garbage.into(),
        _ => document["cursor"] = garbage.into(),
    }
    let path = town.state_of_org().join("cursor.json");
    std::fs::write(path, document.to_string()).unwrap();
}

async fn a_cursor_refused_in_either_lane_falls_back_in_its_own(road: Road) {
    for lane in ["main", "backfill"] {
        let heard = Heard::listen();
        let town = Town::by(road, busy_org(400, 30)).await;
        run_for(&town, 8).await;
        town.org.append(10);
        spoil_cursor(&town, lane);
        catch_up(&town).await;
        assert_eq!(heard.lines_with("cursor_lost").len(), 1, "{lane}");
        town.assert_each_event_is_there_once();
    }
}

async fn cursors_that_all_expire_at_once_are_replaced_in_both_lanes(road: Road) {
    for request in 4..16 {
        let heard = Heard::listen();
        let town = Town::by(road, busy_org(300, 30)).await;
        town.org.faults().on_request(request, Fault::ExpireCursors);
        catch_up(&town).await;
        town.assert_each_event_is_there_once();
        let starts = town.org.requests().into_iter();
        let by_time = starts.filter(|seen| seen.start == StartGiven::Since);
        let lost = heard.lines_with("cursor_lost").len();
        assert!(lost <= 2 && by_time.count() >= 2 + lost, "{lost}");
    }
}

/// What a first run left whose lanes have not met yet.
async fn town_between_the_lanes(road: Road) -> Town {
    let town = Town::by(road, busy_org(400, 30)).await;
    run_for(&town, 9).await;
    assert!(has_two_lanes(&town));
    town.org.append(10);
    town
}

#[track_caller]
fn assert_nothing_is_missing(town: &Town) {
    let table = town.workspace.table("Okta_CL");
    assert!(town.org.ids().all(|id| table.times_seen(&id) > 0));
}

async fn without_its_seam_the_backlog_is_shipped_to_the_end_in_one_lane(road: Road) {
    for spoil in ["gone", "garbage", "of another run"] {
        let heard = Heard::listen();
        let town = town_between_the_lanes(road).await;
        let path = town.state_of_org().join("seam-ids");
        match spoil {
            "gone" => std::fs::remove_file(path).unwrap(),
            "garbage" => std::fs::write(path, "not ours").unwrap(),
            _ => {
                let mut bytes = std::fs::read(&path).unwrap();
                bytes[9] ^= 1;
                std::fs::write(path, bytes).unwrap();
            }
        }
        soon(town.run()).await;
        assert!(!has_two_lanes(&town), "{spoil}");
        assert_eq!(heard.lines_with("seam_lost").len(), 1, "{spoil}");
        assert_nothing_is_missing(&town);
        // The live lane's rows are of the last hour: they are known again.
        town.assert_each_event_is_there_once();
        assert_eq!(town.run().await.events, 0);
    }
}

async fn a_filter_that_changes_between_the_lanes_loses_nothing(road: Road) {
    let heard = Heard::listen();
    let town = town_between_the_lanes(road).await;
    let filter = r#"eventType eq "user.session.start" or eventType eq "user.session.end""#;
    let shipper = town.shipper_with(&[("OKTA_FILTER", filter)]);
    soon(run(&shipper)).await;
    assert!(!has_two_lanes(&town));
    assert_eq!(heard.lines_with("filter_changed").len(), 1);
    let report = soon(town.run()).await;
    assert!(report.succeeded(), "{report}");
    assert!(town.workspace.table("Okta_CL").repeated_ids().is_empty());
}

async fn a_restart_begins_with_a_seam_of_its_own(road: Road) {
    let town = town_between_the_lanes(road).await;
    let shipper: Shipper = town.shipper();
    let (stop, log) = (CancellationToken::new(), Log::new("test"));
    let report = soon(shipper.run(Begin::Afresh, stop, &log, &|_| ())).await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert!(!has_two_lanes(&town));
    assert_eq!(report.events, 410);
    assert_nothing_is_missing(&town);
}

#[tokio::test]
async fn rows_whose_time_the_workspace_rewrites_are_counted() {
    let town = Town::with(quiet_org(600, 50)).await;
    let report = catch_up(&town).await;
    let rewritten = town.workspace.table("Okta_CL").rewritten_times();
    assert!((250..=330).contains(&rewritten), "{rewritten}");
    assert_eq!(report.old_rows, rewritten);
    let said = report.to_string();
    let words =
        format!("; {rewritten} older than two days get the time of arrival as TimeGenerated");
    assert!(said.contains(&words), "{said}");
}
