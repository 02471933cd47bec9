//! A first connection has days of backlog. Events that happen meanwhile arrive first. Where the two
//! lanes join, no event is missing and none comes twice.

use std::time::Duration;

use chrono::Utc;
use okta_sentinel::ship::{Begin, Ended, RunReport, Shipper};
use okta_sentinel::telemetry::Log;
use sandbox::okta::{EndOfStream, Fault, OrgConfig, PageOrder, StartGiven};
use tokio_util::sync::CancellationToken;

use crate::support::fixture::{Fixture, IngestionApi, for_each_sink, run};
use crate::support::log_capture::LogCapture;
use crate::support::program::with_timeout;

mod kills;

for_each_sink!(
    the_first_post_is_of_the_last_minutes_and_the_backlog_follows,
    an_org_whose_first_page_reaches_the_last_minutes_never_sees_two_lanes,
    the_lanes_meet_exactly_however_pages_and_ends_look,
    an_idle_org_ends_with_the_cursor_of_the_backlog,
    what_is_stored_between_any_two_requests_comes_once,
    an_event_that_the_log_holds_twice_ends_no_lane_before_its_time,
    an_end_of_the_log_that_is_none_costs_no_event,
    a_cursor_refused_in_either_lane_falls_back_in_its_own,
    cursors_that_all_expire_at_once_are_replaced_in_both_lanes,
    without_its_overlap_ids_the_backlog_is_shipped_to_the_end_in_one_lane,
    a_filter_that_changes_between_the_lanes_loses_nothing,
    a_restart_begins_with_overlap_ids_of_its_own,
);

