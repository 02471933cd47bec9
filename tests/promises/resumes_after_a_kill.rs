use std::process::Stdio;
use std::time::Duration;

use azure_storage_blob::BlobClient;
use azure_storage_blob::models::BlobClientBreakLeaseOptions;
use okta_sentinel::okta::api::domain::OktaDomain;
use sandbox::azurite::Azurite;
use sandbox::okta::OrgConfig;
use tokio::process::{Child, Command};

use crate::town::{Road, Town};

const EVENTS: u64 = 6_000;
const PAGE: usize = 100;

/// The real program, shipping.
fn start(town: &Town, changes: &[(&str, &str)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_okta-sentinel"));
    command
        .args(["ship", "--until-caught-up"])
        .env_clear()
        .envs(town.settings());
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

async fn town(road: Road) -> Town {
    let org = OrgConfig {
        events: EVENTS,
        max_page: PAGE,
        ..OrgConfig::default()
    };
    let town = Town::by(road, org).await;
    // Posts take long enough for kills to meet every stage of the road.
    town.workspace
        .faults()
        .set_latency(Duration::from_millis(10));
    town
}

/// Kills the program `kills` times, each time a random while after its next post; returns how
/// often it had not ended by itself.
async fn kill_again_and_again(
    town: &Town,
    kills: usize,
    changes: &[(&str, &str)],
    freed: impl AsyncFn(),
) -> usize {
    let seed = fastrand::u64(..);
    println!("seed of the kills {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut killed = 0;
    for _ in 0..kills {
        let posts = town.workspace.posts().len();
        let mut child = start(town, changes);
        let moment = async {
            town.workspace.wait_for_posts(posts + 1).await;
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
async fn assert_whole(town: &Town, killed: usize, changes: &[(&str, &str)]) {
    assert!(start(town, changes).wait().await.unwrap().success());
    let table = town.workspace.table("Okta_CL");
    assert_eq!(table.distinct_ids() as u64, EVENTS);
    let repeated = table.rows() - EVENTS;
    let posts = town.posts_of_events();
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
    let town = town(Road::LogsIngestion).await;
    let killed = kill_again_and_again(&town, 12, &[], async || ()).await;
    assert_whole(&town, killed, &[]).await;
    assert_eq!(town.workspace.reports(), []);
}

#[tokio::test]
async fn over_a_folder_a_kill_loses_nothing_and_repeats_one_batch_at_most() {
    let town = town(Road::DataCollector).await;
    let killed = kill_again_and_again(&town, 25, &[], async || ()).await;
    assert_whole(&town, killed, &[]).await;
}

#[tokio::test]
async fn over_blob_storage_a_kill_loses_nothing_and_repeats_one_batch_at_most() {
    let town = town(Road::DataCollector).await;
    let azurite = Azurite::shared().await.unwrap();
    let connection = azurite.connection_string();
    let changes = [
        ("STATE_DIR", ""),
        ("AzureWebJobsStorage", connection.as_str()),
    ];
    let org: OktaDomain = town.org.url().parse().unwrap();
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
    let killed = kill_again_and_again(&town, 12, &changes, freed).await;
    assert_whole(&town, killed, &changes).await;
}
