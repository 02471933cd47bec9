//! All wrong settings are reported at once: a line each, with the name, the fault and the remedy,
//! and never a secret.

use chrono::{DateTime, Utc};
use okta_sentinel::settings::catalogue::SETTINGS;
use okta_sentinel::settings::{Environment, LaunchedBy, Settings};

/// Settings with which nothing is wrong under the Functions host.
const RIGHT: &[(&str, &str)] = &[
    ("OKTA_DOMAIN", "acme.okta.com"),
    ("OKTA_API_TOKEN", "00hunter2"),
    ("WORKSPACE_ID", "11111111-2222-3333-4444-555555555555"),
    ("WORKSPACE_KEY", "aHVudGVyMg=="),
    (
        "AzureWebJobsStorage",
        "AccountName=acme;AccountKey=aHVudGVyMg==",
    ),
];

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// What is said under the host when `changes` are made to settings that are right.
fn problems(changes: &[(&str, &str)]) -> String {
    let kept = RIGHT
        .iter()
        .filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    let environment = Environment::from_pairs(kept.chain(changes).copied());
    match Settings::read(&environment, LaunchedBy::Host, now()) {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    }
}

fn assert_lines(table: &[(&str, &str, &str)]) {
    for (name, value, expected) in table {
        assert_eq!(
            problems(&[(name, value)]),
            format!("{name}: {expected}"),
            "{name}={value:?}"
        );
    }
}

#[test]
fn the_settings_of_these_tests_are_right() {
    assert_eq!(problems(&[]), "");
}

