//! probe
use okta_sentinel::settings::{Environment, Place, Settings};
const GOOD: &[(&str, &str)] = &[
    ("OKTA_DOMAIN", "acme.okta.com"),
    ("OKTA_API_TOKEN", "00token"),
    ("WORKSPACE_ID", "11111111-2222-3333-4444-555555555555"),
    ("WORKSPACE_KEY", "c2VjcmV0"),
    ("AzureWebJobsStorage", "UseDevelopmentStorage=true"),
];
#[test]
fn probe() {
    let wrong: &[(&str, &str)] = &[
        ("OKTA_DOMAIN", ""),
        ("OKTA_DOMAIN", "htps://acme.okta.com"),
        ("OKTA_DOMAIN", "https:/acme.okta.com"),
        ("OKTA_DOMAIN", "http://acme.okta.com"),
        ("OKTA_DOMAIN", "acme .okta.com"),
        ("OKTA_DOMAIN", "acme"),
        ("OKTA_DOMAIN", "acme..okta.com"),
        ("OKTA_DOMAIN", "https://acme.okta.com/api/v1/logs"),
        ("OKTA_DOMAIN", "https://acme.okta.com?after=1"),
        ("OKTA_DOMAIN", "https://acme.okta.com/api/v1/logs?after=1"),
        ("OKTA_DOMAIN", "https://me:hunter2@acme.okta.com"),
        ("OKTA_DOMAIN", "https://acme-admin.okta.com"),
        ("OKTA_DOMAIN", "ACME-admin.oktapreview.com"),
        ("OKTA_DOMAIN", "00abcdefghijklmnopqrstuvwxyz0123456789abcd"),
        ("OKTA_DOMAIN", "https://acme.okta.com:port"),
        ("OKTA_DOMAIN", "https://acme$.okta.com"),
        ("OKTA_API_TOKEN", ""),
        ("OKTA_API_TOKEN", "SSWS"),
        ("OKTA_API_TOKEN", "SSWS 00hun ter2"),
        ("OKTA_API_TOKEN", "00hunter2\u{200b}"),
        (
            "OKTA_API_TOKEN",
            "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/t/)",
        ),
        ("OKTA_BACKFILL_DAYS", "91"),
        ("OKTA_START_AT", "2026-11-21"),
        ("OKTA_START_AT", "2026-11-21T12:00:01Z"),
        ("OKTA_RATE_SHARE", "0,5"),
        ("OKTA_RATE_SHARE", "0"),
        ("RUN_BUDGET_SECONDS", "9"),
        ("WORKSPACE_ID", ""),
        ("WORKSPACE_ID", "my-workspace"),
        (
            "WORKSPACE_ID",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==",
        ),
        ("WORKSPACE_KEY", ""),
        ("WORKSPACE_KEY", "11111111-2222-3333-4444-555555555555"),
        (
            "WORKSPACE_KEY",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=",
        ),
        ("WORKSPACE_KEY", "hunter2!"),
        ("LOG_TYPE", "Okta_CL"),
        ("LOG_TYPE", "okta-logs"),
        ("LOG_TYPE", "_CL"),
        ("LOG_ANALYTICS_URI", "http://{id}.ods.opinsights.azure.com"),
        (
            "LOG_ANALYTICS_URI",
            "https://{id}.ods.opinsights.azure.com/api/logs",
        ),
        (
            "LOG_ANALYTICS_URI",
            "https://{id}.ods.opinsights.azure.com?x",
        ),
        ("AzureWebJobsStorage", ""),
        ("AzureWebJobsStorage", "hunter2"),
        ("AzureWebJobsStorage", "AccountName=acme"),
        (
            "AzureWebJobsStorage",
            "DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=QUI=",
        ),
        ("LOGS_INGESTION_ENDPOINT", "https://x"),
        ("OKTA_CLIENT_ID", "x"),
        ("OKTA_PRIVATE_KEY", "x"),
    ];
    for (name, value) in wrong {
        let env = GOOD
            .iter()
            .copied()
            .filter(|(n, _)| n != name)
            .chain([(*name, *value)]);
        let e = Settings::read(
            &Environment::from_pairs(env),
            Place::Host,
            "2026-11-21T12:00:00Z".parse().unwrap(),
        );
        println!("{value:?}\n    {}", e.unwrap_err());
    }
}
