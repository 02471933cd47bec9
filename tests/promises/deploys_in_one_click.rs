//! The template deploys the whole connector: with the roles it needs and no other, in an order
//! that works, again over itself, and without a secret where anybody may read it.

mod azure;
mod deployment;
mod expression;
mod form;
mod functions;
mod habits;
mod page;
mod published_schemas;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use okta_sentinel::settings::catalogue::{SETTINGS, Scope};
use okta_sentinel::settings::{Environment, Place as StartedBy, Settings};
use serde_json::{Value, json};

use azure::{Azure, GOVERNMENT, LISTED_KEY, PUBLIC, Place, WORKSPACE_REGION};
use deployment::{Deployment, Resource};

const SITE: &str = "Microsoft.Web/sites";
const ROLE: &str = "Microsoft.Authorization/roleAssignments";
const SECRET: &str = "Microsoft.KeyVault/vaults/secrets";
const TABLE: &str = "Microsoft.OperationalInsights/workspaces/tables";
const RULE: &str = "Microsoft.Insights/dataCollectionRules";
const VAULT: &str = "Microsoft.KeyVault/vaults";
const STORAGE: &str = "Microsoft.Storage/storageAccounts";

/// A token, a key and a workspace key, none of which may be seen anywhere.
const TOKEN: &str = "00secretTokenOfNobody";
const PRIVATE_KEY: &str = include_str!("../fixtures/keys/rsa.jwk.json");
const WORKSPACE_KEY: &str = "c2VjcmV0IGtleSBvZiB0aGUgd29ya3NwYWNl";
const WORKSPACE: &str = "/subscriptions/50b50b50-0000-4000-8000-50b50b500002/resourceGroups/soc/providers/Microsoft.OperationalInsights/workspaces/Sentinel-Prod";

