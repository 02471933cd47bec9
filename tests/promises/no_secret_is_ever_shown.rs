//! The Okta token goes to the org's log alone, and the workspace key goes nowhere. Neither is in
//! anything that the program writes, after success or any failure.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::Utc;
use okta_sentinel::settings::{Environment, LaunchedBy, Settings};
use sandbox::okta::{self, Authorization, OktaOrg, OrgConfig};
use sandbox::workspace::{self, Workspace};
use tokio::net::TcpListener;

use crate::support::files::files_below;
use crate::support::fixture::{Fixture, IngestionApi};
use crate::support::program::{
    TIMER, UnusedPort, changed, host, program, run_to_end, with_timeout,
};

/// No piece of it is a word, so that none occurs by chance.
const TOKEN: &str = "00zQxVt7LmWb3PkYr9NdHs5GcJf2TaRe8UwXo4iKlM";
/// 64 bytes in base64, as a workspace key is.
const KEY: &str =
    "q8Zt1vXwYh3Rk9LmNc7PdBf5Gj2SxUo6TeWiAy4KzQbVnMrHlDgEsCpFJuOaIx0q8Zt1vXwYh3Rk9LmNc7PdBQ==";

/// A host that is not the org's. It must never be called.
struct OtherHost {
    url: String,
    calls: Arc<AtomicUsize>,
}

impl OtherHost {
    async fn start() -> OtherHost {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        OtherHost { url, calls }
    }
}

/// An org and a workspace whose secrets are told from everything else.
async fn fixture() -> Fixture {
    let org = OrgConfig {
        events: 30,
        max_page: 10,
        token: TOKEN.to_owned(),
        ..OrgConfig::default()
    };
    let key = KEY.to_owned();
    let workspace = workspace::Config {
        key,
        ..workspace::Config::default()
    };
    Fixture {
        api: IngestionApi::DataCollector,
        org: OktaOrg::start(org).await.unwrap(),
        workspace: Workspace::start(workspace).await.unwrap(),
        state: tempfile::tempdir().unwrap(),
    }
}

/// The secrets and every stretch of twelve bytes of them: the start of a secret is shown as
/// easily as the whole.
fn assert_clean(place: &str, text: &[u8]) {
    for (name, secret) in [("token", TOKEN), ("key", KEY)] {
        for piece in secret.as_bytes().windows(12) {
            let found = text.windows(12).any(|window| window == piece);
            assert!(
                !found,
                "{place} holds a piece of the {name}: {}",
                String::from_utf8_lossy(text)
            );
        }
    }
}

fn assert_folder_is_clean(folder: &Path) {
    for (path, bytes) in files_below(folder) {
        assert_clean(path.to_str().unwrap(), &bytes);
    }
}

/// Checks everything but what the program printed: its folders, its rows, and who got the token.
fn assert_fixture_is_clean(fixture: &Fixture, other_host: &OtherHost) {
    assert_folder_is_clean(fixture.state.path());
    for table in fixture.workspace.tables() {
        let rows = fixture.workspace.table(&table).kept_rows();
        assert_clean(&table, serde_json::to_string(&rows).unwrap().as_bytes());
    }
    for request in fixture.org.requests() {
        assert_clean("a request's target", request.target.as_bytes());
        let to_the_log = request.target.split('?').next() == Some("/api/v1/logs");
        assert!(
            to_the_log || request.authorization == Authorization::Missing,
            "{request:?}"
        );
        let agent = request.user_agent.unwrap_or_default();
        assert_clean("a request's agent", agent.as_bytes());
    }
    assert_eq!(
        other_host.calls.load(Ordering::SeqCst),
        0,
        "another host was called"
    );
}

type Changes<'a> = Vec<(&'a str, String)>;

/// Runs `ship`, `check` and a tick under these settings and faults, and looks everywhere.
async fn looked_through(what: &str, changes: Changes<'_>, fault: impl Fn(&Fixture, &OtherHost)) {
    let other_host = OtherHost::start().await;
    let changes: Vec<_> = changes
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain([("RUN_BUDGET_SECONDS", "10")])
        .collect();
    for command in [&["ship"][..], &["ship", "--json", "--restart"], &["check"]] {
        let fixture = fixture().await;
        fault(&fixture, &other_host);
        let mut program = program(&fixture, command);
        program.envs(changed(fixture.settings(), &changes));
        let output = run_to_end(&mut program).await;
        let place = format!("{what}, {command:?}");
        assert!(
            !(output.stdout.clone() + &output.stderr).is_empty(),
            "{place}"
        );
        assert_clean(&format!("{place}: stdout"), output.stdout.as_bytes());
        assert_clean(&format!("{place}: stderr"), output.stderr.as_bytes());
        assert_fixture_is_clean(&fixture, &other_host);
    }
    let fixture = fixture().await;
    fault(&fixture, &other_host);
    let host = host(&fixture, &changes).await;
    let run = with_timeout(host.invoke_timer(TIMER)).await;
    assert_clean(&format!("{what}: the answer"), &run.body);
    // Only the end of the process ends its output.
    host.sigterm().await.unwrap();
    with_timeout(host.wait_for_exit(1)).await;
    for line in host.lines() {
        assert_clean(&format!("{what}: a line of the host"), line.text.as_bytes());
    }
    assert_fixture_is_clean(&fixture, &other_host);
}

