//! Whatever is set, there is one sink and one state store. Settings that are set but not used are
//! named.

use std::path::Path;

use chrono::{DateTime, Utc};
use okta_sentinel::log_analytics::data_collector::signature::WorkspaceKey;
use okta_sentinel::net::identity::Identity;
use okta_sentinel::settings::{
    CredentialSettings, Environment, LaunchedBy, Settings, SinkSettings, Start, StoreSettings,
};
use okta_sentinel::state::account::BlobCredential;
use secrecy::ExposeSecret;

type Pair<'t> = (&'t str, &'t str);

const OKTA: [Pair<'_>; 2] = [
    ("OKTA_DOMAIN", "acme.okta.com"),
    ("OKTA_API_TOKEN", "00token"),
];
const WORKSPACE: [Pair<'_>; 2] = [
    ("WORKSPACE_ID", "11111111-2222-3333-4444-555555555555"),
    ("WORKSPACE_KEY", "a2V5"),
];
const ACCOUNT: Pair<'_> = ("AzureWebJobsStorage", "UseDevelopmentStorage=true");
const STATE: Pair<'_> = ("STATE_DIR", "kept");
const OUTPUT: Pair<'_> = ("OUTPUT_DIR", "out");

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn read(place: LaunchedBy, pairs: &[&[Pair<'_>]]) -> Settings {
    let environment = Environment::from_pairs(pairs.concat());
    Settings::read(&environment, place, now()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Warnings without the one that each start with the Data Collector API has.
fn without_notice(settings: &Settings) -> Vec<&str> {
    let warnings = settings.warnings.iter().map(String::as_str);
    let (notices, others): (Vec<_>, Vec<_>) =
        warnings.partition(|warning| warning.contains("support ended on 14 September 2026"));
    let due = usize::from(matches!(settings.sink, SinkSettings::DataCollector { .. }));
    assert_eq!(notices.len(), due, "{notices:?}");
    others
}

/// The store in a word: its folder, or the address of its account.
fn place_of(store: &StoreSettings) -> String {
    match store {
        StoreSettings::Blob(account) => account.endpoint.to_string(),
        StoreSettings::Folder(folder) => folder.display().to_string(),
    }
}

#[test]
fn where_the_cursor_is_kept_depends_on_where_the_program_runs() {
    let emulator = "http://127.0.0.1:10000/devstoreaccount1";
    let state_unused = "STATE_DIR is not used: the cursor is kept where AzureWebJobsStorage says";
    let account_unused = "AzureWebJobsStorage is not used: the cursor is kept where STATE_DIR says";
    let table: &[(LaunchedBy, &[Pair<'_>], &str, &[&str])] = &[
        (LaunchedBy::Host, &[ACCOUNT], emulator, &[]),
        (LaunchedBy::Host, &[STATE], "kept", &[]),
        (
            LaunchedBy::Host,
            &[ACCOUNT, STATE],
            emulator,
            &[state_unused],
        ),
        (LaunchedBy::Shell, &[ACCOUNT], emulator, &[]),
        (LaunchedBy::Shell, &[STATE], "kept", &[]),
        (
            LaunchedBy::Shell,
            &[ACCOUNT, STATE],
            "kept",
            &[account_unused],
        ),
        (LaunchedBy::Shell, &[], "./state", &[]),
    ];
    for (place, stores, expected, warnings) in table {
        let settings = read(*place, &[&OKTA, &WORKSPACE, stores]);
        assert_eq!(place_of(&settings.store), *expected, "{place:?} {stores:?}");
        assert_eq!(without_notice(&settings), *warnings, "{place:?} {stores:?}");
    }
}

#[test]
fn a_local_workspace_keeps_its_cursor_beside_its_output_and_nowhere_else() {
    let unused = |name: &str| {
        let kept = Path::new("out").join("state");
        format!(
            "{name} is not used: the cursor is kept in {}, because OUTPUT_DIR is set",
            kept.display()
        )
    };
    let table: &[(LaunchedBy, &[Pair<'_>], &[String])] = &[
        (LaunchedBy::Host, &[], &[]),
        (LaunchedBy::Host, &[ACCOUNT], &[]),
        (LaunchedBy::Host, &[ACCOUNT, STATE], &[unused("STATE_DIR")]),
        (LaunchedBy::Shell, &[], &[]),
        (LaunchedBy::Shell, &[STATE], &[unused("STATE_DIR")]),
        (
            LaunchedBy::Shell,
            &[ACCOUNT],
            &[unused("AzureWebJobsStorage")],
        ),
    ];
    for (place, stores, warnings) in table {
        let settings = read(*place, &[&OKTA, &[OUTPUT], stores]);
        assert!(matches!(&settings.sink, SinkSettings::Local { folder } if folder == "out"));
        assert_eq!(
            place_of(&settings.store),
            Path::new("out").join("state").display().to_string()
        );
        assert_eq!(settings.warnings, *warnings, "{place:?} {stores:?}");
    }
}

#[test]
fn a_workspace_wins_over_a_folder_and_says_so() {
    let settings = read(LaunchedBy::Host, &[&OKTA, &WORKSPACE, &[OUTPUT, ACCOUNT]]);
    assert!(matches!(settings.sink, SinkSettings::DataCollector { .. }));
    let warning = "OUTPUT_DIR is not used: events go to the workspace, because WORKSPACE_ID is set";
    assert_eq!(without_notice(&settings), [warning]);
    assert_eq!(
        place_of(&settings.store),
        "http://127.0.0.1:10000/devstoreaccount1"
    );
}

#[test]
fn a_data_collection_rule_wins_over_all_and_names_what_is_unused_in_one_warning() {
    let rule = [
        (
            "LOGS_INGESTION_ENDPOINT",
            "https://a.westeurope-1.ingest.monitor.azure.com",
        ),
        ("DCR_IMMUTABLE_ID", "dcr-00112233445566778899aabbccddeeff"),
    ];
    let settings = read(LaunchedBy::Host, &[&OKTA, &rule, &[ACCOUNT]]);
    assert_eq!(settings.warnings, [""; 0]);
    let SinkSettings::LogsIngestion {
        rule: read_rule,
        identity,
    } = settings.sink
    else {
        panic!("{:?}", settings.sink)
    };
    assert_eq!(identity, Identity::Developer);
    assert_eq!(read_rule.events.to_string(), "Custom-Okta_CL");

    let others = [OUTPUT, ("LOG_TYPE", "Okta"), ("DCR_STREAM", "Custom-Mine")];
    let azure = [
        ("IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi/token"),
        ("AZURE_CLIENT_ID", "aaaaaaaa-2222-3333-4444-555555555555"),
    ];
    let settings = read(
        LaunchedBy::Host,
        &[&OKTA, &rule, &WORKSPACE, &others, &azure, &[ACCOUNT]],
    );
    let warning = "WORKSPACE_ID, WORKSPACE_KEY and OUTPUT_DIR are not used: events go to the data \
                   collection rule, because LOGS_INGESTION_ENDPOINT is set";
    assert_eq!(settings.warnings, [warning]);
    let SinkSettings::LogsIngestion { rule, identity } = settings.sink else {
        panic!("{:?}", settings.sink)
    };
    let client_id = Some("aaaaaaaa-2222-3333-4444-555555555555".to_owned());
    assert_eq!(identity, Identity::Managed { client_id });
    assert_eq!(rule.events.to_string(), "Custom-Mine");

    let settings = read(
        LaunchedBy::Host,
        &[&OKTA, &WORKSPACE, &[others[2], ACCOUNT]],
    );
    let warning = "DCR_STREAM is not used: events go to the workspace, because WORKSPACE_ID is set";
    assert_eq!(without_notice(&settings), [warning]);
}

#[test]
fn names_of_microsofts_function_are_read_where_ours_are_not_set() {
    let copied = [
        ("apiToken", "SSWS 00token"),
        ("uri", "https://Acme.okta.com/api/v1/logs?since="),
        ("workspaceId", "11111111-2222-3333-4444-555555555555"),
        ("workspaceKey", "a2V5"),
        (
            "logAnalyticsUri",
            "https://11111111-2222-3333-4444-555555555555.ods.opinsights.azure.us",
        ),
    ];
    let settings = read(LaunchedBy::Host, &[&copied, &[ACCOUNT]]);
    assert_eq!(
        settings.okta.domain.base().as_str(),
        "https://acme.okta.com/"
    );
    let CredentialSettings::ApiToken(token) = &settings.okta.credential else {
        panic!("{:?}", settings.okta);
    };
    assert_eq!(token.expose_secret(), "00token");
    let SinkSettings::DataCollector(workspace) = settings.sink else {
        panic!()
    };
    assert_eq!(
        workspace.uri.request_url().as_str(),
        "https://11111111-2222-3333-4444-555555555555.ods.opinsights.azure.us/api/logs?api-version=2016-04-01"
    );
    let key: WorkspaceKey = "a2V5".parse().unwrap();
    assert_eq!(workspace.key.sign(1, "now"), key.sign(1, "now"));
    assert_eq!(workspace.log_type.as_str(), "Okta");

    let ours = read(
        LaunchedBy::Host,
        &[
            &copied,
            &[ACCOUNT],
            &[("OKTA_DOMAIN", "http://127.0.0.1:7")],
        ],
    );
    assert_eq!(ours.okta.domain.key(), "127.0.0.1_7");
}

#[test]
fn the_identity_that_reaches_storage_is_the_one_that_is_named() {
    let own = "aaaaaaaa-2222-3333-4444-555555555555";
    let storage = "bbbbbbbb-2222-3333-4444-555555555555";
    let managed = ("AzureWebJobsStorage__credential", "managedidentity");
    let azure = ("IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi/token");
    let client = ("AZURE_CLIENT_ID", own);
    let storage_client = ("AzureWebJobsStorage__clientId", storage);
    let table: &[(&[Pair<'_>], &str)] = &[
        (&[], "Identity(Developer)"),
        (&[azure], "Identity(Managed { client_id: None })"),
        (&[managed], "Identity(Managed { client_id: None })"),
        (
            &[managed, client],
            &format!("Identity(Managed {{ client_id: Some({own:?}) }})"),
        ),
        (
            &[managed, client, storage_client],
            &format!("Identity(Managed {{ client_id: Some({storage:?}) }})"),
        ),
    ];
    for (identity, expected) in table {
        let account = [("AzureWebJobsStorage__accountName", "acme")];
        let settings = read(LaunchedBy::Host, &[&OKTA, &WORKSPACE, &account, identity]);
        let StoreSettings::Blob(account) = settings.store else {
            panic!("{identity:?}")
        };
        assert_eq!(
            account.endpoint.as_str(),
            "https://acme.blob.core.windows.net/"
        );
        assert_eq!(
            format!("{:?}", account.credential),
            *expected,
            "{identity:?}"
        );
    }
    let by_uri = (
        "AzureWebJobsStorage__blobServiceUri",
        "https://acme.blob.core.chinacloudapi.cn/",
    );
    let settings = read(LaunchedBy::Host, &[&OKTA, &WORKSPACE, &[by_uri, managed]]);
    let StoreSettings::Blob(account) = settings.store else {
        panic!()
    };
    assert_eq!(
        account.endpoint.as_str(),
        "https://acme.blob.core.chinacloudapi.cn/"
    );
    assert!(matches!(
        account.credential,
        BlobCredential::Identity(Identity::Managed { client_id: None })
    ));
}

#[test]
fn a_first_run_starts_where_it_is_told_and_at_most_90_days_back() {
    let start = |pairs: &[Pair<'_>]| {
        let settings = read(LaunchedBy::Shell, &[&OKTA, &[OUTPUT], pairs]);
        (settings.okta.start, settings.warnings)
    };
    let none = Vec::<String>::new();
    assert_eq!(start(&[]), (Start::Backfill { days: 7 }, none.clone()));
    assert_eq!(
        start(&[("OKTA_BACKFILL_DAYS", "0")]),
        (Start::Backfill { days: 0 }, none.clone())
    );

    let both = [
        ("OKTA_BACKFILL_DAYS", "3"),
        ("OKTA_START_AT", "2026-11-01T01:00:00+01:00"),
    ];
    assert_eq!(
        start(&both),
        (Start::At("2026-11-01T00:00:00Z".parse().unwrap()), none)
    );

    let (clamped, warnings) = start(&[("OKTA_START_AT", "2026-01-01T00:00:00Z")]);
    assert_eq!(
        clamped.instant(now()),
        "2026-08-23T12:00:00Z".parse::<DateTime<Utc>>().unwrap()
    );
    let warning = "OKTA_START_AT: Okta keeps its log for 90 days, so the first run starts at \
                   2026-08-23T12:00:00Z instead of 2026-01-01T00:00:00Z";
    assert_eq!(warnings, [warning]);
}
