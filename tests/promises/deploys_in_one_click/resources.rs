//! Which resources are deployed, in which order, with which rights and names.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::azure::{LISTED_KEY, Place, WORKSPACE_REGION};
use super::deployment::{Deployment, Resource};
use super::{
    PRIVATE_KEY, ROLE, RULE, SECRET, SITE, STORAGE, TABLE, TOKEN, VAULT, WORKSPACE, WORKSPACE_KEY,
    app_settings, by_data_collector, by_token, deployed, every_way,
};

#[test]
fn access_is_granted_before_the_app_is_made_and_the_package_comes_last() {
    for way in every_way() {
        let site = way.only(SITE);
        let settings = way.only("Microsoft.Web/sites/config");
        let package = way.only("Microsoft.Web/sites/extensions");
        let all_before = |later: &Resource, kind: &str| {
            for earlier in way.of_kind(kind) {
                assert!(
                    way.waits_for(later, earlier),
                    "{} before {}",
                    earlier.id,
                    later.id
                );
            }
        };
        all_before(site, ROLE);
        all_before(
            site,
            "Microsoft.Storage/storageAccounts/blobServices/containers",
        );
        all_before(settings, SECRET);
        all_before(package, "Microsoft.Web/sites/config");
        assert!(way.waits_for(settings, site) && !way.waits_for(site, settings));
        for rule in way.of_kind(RULE) {
            assert!(way.of_kind(TABLE).all(|table| way.waits_for(rule, table)));
        }
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