#[tokio::test]
async fn when_all_goes_well() {
    looked_through("all well", vec![], |_, _| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out").to_str().unwrap().to_owned();
    let local = vec![
        ("OUTPUT_DIR", output),
        ("WORKSPACE_ID", String::new()),
        ("WORKSPACE_KEY", String::new()),
    ];
    looked_through("a local folder", local, |_, _| ()).await;
    assert!(folder.path().join("out/Okta_CL.ndjson").is_file());
    assert_folder_is_clean(folder.path());
}

#[tokio::test]
async fn when_okta_or_the_workspace_refuses() {
    for (status, code) in [(401, "E0000011"), (403, "E0000006"), (400, "E0000031")] {
        looked_through(&status.to_string(), vec![], |fixture, _| {
            fixture
                .org
                .faults()
                .always(okta::Fault::status(status, code));
        })
        .await;
    }
    looked_through("workspace 403", vec![], |fixture, _| {
        let denied = workspace::Fault::unauthorized();
        fixture.workspace.faults().always(denied);
    })
    .await;
}

#[tokio::test]
async fn when_okta_points_elsewhere() {
    looked_through("redirect", vec![], |fixture, other_host| {
        let elsewhere = format!("{}/api/v1/logs", other_host.url);
        fixture
            .org
            .faults()
            .always(okta::Fault::Redirect(elsewhere));
    })
    .await;
    looked_through("foreign link", vec![], |fixture, other_host| {
        let elsewhere = format!("{}/api/v1/logs?after=1", other_host.url);
        fixture
            .org
            .faults()
            .always(okta::Fault::NextElsewhere(elsewhere));
    })
    .await;
    looked_through("link off the log", vec![], |fixture, _| {
        let elsewhere = format!("{}/api/v1/users", fixture.org.url());
        fixture
            .org
            .faults()
            .always(okta::Fault::NextElsewhere(elsewhere));
    })
    .await;
}

#[tokio::test]
async fn when_nobody_is_there() {
    let unused = UnusedPort::reserve();
    let okta = vec![("OKTA_DOMAIN", unused.url.clone())];
    let no_org = looked_through("no org", okta, |_, _| ());
    let uri = vec![("LOG_ANALYTICS_URI", unused.url.clone())];
    let no_workspace = looked_through("no workspace", uri, |_, _| ());
    tokio::join!(no_org, no_workspace);
}

#[tokio::test]
async fn when_settings_are_wrong() {
    for (name, value) in [
        ("OKTA_API_TOKEN", format!("{TOKEN} {TOKEN}")),
        ("OKTA_API_TOKEN", format!("{TOKEN}\u{e9}")),
        ("WORKSPACE_KEY", format!("{KEY}%")),
        ("WORKSPACE_KEY", format!("@Microsoft.KeyVault({KEY})")),
        ("OKTA_RATE_SHARE", "7".to_owned()),
        ("OKTA_DOMAIN", "https://acme.okta.com/path".to_owned()),
        ("OKTA_DOMAIN", format!("http://{TOKEN}.example.com")),
        ("OKTA_DOMAIN", format!("https://acme.okta.com:{TOKEN}")),
        ("OKTA_RATE_SHARE", TOKEN.to_owned()),
        ("OKTA_START_AT", TOKEN.to_owned()),
        ("OKTA_BACKFILL_DAYS", KEY.to_owned()),
        ("LOG_TYPE", format!("{TOKEN}-")),
        ("LOG_ANALYTICS_URI", format!("https://a.example.com/{KEY}")),
        ("STATE_DIR", format!("/dev/null/{TOKEN}")),
    ] {
        looked_through(name, vec![(name, value)], |_, _| ()).await;
    }
}

#[tokio::test]
async fn when_the_parts_are_printed() {
    let fixture = fixture().await;
    let environment = Environment::from_pairs(fixture.settings());
    let settings = Settings::read(&environment, LaunchedBy::Shell, Utc::now()).unwrap();
    assert_clean("the environment", format!("{environment:?}").as_bytes());
    assert_clean("the settings", format!("{settings:#?}").as_bytes());
    let shipper = fixture.shipper();
    assert_clean("the client", format!("{:#?}", shipper.okta).as_bytes());
    assert_clean(
        "the sink's destination",
        shipper.sink.destination().as_bytes(),
    );
    assert_clean("the store's place", shipper.store.place().as_bytes());
}
