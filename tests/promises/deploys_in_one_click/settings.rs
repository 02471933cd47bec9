//! The settings that the app is started with are settings that the program takes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use okta_sentinel::settings::catalogue::{SETTINGS, Scope};
use okta_sentinel::settings::{Environment, LaunchedBy, Settings};
use serde_json::json;

use super::azure::{self, GOVERNMENT};
use super::deployment::Deployment;
use super::{
    RULE, SECRET, SITE, app_settings, by_data_collector, by_token, deployed, deployed_to,
    every_way, file,
};

/// The settings as the process meets them, with what the vault's references stand for.
fn resolved(deployment: &Deployment) -> BTreeMap<String, String> {
    let secrets: BTreeMap<String, String> = deployment
        .of_kind(SECRET)
        .map(|secret| {
            let (vault, name) = secret.body["name"]
                .as_str()
                .unwrap()
                .split_once('/')
                .unwrap();
            let reference = format!(
                "@Microsoft.KeyVault(SecretUri=https://{vault}.vault.azure.net/secrets/{name}/)"
            );
            (
                reference,
                secret.body["properties"]["value"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            )
        })
        .collect();
    let settings = app_settings(deployment).into_iter();
    settings
        .map(|(name, value)| (name, secrets.get(&value).cloned().unwrap_or(value)))
        .collect()
}

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

#[test]
fn one_org_has_one_name_however_it_is_written() {
    let first = deployed(json!({}));
    for naming in ["https://acme.okta.com", " HTTPS://Acme.okta.com/ "] {
        let again = deployed(json!({ "oktaDomain": naming }));
        assert_eq!(
            app_settings(&first)["OKTA_DOMAIN"],
            app_settings(&again)["OKTA_DOMAIN"]
        );
        let ids = |way: &Deployment| -> Vec<String> {
            way.resources.iter().map(|one| one.id.clone()).collect()
        };
        assert_eq!(ids(&first), ids(&again), "{naming}");
    }
}

#[test]
fn the_program_can_start_with_what_the_template_sets() {
    for way in every_way() {
        let environment = Environment::from_pairs(resolved(&way));
        let settings = Settings::read(&environment, LaunchedBy::Host, now());
        let settings = settings.unwrap_or_else(|problems| panic!("{problems}"));
        let old_api = way.of_kind(RULE).count() == 0;
        let of_old_api = |warning: &&String| warning.contains("support ended");
        let other: Vec<_> = settings
            .warnings
            .iter()
            .filter(|it| !(old_api && of_old_api(it)))
            .collect();
        assert_eq!(other, Vec::<&String>::new());
    }
}

#[test]
fn each_setting_is_set_by_whom_the_catalogue_says() {
    // The host's own, which are no settings of this program.
    let mut due = BTreeSet::from([
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    ]);
    let by_template = SETTINGS
        .iter()
        .filter(|one| one.scope == Scope::SetByTemplate);
    due.extend(by_template.map(|one| one.name));
    let ways = every_way();
    let set: BTreeSet<String> = ways
        .iter()
        .flat_map(|way| app_settings(way).into_keys())
        .collect();
    assert_eq!(set.iter().map(String::as_str).collect::<BTreeSet<_>>(), due);
    for way in &ways {
        let settings = app_settings(way);
        for setting in SETTINGS.iter().filter(|one| one.secret) {
            let value = settings.get(setting.name);
            assert!(
                value.is_none_or(|it| it.starts_with("@Microsoft.KeyVault(")),
                "{}",
                setting.name
            );
        }
    }
}

#[test]
fn a_persons_other_settings_are_set_and_none_of_the_templates_own_is_lost() {
    let way = deployed(
        json!({ "optionalSettings": { "OKTA_RATE_SHARE": "0.3", "OKTA_DOMAIN": "other.okta.com" } }),
    );
    let settings = app_settings(&way);
    assert_eq!(settings["OKTA_RATE_SHARE"], "0.3");
    assert_eq!(settings["OKTA_DOMAIN"], "acme.okta.com");
}

#[test]
fn in_a_sovereign_cloud_no_address_of_the_public_one_is_used() {
    let mut changes = by_data_collector();
    changes
        .as_object_mut()
        .unwrap()
        .extend(by_token().as_object().unwrap().clone());
    for changes in [json!({}), changes] {
        let way = deployed_to(&GOVERNMENT, changes);
        let settings = app_settings(&way);
        for (name, value) in &settings {
            let public = ["azure.com", "windows.net", "azure.net"]
                .iter()
                .any(|it| value.contains(it));
            assert!(!public, "{name} is {value}");
        }
        if let Some(uri) = settings.get("LOG_ANALYTICS_URI") {
            assert_eq!(
                *uri,
                format!("https://{}.ods.opinsights.azure.us", azure::CUSTOMER_ID)
            );
        }
        let site = &way.only(SITE).body["properties"];
        assert_eq!(
            site["siteConfig"]["cors"]["allowedOrigins"],
            json!(["https://portal.azure.us"])
        );
    }
}

#[test]
fn every_line_of_the_log_reaches_application_insights() {
    let sampling = &file("host.json")["logging"]["applicationInsights"]["samplingSettings"];
    let spared: Vec<&str> = sampling["excludedTypes"]
        .as_str()
        .unwrap()
        .split(';')
        .collect();
    assert!(
        spared.contains(&"Trace") && spared.contains(&"Exception"),
        "{spared:?}"
    );
    let insights = deployed(json!({}))
        .only("Microsoft.Insights/components")
        .body["properties"]
        .clone();
    assert_eq!(
        (
            &insights["SamplingPercentage"],
            &insights["DisableLocalAuth"]
        ),
        (&json!(100), &json!(true))
    );
}
