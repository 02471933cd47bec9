use okta_sentinel::ship::{Begin, Ended, RunError};
use okta_sentinel::telemetry::Log;
use sandbox::azurite::Azurite;
use sandbox::okta::OrgConfig;
use sandbox::workspace::Fault;
use tokio_util::sync::CancellationToken;

use crate::support::fixture::{Fixture, run};

/// Settings that keep the state in Blob storage instead of a folder.
async fn in_blobs() -> [(&'static str, &'static str); 2] {
    let azurite = Azurite::shared().await.unwrap();
    let connection: &'static str = azurite.connection_string().leak();
    [("STATE_DIR", ""), ("AzureWebJobsStorage", connection)]
}

#[tokio::test]
async fn two_runs_at_once_ship_once_and_the_second_says_so() {
    for changes in [&[][..], &in_blobs().await] {
        let fixture = Fixture::with_events(1_500).await;
        fixture.workspace.faults().push(Fault::Stall);
        let (first, second) = (fixture.shipper_with(changes), fixture.shipper_with(changes));
        let late = async {
            fixture.workspace.faults().wait_for_stalled(1).await;
            let report = run(&second).await;
            fixture.workspace.faults().release();
            report
        };
        let (first, second) = tokio::join!(run(&first), late);
        assert!(matches!(first.ended, Ended::CaughtUp), "{first}");
        assert!(matches!(second.ended, Ended::LeaseHeld { .. }), "{second}");
        assert!(second.succeeded());
        assert!(second.to_string().contains("another run"), "{second}");
        assert_eq!((first.events, second.events), (1_500, 0));
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn blob_storage_keeps_the_cursor_from_run_to_run() {
    let changes = in_blobs().await;
    let fixture = Fixture::with_events(1_200).await;
    assert_eq!(run(&fixture.shipper_with(&changes)).await.events, 1_200);
    fixture.org.append(9);
    assert_eq!(run(&fixture.shipper_with(&changes)).await.events, 9);
    assert_eq!(run(&fixture.shipper_with(&changes)).await.events, 0);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_run_told_to_stop_releases_its_lease_to_the_next() {
    let fixture = Fixture::with_org(OrgConfig {
        events: 60,
        max_page: 10,
        ..OrgConfig::default()
    })
    .await;
    let (shipper, stop) = (fixture.shipper(), CancellationToken::new());
    let after_the_second = |report: &okta_sentinel::ship::RunReport| {
        if report.posts == 2 {
            stop.cancel();
        }
    };
    let log = Log::new("test");
    let report = shipper
        .run(Begin::Saved, stop.clone(), &log, &after_the_second)
        .await;
    assert!(matches!(report.ended, Ended::Stopping), "{report}");
    assert!(report.succeeded());
    assert_eq!(report.events, 20);
    assert_eq!(fixture.run().await.events, 40);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_writer_that_lost_its_lease_writes_no_more() {
    let fixture = Fixture::with_org(OrgConfig {
        events: 40,
        max_page: 10,
        ..OrgConfig::default()
    })
    .await;
    let shipper = fixture.shipper();
    fixture.workspace.faults().push(Fault::Stall);
    let new_holder = async {
        fixture.workspace.faults().wait_for_stalled(1).await;
        std::fs::remove_file(fixture.state_of_org().join("lock")).unwrap();
        let report = run(&fixture.shipper()).await;
        fixture.workspace.faults().release();
        report
    };
    let (former_holder, new_holder) = tokio::join!(run(&shipper), new_holder);
    assert_eq!(new_holder.events, 40, "{new_holder}");
    assert!(
        matches!(former_holder.ended, Ended::Failed(RunError::Store(_))),
        "{former_holder}"
    );
    // The batch that was under way is the one that comes twice.
    assert_eq!(fixture.workspace.table("Okta_CL").repeated_ids().len(), 10);
    assert_eq!(run(&fixture.shipper()).await.events, 0);
}