/// Some days of a small org: an event every ten minutes, none of them from the last half hour.
fn quiet_org(events: u64, page: usize) -> OrgConfig {
    OrgConfig {
        events,
        spacing: Duration::from_secs(10 * 60),
        idle_for: Duration::from_secs(30 * 60),
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
async fn run_for(fixture: &Fixture, requests: usize) -> RunReport {
    let stop = CancellationToken::new();
    let log = Log::new("test");
    let shipper = fixture.shipper();
    let asked = fixture.org.requests().len();
    let work = shipper.run(Begin::Saved, stop.clone(), &log, &|_| ());
    let stopped = async {
        fixture.org.wait_for_requests(asked + requests).await;
        stop.cancel();
    };
    let (report, ()) = with_timeout(async { tokio::join!(work, stopped) }).await;
    assert!(matches!(report.ended, Ended::Stopping), "{report}");
    report
}

fn has_two_lanes(fixture: &Fixture) -> bool {
    fixture.cursor().get("backfill").is_some()
}

/// Runs until the lanes are one.
async fn catch_up(fixture: &Fixture) -> RunReport {
    for _ in 0..4 {
        let report = with_timeout(fixture.run()).await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
        if !has_two_lanes(fixture) {
            return report;
        }
    }
    panic!("two lanes and nothing to do: {}", fixture.cursor());
}

/// For each post of events: its ids.
fn posted(fixture: &Fixture) -> Vec<Vec<String>> {
    let posts = fixture.posts_of_events().into_iter();
    let ids = |post: sandbox::workspace::Post| post.ids.iter().map(ToString::to_string).collect();
    posts.filter(|post| post.stored).map(ids).collect()
}

/// The number of the post that brought an event.
fn post_with(fixture: &Fixture, id: &str) -> usize {
    let id = id.to_lowercase();
    let posts = posted(fixture);
    let with = posts.iter().position(|ids| ids.contains(&id));
    with.unwrap_or_else(|| panic!("{id} is in no post"))
}

async fn the_first_post_is_of_the_last_minutes_and_the_backlog_follows(api: IngestionApi) {
    let fixture = Fixture::start(api, busy_org(3_000, 200)).await;
    let report = catch_up(&fixture).await;
    fixture.assert_each_event_is_there_once();
    let ids: Vec<String> = fixture.org.ids().collect();
    assert_eq!(post_with(&fixture, &ids[2_999]), 0);
    assert!(post_with(&fixture, &ids[0]) > 0);
    // The events of five minutes were met again, and a page of each lane is the most of it.
    assert!((29..=32).contains(&report.repeats), "{report}");
    assert_eq!(fixture.cursor()["version"], 3);
}

async fn an_org_whose_first_page_reaches_the_last_minutes_never_sees_two_lanes(api: IngestionApi) {
    for org in [busy_org(25, 10), busy_org(900, 1_000)] {
        let captured = LogCapture::start();
        let fixture = Fixture::start(api, org).await;
        let report = with_timeout(fixture.run()).await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
        assert_eq!(report.repeats, 0, "{report}");
        assert!(captured.lines_with("lanes_split").is_empty());
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn what_comes_while_a_backlog_is_under_way_is_the_next_runs_first_post() {
    let fixture = Fixture::with_org(quiet_org(900, 30)).await;
    for _ in 0..3 {
        let report = run_for(&fixture, 8).await;
        assert!(has_two_lanes(&fixture));
        let said = report.to_string();
        assert!(said.contains("; backlog shipped up to 20"), "{said}");
        let posts = posted(&fixture).len();
        fixture.org.append(7);
        let newest = fixture.org.ids().last().unwrap();
        run_for(&fixture, 4).await;
        assert_eq!(
            post_with(&fixture, &newest),
            posts,
            "{:?}",
            fixture.cursor()
        );
    }
    catch_up(&fixture).await;
    fixture.assert_each_event_is_there_once();
    assert_eq!(fixture.run().await.backlog_up_to, None);
}

#[tokio::test]
async fn within_a_run_new_events_go_first_after_every_pause_for_okta() {
    let fixture = Fixture::with_org(OrgConfig {
        rate_limit: Some(8),
        rate_window: Duration::from_secs(2),
        ..quiet_org(600, 50)
    })
    .await;
    let late = async {
        fixture.org.wait_for_requests(6).await;
        fixture.org.append(3);
    };
    let (report, ()) = with_timeout(async { tokio::join!(fixture.run(), late) }).await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    fixture.assert_each_event_is_there_once();
    let ids: Vec<String> = fixture.org.ids().collect();
    assert!(
        post_with(&fixture, &ids[600]) < post_with(&fixture, &ids[599]),
        "the new events waited for the backlog"
    );
}

async fn the_lanes_meet_exactly_however_pages_and_ends_look(api: IngestionApi) {
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
                let fixture = Fixture::start(
                    api,
                    OrgConfig {
                        end_of_stream,
                        page_order,
                        ..busy_org(150, page)
                    },
                )
                .await;
                println!("{end_of_stream:?} {page_order:?} {page}");
                catch_up(&fixture).await;
                fixture.assert_each_event_is_there_once();
                fixture.org.append(2);
                catch_up(&fixture).await;
                fixture.assert_each_event_is_there_once();
            }
        }
    }
}

async fn an_idle_org_ends_with_the_cursor_of_the_backlog(api: IngestionApi) {
    for end_of_stream in [
        EndOfStream::NewLink,
        EndOfStream::SameLink,
        EndOfStream::NoLink,
    ] {
        let fixture = Fixture::start(
            api,
            OrgConfig {
                end_of_stream,
                ..quiet_org(200, 30)
            },
        )
        .await;
        let report = catch_up(&fixture).await;
        assert_eq!((report.events, report.repeats), (200, 0), "{report}");
        fixture.org.append(3);
        assert_eq!(catch_up(&fixture).await.events, 3);
        fixture.assert_each_event_is_there_once();
    }
}

async fn what_is_stored_between_any_two_requests_comes_once(api: IngestionApi) {
    let requests = {
        let fixture = Fixture::start(api, quiet_org(120, 30)).await;
        catch_up(&fixture).await;
        fixture.org.requests().len() as u64
    };
    let hours = Duration::from_secs(6 * 3600);
    for (age, fresh) in [(Duration::ZERO, 5), (hours, 5), (hours, 45)] {
        for request in 1..=requests {
            let fixture = Fixture::start(api, quiet_org(120, 30)).await;
            println!("{fresh} events, {age:?} old, before request {request}");
            fixture.org.faults().on_request(request, Fault::Stall);
            let between = async {
                fixture.org.faults().wait_for_stalled(1).await;
                fixture.org.append_late(fresh, age);
                fixture.org.faults().release();
            };
            with_timeout(async { tokio::join!(fixture.run(), between) }).await;
            catch_up(&fixture).await;
            fixture.assert_each_event_is_there_once();
        }
    }
}

async fn an_event_that_the_log_holds_twice_ends_no_lane_before_its_time(api: IngestionApi) {
    let fixture = Fixture::start(api, quiet_org(300, 30)).await;
    let twice = fixture.org.ids().nth(40).unwrap();
    let now = Utc::now().to_rfc3339();
    let event =
        format!(r#"{{"uuid":"{twice}","published":"{now}","eventType":"user.session.end"}}"#);
    fixture.org.append_raw(vec![event.into()]);
    fixture.org.append(20);
    catch_up(&fixture).await;
    let table = fixture.workspace.table("Okta_CL");
    assert!(fixture.org.ids().all(|id| table.times_seen(&id) == 1));
}

async fn an_end_of_the_log_that_is_none_costs_no_event(api: IngestionApi) {
    for request in 2..=12 {
        for fault in [Fault::EmptyPageWithNext, Fault::NoNext, Fault::NextIsSelf] {
            let fixture = Fixture::start(api, busy_org(200, 20)).await;
            println!("{fault:?} at request {request}");
            fixture.org.faults().on_request(request, fault);
            with_timeout(fixture.run()).await;
            catch_up(&fixture).await;
            fixture.assert_each_event_is_there_once();
        }
    }
}

/// The saved document with one of its cursors made one that Okta never gave out.
fn spoil_cursor(fixture: &Fixture, lane: &str) {
    let mut document = fixture.cursor();
    let garbage = format!("{}/api/v1/logs?after=gone&limit=1000", fixture.org.url());
    match lane {
        "backfill" => document["backfill"]["cursor"] = garbage.into(),
        _ => document["cursor"] = garbage.into(),
    }
    let path = fixture.state_of_org().join("cursor.json");
    std::fs::write(path, document.to_string()).unwrap();
}

async fn a_cursor_refused_in_either_lane_falls_back_in_its_own(api: IngestionApi) {
    for lane in ["main", "backfill"] {
        let captured = LogCapture::start();
        let fixture = Fixture::start(api, busy_org(400, 30)).await;
        run_for(&fixture, 8).await;
        fixture.org.append(10);
        spoil_cursor(&fixture, lane);
        catch_up(&fixture).await;
        assert_eq!(captured.lines_with("cursor_lost").len(), 1, "{lane}");
        fixture.assert_each_event_is_there_once();
    }
}

async fn cursors_that_all_expire_at_once_are_replaced_in_both_lanes(api: IngestionApi) {
    for request in 4..16 {
        let captured = LogCapture::start();
        let fixture = Fixture::start(api, busy_org(300, 30)).await;
        fixture
            .org
            .faults()
            .on_request(request, Fault::ExpireCursors);
        catch_up(&fixture).await;
        fixture.assert_each_event_is_there_once();
        let starts = fixture.org.requests().into_iter();
        let by_time = starts.filter(|seen| seen.start == StartGiven::Since);
        let lost = captured.lines_with("cursor_lost").len();
        assert!(lost <= 2 && by_time.count() >= 2 + lost, "{lost}");
    }
}

/// What a first run left whose lanes have not met yet.
async fn fixture_between_the_lanes(api: IngestionApi) -> Fixture {
    let fixture = Fixture::start(api, busy_org(400, 30)).await;
    run_for(&fixture, 9).await;
    assert!(has_two_lanes(&fixture));
    fixture.org.append(10);
    fixture
}

#[track_caller]
fn assert_nothing_is_missing(fixture: &Fixture) {
    let table = fixture.workspace.table("Okta_CL");
    assert!(fixture.org.ids().all(|id| table.times_seen(&id) > 0));
}

async fn without_its_overlap_ids_the_backlog_is_shipped_to_the_end_in_one_lane(api: IngestionApi) {
    let captured = LogCapture::start();
    let fixture = fixture_between_the_lanes(api).await;
    // The format before kept the ids in a document of their own.
    let mut document = fixture.cursor();
    document["version"] = 2.into();
    let backfill = document["backfill"].as_object_mut().unwrap();
    assert!(backfill.remove("overlap_ids").is_some());
    let path = fixture.state_of_org().join("cursor.json");
    std::fs::write(path, document.to_string()).unwrap();
    with_timeout(fixture.run()).await;
    assert!(!has_two_lanes(&fixture));
    assert_eq!(captured.lines_with("overlap_lost").len(), 1);
    assert_nothing_is_missing(&fixture);
    // The main lane's rows are of the last hour: they are known again.
    fixture.assert_each_event_is_there_once();
    assert_eq!(fixture.run().await.events, 0);
}

async fn a_filter_that_changes_between_the_lanes_loses_nothing(api: IngestionApi) {
    let captured = LogCapture::start();
    let fixture = fixture_between_the_lanes(api).await;
    let filter = r#"eventType eq "user.session.start" or eventType eq "user.session.end""#;
    let shipper = fixture.shipper_with(&[("OKTA_FILTER", filter)]);
    with_timeout(run(&shipper)).await;
    assert!(!has_two_lanes(&fixture));
    assert_eq!(captured.lines_with("filter_changed").len(), 1);
    let report = with_timeout(fixture.run()).await;
    assert!(report.succeeded(), "{report}");
    assert!(fixture.workspace.table("Okta_CL").repeated_ids().is_empty());
}

async fn a_restart_begins_with_overlap_ids_of_its_own(api: IngestionApi) {
    let fixture = fixture_between_the_lanes(api).await;
    let shipper: Shipper = fixture.shipper();
    let (stop, log) = (CancellationToken::new(), Log::new("test"));
    let report = with_timeout(shipper.run(Begin::Afresh, stop, &log, &|_| ())).await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert!(!has_two_lanes(&fixture));
    assert_eq!(report.events, 410);
    assert_nothing_is_missing(&fixture);
}

#[tokio::test]
async fn rows_whose_time_the_workspace_rewrites_are_counted() {
    let fixture = Fixture::with_org(quiet_org(600, 50)).await;
    let report = catch_up(&fixture).await;
    let rewritten = fixture.workspace.table("Okta_CL").rewritten_times();
    assert!((250..=330).contains(&rewritten), "{rewritten}");
    assert_eq!(report.old_rows, rewritten);
    let said = report.to_string();
    let words =
        format!("; {rewritten} older than two days get the time of arrival as TimeGenerated");
    assert!(said.contains(&words), "{said}");
}