#[rustfmt::skip]
#[test]
fn a_wrong_org_is_told_what_to_write() {
    assert_lines(&[
        ("OKTA_DOMAIN", " ", "not set; write the org's address, such as acme.okta.com"),
        ("OKTA_DOMAIN", "htps://acme.okta.com", r#""htps://acme.okta.com" does not begin with https://; write https://acme.okta.com"#),
        ("OKTA_DOMAIN", "https:/acme.okta.com", r#""https:/acme.okta.com" does not begin with https://; write https://acme.okta.com"#),
        ("OKTA_DOMAIN", "http://acme.okta.com", r#""http://acme.okta.com" is plain http, which is for loopback addresses only; write https://acme.okta.com"#),
        ("OKTA_DOMAIN", "acme .okta.com", r#""acme .okta.com" has a space or a control character in it; write the address alone"#),
        ("OKTA_DOMAIN", "https://acme.okta.com/api/v1", r#""https://acme.okta.com/api/v1" has a path; write https://acme.okta.com"#),
        ("OKTA_DOMAIN", "acme.okta.com?limit=1", r#""acme.okta.com?…" has a query or a fragment; write https://acme.okta.com"#),
        ("OKTA_DOMAIN", "https://me:hunter2@acme.okta.com", r#""…@acme.okta.com" has a user name or a password in it; write https://acme.okta.com"#),
        ("OKTA_DOMAIN", "acme-admin.okta.com", r#""acme-admin.okta.com" is the address of the admin console; write acme.okta.com"#),
        ("OKTA_DOMAIN", "https://Acme-Admin.oktapreview.com/", r#""https://Acme-Admin.oktapreview.com/" is the address of the admin console; write acme.oktapreview.com"#),
        ("OKTA_DOMAIN", "acme", r#""acme" cannot be used (it has no dot); write a host name in full, such as acme.example.com"#),
        ("OKTA_DOMAIN", "00hunter2-hunter2_hunter2hunter2-hunter2", "the value (not shown, it may be a secret in the wrong place) cannot be used (it has no dot); write a host name in full, such as acme.example.com"),
    ]);
}

#[rustfmt::skip]
#[test]
fn a_wrong_token_is_never_shown() {
    assert_lines(&[
        ("OKTA_API_TOKEN", "", "not set; make a token in the Okta admin console under Security > API > Tokens, or set OKTA_CLIENT_ID and OKTA_PRIVATE_KEY of a service app"),
        ("OKTA_API_TOKEN", "SSWS ", "the value is SSWS without a token; write the token alone"),
        ("OKTA_API_TOKEN", "SSWS 00hun ter2", "the value has a space or a line break inside; copy the token alone"),
        ("OKTA_API_TOKEN", "00hun\nter2", "the value has a space or a line break inside; copy the token alone"),
        ("OKTA_API_TOKEN", "00hunter2\u{200b}", "the value has a character that no token has; copy the token again"),
    ]);
}

#[rustfmt::skip]
#[test]
fn a_wrong_service_app_is_told_its_wrong_part_and_its_key_is_never_shown() {
    let key = include_str!("../fixtures/keys/p256-pkcs8.pem");
    let with = |changes: &[(&str, &str)]| {
        let app = [("OKTA_API_TOKEN", ""), ("OKTA_CLIENT_ID", "0oa1"), ("OKTA_PRIVATE_KEY", key)];
        let kept = app.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        problems(&kept.chain(changes.iter().copied()).collect::<Vec<_>>())
    };
    assert_eq!(with(&[]), "");
    let table = [
        ("OKTA_CLIENT_ID", "", "not set; OKTA_PRIVATE_KEY needs it; copy the Client ID from the service app's General tab"),
        ("OKTA_CLIENT_ID", key, "the value is no client id (it begins 0oa, unless somebody chose another); copy it from the service app's General tab"),
        ("OKTA_PRIVATE_KEY", "", "not set; OKTA_CLIENT_ID needs it; add a key to the service app on its General tab and paste the private half"),
        ("OKTA_PRIVATE_KEY", "hunter2", "the value is neither a private key in PEM (-----BEGIN PRIVATE KEY-----) nor a JWK ({\"kty\":...}); paste the whole key that was saved when it was made in Okta"),
        ("OKTA_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----", "the PEM text is cut short: a BEGIN line has no END line; paste the key whole, its line breaks real or written as \\n"),
        ("OKTA_PRIVATE_KEY", include_str!("../fixtures/keys/p256-public.pem"), "the value is a public key; paste the private key that belongs to it"),
        ("OKTA_PRIVATE_KEY", include_str!("../fixtures/keys/p256-encrypted.pem"), "the key is protected by a passphrase; take that off: openssl pkcs8 -topk8 -nocrypt -in key.pem"),
        ("OKTA_PRIVATE_KEY", r#"{"kty":"RSA","n":"aHVudGVyMg","e":"AQAB"}"#, "the value is a public key; paste the private key that belongs to it"),
        ("OKTA_PRIVATE_KEY", r#"{"kty":"hunter2""#, "the value begins as a JWK and is not one; paste the JSON object whole, from { to }"),
        ("OKTA_KEY_ID", "the key", "the value is no key id; copy the KID beside the key on the service app's General tab, or leave it out if the app has one key alone"),
    ];
    for (name, value, expected) in table {
        assert_eq!(with(&[(name, value)]), format!("{name}: {expected}"), "{value}");
    }
}

#[rustfmt::skip]
#[test]
fn a_wrong_number_or_time_is_told_its_bounds() {
    assert_lines(&[
        ("OKTA_BACKFILL_DAYS", "91", r#""91" cannot be used; write a whole number from 0 to 90"#),
        ("OKTA_BACKFILL_DAYS", "-1", r#""-1" cannot be used; write a whole number from 0 to 90"#),
        ("OKTA_BACKFILL_DAYS", "+7", r#""+7" cannot be used; write a whole number from 0 to 90"#),
        ("OKTA_BACKFILL_DAYS", "7d", r#""7d" cannot be used; write a whole number from 0 to 90"#),
        ("OKTA_START_AT", "2026-11-21", r#""2026-11-21" is not an RFC 3339 time; write it as 2026-11-01T00:00:00Z"#),
        ("OKTA_START_AT", "2026-11-21T12:00:01Z", "2026-11-21T12:00:01Z lies in the future; write an instant up to 90 days ago"),
        ("OKTA_RATE_SHARE", "0", r#""0" is not a number above 0 and up to 1; write one such as 0.5"#),
        ("OKTA_RATE_SHARE", "1.01", r#""1.01" is not a number above 0 and up to 1; write one such as 0.5"#),
        ("OKTA_RATE_SHARE", "0,5", r#""0,5" is not a number above 0 and up to 1; write one such as 0.5"#),
        ("OKTA_RATE_SHARE", "NaN", r#""NaN" is not a number above 0 and up to 1; write one such as 0.5"#),
        ("RUN_BUDGET_SECONDS", "9", r#""9" cannot be used; write a whole number from 10 to 3600"#),
        ("RUN_BUDGET_SECONDS", "3601", r#""3601" cannot be used; write a whole number from 10 to 3600"#),
        ("RUN_BUDGET_SECONDS", "4.5", r#""4.5" cannot be used; write a whole number from 10 to 3600"#),
        ("RUN_BUDGET_SECONDS", "99999999999999999999", r#""99999999999999999999" cannot be used; write a whole number from 10 to 3600"#),
    ]);
}

#[rustfmt::skip]
#[test]
fn a_wrong_workspace_is_told_apart_from_a_wrong_key() {
    let uri = "11111111-2222-3333-4444-555555555555.ods.opinsights.azure.com";
    assert_lines(&[
        ("WORKSPACE_ID", "", "not set; WORKSPACE_KEY needs it; copy the Workspace ID from the workspace's overview in the portal"),
        ("WORKSPACE_ID", "soc-workspace", r#""soc-workspace" is not a GUID; copy the Workspace ID from the workspace's overview in the portal"#),
        ("WORKSPACE_ID", "aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnRlcjI=", "the value is too long for a GUID and may be the workspace's key (so it is not shown); copy the Workspace ID, and put the key in WORKSPACE_KEY"),
        ("WORKSPACE_KEY", "", "not set; WORKSPACE_ID needs it; copy the workspace's primary key"),
        ("WORKSPACE_KEY", "11111111-2222-3333-4444-555555555555", "the value is a GUID, as the workspace's id is; copy the primary key instead"),
        ("WORKSPACE_KEY", "aHVudGVyMg=", "the value is base64 without its end (a key ends in = or ==); copy the key whole"),
        ("WORKSPACE_KEY", "hunter2!", "the value is not base64; copy the workspace's primary or secondary key"),
        ("LOG_TYPE", "Okta_CL", r#""Okta_CL" ends in _CL, which the service appends by itself; write Okta"#),
        ("LOG_TYPE", "okta-logs", r#""okta-logs" is not up to 100 letters, digits and underscores; write a name such as Okta"#),
        ("LOG_TYPE", "_cl", r#""_cl" is not up to 100 letters, digits and underscores; write a name such as Okta"#),
        ("LOG_ANALYTICS_URI", "http://{id}.ods.opinsights.azure.com", &format!(r#""http://{uri}" is plain http, which is for loopback addresses only; write https://{uri}"#)),
        ("LOG_ANALYTICS_URI", "https://{id}.ods.opinsights.azure.com/api/logs", &format!(r#""https://{uri}/api/logs" has a path; write https://{uri}"#)),
        ("LOG_ANALYTICS_URI", "https://{id}.ods.opinsights.azure.com?api-version=1", &format!(r#""https://{uri}?…" has a query or a fragment; write https://{uri}"#)),
    ]);
}

#[rustfmt::skip]
#[test]
fn a_wrong_storage_account_is_told_its_wrong_part() {
    assert_lines(&[
        ("AzureWebJobsStorage", "", "nothing says where the cursor is kept; set AzureWebJobsStorage__accountName and AzureWebJobsStorage__credential=managedidentity, or AzureWebJobsStorage"),
        ("AzureWebJobsStorage", "hunter2", "part 1 of the connection string is not Name=value; copy the string whole from the storage account's access keys"),
        ("AzureWebJobsStorage", "AccountName=acme", "the connection string has no AccountKey and no SharedAccessSignature; copy it whole from the account's access keys"),
        ("AzureWebJobsStorage", "AccountName=acme;AccountKey=hunter2", "AccountKey is not base64; copy the connection string whole"),
        ("AzureWebJobsStorage", "DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=aHVudGVyMg==", "the blob endpoint is plain http, which is for loopback addresses only; use https"),
        ("AzureWebJobsStorage", "UseDevelopmentStorage=yes", "UseDevelopmentStorage is neither true nor left out; write UseDevelopmentStorage=true"),
    ]);
    let by_identity = |name, value| problems(&[("AzureWebJobsStorage", ""), (name, value)]);
    assert_eq!(by_identity("AzureWebJobsStorage__accountName", "Acme_Store"), r#"AzureWebJobsStorage__accountName: "Acme_Store" is not 3 to 24 lower-case letters and digits; write the storage account's name"#);
    assert_eq!(by_identity("AzureWebJobsStorage__blobServiceUri", "http://acme.blob.core.windows.net"), r#"AzureWebJobsStorage__blobServiceUri: "http://acme.blob.core.windows.net" is plain http, which is for loopback addresses only; write https://acme.blob.core.windows.net"#);
    assert_eq!(by_identity("AzureWebJobsStorage__blobServiceUri", "https://acme.blob.core.windows.net/?sig=hunter2"), r#"AzureWebJobsStorage__blobServiceUri: "https://acme.blob.core.windows.net/?…" has a query or a fragment; write https://acme.blob.core.windows.net/"#);
    let account = ("AzureWebJobsStorage__accountName", "acme");
    let with = |name, value| problems(&[("AzureWebJobsStorage", ""), account, (name, value)]);
    assert_eq!(with("AzureWebJobsStorage__credential", "managed"), r#"AzureWebJobsStorage__credential: "managed" is not a credential this program has; write managedidentity"#);
    assert_eq!(with("AzureWebJobsStorage__clientId", "my-identity"), r#"AzureWebJobsStorage__clientId: "my-identity" is not a GUID; copy the Client ID from the identity's overview in the portal"#);
    assert_eq!(with("AZURE_CLIENT_ID", "my-identity"), r#"AZURE_CLIENT_ID: "my-identity" is not a GUID; copy the Client ID from the identity's overview in the portal"#);
}

#[rustfmt::skip]
#[test]
fn a_wrong_rule_is_told_where_the_right_one_is_shown() {
    let with = |changes: &[(&str, &str)]| {
        let rule = [("WORKSPACE_ID", ""), ("WORKSPACE_KEY", ""), ("LOGS_INGESTION_ENDPOINT", "https://a.westeurope-1.ingest.monitor.azure.com"), ("DCR_IMMUTABLE_ID", "dcr-00112233445566778899aabbccddeeff")];
        let kept = rule.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        problems(&kept.chain(changes.iter().copied()).collect::<Vec<_>>())
    };
    assert_eq!(with(&[]), "");
    let table = [
        ("LOGS_INGESTION_ENDPOINT", "", "not set; DCR_IMMUTABLE_ID needs it; copy endpoints.logsIngestion from the data collection rule's JSON view"),
        ("LOGS_INGESTION_ENDPOINT", "http://a.westeurope-1.ingest.monitor.azure.com", r#""http://a.westeurope-1.ingest.monitor.azure.com" is plain http, which is for loopback addresses only; write https://a.westeurope-1.ingest.monitor.azure.com"#),
        ("LOGS_INGESTION_ENDPOINT", "https://a.ingest.monitor.azure.com/dataCollectionRules", r#""https://a.ingest.monitor.azure.com/dataCollectionRules" has a path; write https://a.ingest.monitor.azure.com"#),
        ("LOGS_INGESTION_ENDPOINT", "https://a.westeurope-1.handler.control.monitor.azure.com", r#""https://a.westeurope-1.handler.control.monitor.azure.com" is no logs ingestion endpoint, whose host ends in .ingest.monitor.azure.com (.us, .cn); copy endpoints.logsIngestion from the data collection rule's JSON view, or Logs ingestion from the data collection endpoint's overview"#),
        ("DCR_IMMUTABLE_ID", "", "not set; LOGS_INGESTION_ENDPOINT needs it; copy immutableId from the data collection rule's JSON view"),
        ("DCR_IMMUTABLE_ID", "dcr-okta", r#""dcr-okta" is not dcr- and 32 hexadecimal digits; copy immutableId from the data collection rule's JSON view, not its name or resource id"#),
        ("DCR_STREAM", "Okta_CL", r#""Okta_CL" is not Custom- and a name of letters, digits and underscores; write a stream that the data collection rule declares, such as Custom-Okta_CL"#),
        ("AZURE_CLIENT_ID", "my-identity", r#""my-identity" is not a GUID; copy the Client ID from the identity's overview in the portal"#),
    ];
    for (name, value, expected) in table {
        assert_eq!(with(&[(name, value)]), format!("{name}: {expected}"), "{value}");
    }
    // Storage reads the identity as well, and says no more than that.
    let both = with(&[("AzureWebJobsStorage", ""), ("AzureWebJobsStorage__accountName", "acme"), ("AZURE_CLIENT_ID", "me")]);
    assert_eq!(both.lines().count(), 1, "{both}");
}

#[test]
fn a_secret_in_the_wrong_place_is_not_shown() {
    let connection = "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=aHVudGVyMmh1bnRlcjI=;EndpointSuffix=core.windows.net";
    let key = "aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnRlcjI=";
    for name in SETTINGS.iter().map(|setting| setting.name) {
        for (secret, part) in [(connection, "AccountKey"), (key, "aHVudGVyMmh1")] {
            let said = problems(&[("AzureWebJobsStorage", ""), (name, secret)]);
            assert!(!said.contains(part), "{said}");
        }
    }
}

#[test]
fn an_unresolved_key_vault_reference_is_told_by_name_wherever_it_stands() {
    let reference = "@Microsoft.KeyVault(SecretUri=https://acme.vault.azure.net/secrets/hunter2/)";
    for name in SETTINGS
        .iter()
        .flat_map(|setting| std::iter::once(setting.name).chain(setting.aliases.iter().copied()))
    {
        // An alias counts only where the setting's own name is not set.
        let own = SETTINGS
            .iter()
            .find(|setting| setting.aliases.contains(&name));
        let mut changes = vec![(name, reference)];
        changes.extend(own.map(|setting| (setting.name, "")));
        // Half a service app is a problem of its own.
        changes.extend(
            [
                ("OKTA_CLIENT_ID", "0oa1"),
                (
                    "OKTA_PRIVATE_KEY",
                    include_str!("../fixtures/keys/p256-pkcs8.pem"),
                ),
            ]
            .into_iter()
            .filter(|(other, _)| name != *other),
        );
        // And so is half a rule.
        let rule = [
            (
                "LOGS_INGESTION_ENDPOINT",
                "https://a.westeurope-1.ingest.monitor.azure.com",
            ),
            ("DCR_IMMUTABLE_ID", "dcr-00112233445566778899aabbccddeeff"),
        ];
        if rule.iter().any(|(part, _)| *part == name) {
            changes.extend(rule.into_iter().filter(|(part, _)| *part != name));
        }
        assert_eq!(
            problems(&changes),
            format!(
                "{name}: an unresolved Key Vault reference; give the app's identity the role Key \
                 Vault Secrets User on the vault, check keyVaultReferenceIdentity, and after a \
                 deployment wait some minutes for the role to count"
            )
        );
    }
}

#[test]
fn ten_wrong_settings_are_ten_lines_in_the_order_of_the_catalogue() {
    let said = problems(&[
        ("AzureWebJobsStorage", "hunter2"),
        ("LOG_TYPE", "Okta_CL"),
        ("LOG_ANALYTICS_URI", "https://a.example.com/api"),
        ("WORKSPACE_KEY", "hunter2!"),
        ("WORKSPACE_ID", "acme"),
        ("RUN_BUDGET_SECONDS", "5"),
        ("OKTA_RATE_SHARE", "2"),
        ("OKTA_START_AT", "yesterday"),
        ("OKTA_BACKFILL_DAYS", "365"),
        (
            "OKTA_API_TOKEN",
            "@Microsoft.KeyVault(VaultName=acme;SecretName=hunter2)",
        ),
        ("OKTA_DOMAIN", "acme-admin.okta.com"),
    ]);
    let names: Vec<&str> = said
        .lines()
        .filter_map(|line| Some(line.split_once(": ")?.0))
        .collect();
    let expected = [
        "OKTA_DOMAIN",
        "OKTA_API_TOKEN",
        "OKTA_BACKFILL_DAYS",
        "OKTA_START_AT",
        "OKTA_RATE_SHARE",
        "RUN_BUDGET_SECONDS",
        "WORKSPACE_ID",
        "WORKSPACE_KEY",
        "LOG_ANALYTICS_URI",
        "LOG_TYPE",
        "AzureWebJobsStorage",
    ];
    assert_eq!(names, expected);
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn nothing_set_at_all_is_told_whole() {
    let nothing = Environment::default();
    let said = Settings::read(&nothing, LaunchedBy::Host, now())
        .unwrap_err()
        .to_string();
    assert_eq!(
        said,
        "OKTA_DOMAIN: not set; write the org's address, such as acme.okta.com\n\
         OKTA_API_TOKEN: not set; make a token in the Okta admin console under Security > API > Tokens, or set OKTA_CLIENT_ID and OKTA_PRIVATE_KEY of a service app\n\
         LOGS_INGESTION_ENDPOINT: nothing says where events go; set LOGS_INGESTION_ENDPOINT and DCR_IMMUTABLE_ID, or for a trial on this machine, OUTPUT_DIR\n\
         AzureWebJobsStorage: nothing says where the cursor is kept; set AzureWebJobsStorage__accountName and AzureWebJobsStorage__credential=managedidentity, or AzureWebJobsStorage"
    );
}

#[test]
fn settings_that_are_printed_show_no_secret() {
    let environment = Environment::from_pairs(RIGHT.iter().copied());
    let settings = Settings::read(&environment, LaunchedBy::Host, now()).unwrap();
    let bytes = format!("{:?}", b"hunter2").replace(['[', ']'], "");
    for printed in [
        format!("{settings:?}"),
        format!("{settings:#?}"),
        format!("{environment:?}"),
    ] {
        for secret in ["hunter2", "aHVudGVyMg", &bytes] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
