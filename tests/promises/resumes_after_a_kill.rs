use std::process::Stdio;
use std::time::Duration;

use azure_storage_blob::BlobClient;
use azure_storage_blob::models::BlobClientBreakLeaseOptions;
use okta_sentinel::okta::api::domain::OktaDomain;
use sandbox::azurite::Azurite;
use sandbox::okta::OrgConfig;
use tokio::process::{Child, Command};

use crate::support::fixture::{Fixture, IngestionApi};

const EVENTS: u64 = 6_000;
const PAGE: usize = 100;

/// The real program, shipping.
fn start(fixture: &Fixture, changes: &[(&str, &str)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_okta-sentinel"));
    command
        .args(["ship", "--until-caught-up"])
        .env_clear()
        .envs(fixture.settings());
    for (name, value) in changes {
        command.env(name, value);
    }
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn fixture(api: IngestionApi) -> Fixture {
    let org = OrgConfig {
        events: EVENTS,
        max_page: PAGE,
        ..OrgConfig::default()
    };
    let fixture = Fixture::start(api, org).await;
    // Posts take long enough for kills to meet every stage of a run.
    fixture
        .workspace
        .faults()
        .set_latency(Duration::from_millis(10));
    fixture
}

/// Kills the program `kills` times, each time a random while after its next post; returns how
/// often it had not ended by itself.
async fn kill_again_and_again(
    fixture: &Fixture,
    kills: usize,
    changes: &[(&str, &str)],
    freed: impl AsyncFn(),
) -> usize {
    let seed = fastrand::u64(..);
    println!("seed of the kills {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut killed = 0;
    for _ in 0..kills {
        let posts = fixture.workspace.posts().len();
        let mut child = start(fixture, changes);
        let moment = async {
            fixture.workspace.wait_for_posts(posts + 1).await;
            tokio::time::sleep(Duration::from_micros(random.u64(0..60_000))).await;
        };
        tokio::select! {
            () = moment => {
                child.kill().await.unwrap();
                killed += 1;
            }
            _ = child.wait() => {}
        }
        freed().await;
    }
    killed
}

/// Nothing is missing, and each kill repeats one batch at the most.
async fn assert_whole(fixture: &Fixture, killed: usize, changes: &[(&str, &str)]) {
    assert!(start(fixture, changes).wait().await.unwrap().success());
    let table = fixture.workspace.table("Okta_CL");
    assert_eq!(table.distinct_ids() as u64, EVENTS);
    let repeated = table.rows() - EVENTS;
    let posts = fixture.posts_of_events();
    let batch = posts.iter().map(|post| post.rows).max().unwrap();
    println!("{killed} kills, {repeated} rows repeated");
    assert!(
        killed > 3,
        "only {killed} runs were under way when they were killed"
    );
    assert!(
        repeated <= killed as u64 * batch,
        "{repeated} rows repeated after {killed} kills"
    );
}

#[tokio::test]
async fn by_logs_ingestion_a_kill_loses_nothing_and_repeats_one_batch_at_most() {
    let fixture = fixture(IngestionApi::LogsIngestion).await;
    let killed = kill_again_and_again(&fixture, 12, &[], async || ()).await;
    assert_whole(&fixture, killed, &[]).await;
    assert_eq!(fixture.workspace.reports(), []);
}

#[tokio::test]
async fn over_a_folder_a_kill_loses_nothing_and_repeats_one_batch_at_most() {
    let fixture = fixture(IngestionApi::DataCollector).await;
    let killed = kill_again_and_again(&fixture, 25, &[], async || ()).await;
    assert_whole(&fixture, killed, &[]).await;
}

#[tokio::test]
async fn over_blob_storage_a_kill_loses_nothing_and_repeats_one_batch_at_most() {
    let fixture = fixture(IngestionApi::DataCollector).await;
    let azurite = Azurite::shared().await.unwrap();
    let connection = azurite.connection_string();
    let changes = [
        ("STATE_DIR", ""),
        ("AzureWebJobsStorage", connection.as_str()),
    ];
    let org: OktaDomain = fixture.org.url().parse().unwrap();
    // The dead process's lease would run out within 30 s; the next instance is not kept waiting.
    let freed = async || {
        let url = azurite.blob_url("okta-sentinel", &format!("{}/cursor.json", org.key()));
        let at_once = BlobClientBreakLeaseOptions {
            break_period: Some(0),
            ..Default::default()
        };
        let cursor = BlobClient::new(url, None, None).unwrap();
        // There is no lease to break where the run had ended by itself.
        let _ = cursor.break_lease(Some(at_once)).await;
    };
    let killed = kill_again_and_again(&fixture, 12, &changes, freed).await;
    assert_whole(&fixture, killed, &changes).await;
}