pub(super) fn file(name: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn here() -> Place {
    Place::new("50b50b50-0000-4000-8000-50b50b500001", "okta")
}

/// The parameters that nobody is spared, with some changed.
fn given(changes: Value) -> Value {
    let mut given = json!({
        "oktaDomain": "acme.okta.com",
        "oktaClientId": "0oa1client2of3the4app5",
        "oktaPrivateKey": PRIVATE_KEY,
        "workspaceResourceId": WORKSPACE,
    });
    let changes = changes.as_object().unwrap().clone();
    given.as_object_mut().unwrap().extend(changes);
    given
}

/// What is deployed with these parameters changed.
#[track_caller]
fn deployed(changes: Value) -> Deployment {
    deployed_to(&PUBLIC, changes)
}

#[track_caller]
fn deployed_to(azure: &Azure, changes: Value) -> Deployment {
    deployment::deploy(azure, &here(), &file("azuredeploy.json"), &given(changes))
}

fn by_token() -> Value {
    json!({ "oktaSignIn": "ApiToken", "oktaApiToken": TOKEN, "oktaClientId": "", "oktaPrivateKey": "" })
}

fn by_data_collector() -> Value {
    json!({ "ingestion": "DataCollector", "workspaceKey": WORKSPACE_KEY })
}

/// Every choice that changes what is deployed.
pub(super) fn every_way() -> Vec<Deployment> {
    let mut ways = Vec::new();
    for sign_in in [json!({}), by_token()] {
        for road in [
            json!({}),
            json!({ "oktaTable": "existing" }),
            by_data_collector(),
        ] {
            let mut changes = sign_in.clone();
            let rest = json!({ "alertEmail": "soc@example.com", "tags": { "team": "soc" } });
            for more in [road, rest] {
                changes
                    .as_object_mut()
                    .unwrap()
                    .extend(more.as_object().unwrap().clone());
            }
            ways.push(deployed(changes));
        }
    }
    ways
}

/// The app's settings as they are put.
fn app_settings(deployment: &Deployment) -> BTreeMap<String, String> {
    let settings = &deployment.only("Microsoft.Web/sites/config").body["properties"];
    serde_json::from_value(settings.clone()).unwrap()
}

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
fn access_is_granted_before_the_app_is_made_and_the_package_comes_last() {
    for way in every_way() {
        let site = way.position(&way.only(SITE).id);
        let settings = way.position(&way.only("Microsoft.Web/sites/config").id);
        let package = way.position(&way.only("Microsoft.Web/sites/extensions").id);
        let before = |kind| {
            way.of_kind(kind)
                .map(|one| way.position(&one.id))
                .max()
                .unwrap()
        };
        assert!(before(ROLE) < site, "roles");
        assert!(before("Microsoft.Storage/storageAccounts/blobServices/containers") < site);
        assert!(before(SECRET) < settings, "a reference without its secret");
        assert!(
            site < settings && settings < package,
            "settings, then the program"
        );
    }
}

#[test]
fn the_identity_has_the_roles_it_needs_and_no_other() {
    let roles = |deployment: &Deployment| -> BTreeSet<(String, String)> {
        let role = |one: &Resource| {
            let properties = &one.body["properties"];
            assert_eq!(properties["principalType"], "ServicePrincipal");
            assert!(
                properties["principalId"]
                    .as_str()
                    .unwrap()
                    .starts_with("object-id-of-okta-acme")
            );
            let on = one.body["scope"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .nth(1)
                .unwrap()
                .to_owned();
            let role = properties["roleDefinitionId"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap();
            (on, role.to_owned())
        };
        deployment.of_kind(ROLE).map(role).collect()
    };
    let pair = |on: &str, role: &str| (on.to_owned(), role.to_owned());
    let mut due = BTreeSet::from([
        // Storage Blob Data Owner, Key Vault Secrets User, Monitoring Metrics Publisher.
        pair("storageAccounts", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"),
        pair("vaults", "4633458b-17de-408a-b874-0445c86b69e6"),
        pair("components", "3913510d-42f4-4e42-8a64-420c390055eb"),
    ]);
    assert_eq!(roles(&deployed(by_data_collector())), due);
    due.insert(pair(
        "dataCollectionRules",
        "3913510d-42f4-4e42-8a64-420c390055eb",
    ));
    assert_eq!(roles(&deployed(json!({}))), due);
}

#[test]
fn no_secret_is_seen_outside_the_vault() {
    for way in every_way() {
        let mut seen: Vec<String> = vec![
            json!(way.outputs).to_string(),
            json!(way.history).to_string(),
        ];
        let open = way.resources.iter().filter(|one| one.kind != SECRET);
        seen.extend(open.map(|one| one.body.to_string()));
        let private_key = json!(PRIVATE_KEY).to_string();
        for text in seen {
            for secret in [
                TOKEN,
                WORKSPACE_KEY,
                LISTED_KEY,
                private_key.trim_matches('"'),
            ] {
                assert!(!text.contains(secret), "a secret is in {text}");
            }
        }
        assert!(way.of_kind(SECRET).count() > 0);
    }
}

#[test]
fn a_secret_left_empty_stays_as_it_is_in_the_vault() {
    let first = deployed(by_token());
    let mut changes = by_token();
    changes["oktaApiToken"] = json!("");
    let again = deployed(changes);
    assert_eq!(
        (first.of_kind(SECRET).count(), again.of_kind(SECRET).count()),
        (1, 0)
    );
    assert_eq!(app_settings(&first), app_settings(&again));
}

#[test]
fn the_data_collector_needs_no_table_no_rule_and_no_key_by_hand() {
    let changes = json!({ "ingestion": "DataCollector" });
    let way = deployed(changes);
    for kind in [TABLE, RULE, "Microsoft.Insights/diagnosticSettings"] {
        assert_eq!(way.of_kind(kind).count(), 0, "{kind}");
    }
    let values = |way: &Deployment| -> Vec<Value> {
        way.of_kind(SECRET)
            .map(|one| one.body["properties"]["value"].clone())
            .collect()
    };
    assert!(values(&way).contains(&json!(LISTED_KEY)));
    assert!(values(&deployed(by_data_collector())).contains(&json!(WORKSPACE_KEY)));
}

#[test]
fn an_existing_table_is_left_alone() {
    let tables = |changes| -> BTreeSet<String> {
        let name = |one: &Resource| one.id.rsplit('/').next().unwrap().to_owned();
        deployed(changes).of_kind(TABLE).map(name).collect()
    };
    let mut due = tables(json!({}));
    assert!(
        due.remove("Okta_CL") && due.contains("OktaConnectorHealth_CL"),
        "{due:?}"
    );
    assert_eq!(tables(json!({ "oktaTable": "existing" })), due);
}

#[test]
fn tables_rule_and_alerts_are_where_the_workspace_is() {
    let way = deployed(json!({}));
    let of_workspace = Place::of_id(WORKSPACE);
    for kind in [TABLE, RULE] {
        for one in way.of_kind(kind) {
            assert_eq!(Place::of_id(&one.id), of_workspace, "{}", one.id);
        }
    }
    for kind in [RULE, "Microsoft.Insights/scheduledQueryRules"] {
        for one in way.of_kind(kind) {
            assert_eq!(one.body["location"], WORKSPACE_REGION, "{}", one.id);
        }
    }
    assert_eq!(way.only(RULE).body["kind"], "Direct");
    let diagnostics = way.only("Microsoft.Insights/diagnosticSettings");
    assert_eq!(diagnostics.body["scope"], way.only(RULE).id);
    assert_eq!(
        diagnostics.body["properties"]["logs"],
        json!([{ "category": "LogErrors", "enabled": true }])
    );
}

#[test]
fn two_orgs_share_tables_and_rule_and_nothing_else() {
    let ids = |domain: &str| -> BTreeSet<String> {
        let way = deployed(json!({ "oktaDomain": domain }));
        way.resources.into_iter().map(|one| one.id).collect()
    };
    let shared: Vec<String> = ids("acme.okta.com")
        .intersection(&ids("acme.oktapreview.com"))
        .cloned()
        .collect();
    assert!(!shared.is_empty());
    for id in shared {
        assert_eq!(Place::of_id(&id), Place::of_id(WORKSPACE), "{id}");
    }
}

#[test]
fn one_org_has_one_name_however_it_is_written() {
    let first = deployed(json!({}));
    for spelling in ["https://acme.okta.com", " HTTPS://Acme.okta.com/ "] {
        let again = deployed(json!({ "oktaDomain": spelling }));
        assert_eq!(
            app_settings(&first)["OKTA_DOMAIN"],
            app_settings(&again)["OKTA_DOMAIN"]
        );
        let ids = |way: &Deployment| -> Vec<String> {
            way.resources.iter().map(|one| one.id.clone()).collect()
        };
        assert_eq!(ids(&first), ids(&again), "{spelling}");
    }
}

#[test]
fn names_are_such_as_the_services_take() {
    let long = format!(
        "{}.login.a-long-name-of-some-company.example",
        "sso".repeat(10)
    );
    for domain in ["a.okta.com", &long] {
        let way = deployed(json!({ "oktaDomain": domain }));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let name = |kind: &str| way.only(kind).body["name"].as_str().unwrap().to_owned();
        let (site, vault, storage) = (name(SITE), name(VAULT), name(STORAGE));
        assert!(
            site.len() <= 60 && site.chars().all(|c| plain(c) || c == '-'),
            "{site}"
        );
        assert!(
            vault.len() <= 24 && vault.chars().all(|c| plain(c) || c == '-'),
            "{vault}"
        );
        assert!(
            storage.len() <= 24 && storage.chars().all(plain),
            "{storage}"
        );
        assert!(name(RULE).len() <= 64);
    }
}

#[test]
fn the_program_can_start_with_what_the_template_sets() {
    for way in every_way() {
        let environment = Environment::from_pairs(resolved(&way));
        let settings = Settings::read(&environment, StartedBy::Host, now());
        let settings = settings.unwrap_or_else(|problems| panic!("{problems}"));
        let old_road = way.of_kind(RULE).count() == 0;
        let of_old_road = |warning: &&String| warning.contains("support ended");
        let other: Vec<_> = settings
            .warnings
            .iter()
            .filter(|it| !(old_road && of_old_road(it)))
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
fn the_app_is_small_and_closed_to_all_but_the_portal() {
    let way = deployed(json!({}));
    let site = &way.only(SITE).body;
    assert_eq!(
        site["properties"]["functionAppConfig"]["scaleAndConcurrency"]["instanceMemoryMB"],
        512
    );
    assert_eq!(
        site["properties"]["functionAppConfig"]["runtime"],
        json!({ "name": "custom", "version": "1.0" })
    );
    let identity = site["properties"]["keyVaultReferenceIdentity"]
        .as_str()
        .unwrap();
    assert!(
        site["identity"]["userAssignedIdentities"]
            .get(identity)
            .is_some()
    );
    let basic: Vec<&Value> = way
        .of_kind("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
        .map(|one| &one.body["properties"]["allow"])
        .collect();
    assert_eq!(basic, [false, false]);
    let storage = &way.only(STORAGE).body["properties"];
    assert_eq!(
        (
            &storage["allowSharedKeyAccess"],
            &storage["allowBlobPublicAccess"]
        ),
        (&json!(false), &json!(false))
    );
    // The host takes an empty connection string for one and dies of it.
    assert!(!app_settings(&way).contains_key("AzureWebJobsStorage"));
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

#[test]
fn two_alerts_watch_the_org_and_tell_whom_they_should() {
    let alerts = |changes| -> Vec<Value> {
        let way = deployed(changes);
        way.of_kind("Microsoft.Insights/scheduledQueryRules")
            .map(|one| one.body["properties"].clone())
            .collect()
    };
    let silent = alerts(json!({}));
    assert_eq!(silent.len(), 2);
    for alert in &silent {
        let query = alert["criteria"]["allOf"][0]["query"].as_str().unwrap();
        assert!(
            query.contains("OktaConnectorHealth_CL | where domain_s == \"acme.okta.com\""),
            "{query}"
        );
        assert_eq!(alert["scopes"], json!([WORKSPACE]));
        assert_eq!(
            (
                &alert["skipQueryValidation"],
                &alert["actions"]["actionGroups"]
            ),
            (&json!(true), &json!([]))
        );
    }
    let way = deployed(json!({ "alertEmail": "soc@example.com" }));
    let group = way.only("Microsoft.Insights/actionGroups").id.clone();
    for alert in alerts(json!({ "alertEmail": "soc@example.com" })) {
        assert_eq!(alert["actions"]["actionGroups"], json!([group]));
    }
}
