//! The template deploys the whole connector: with the roles it needs and no other, in an order that
//! works, again over itself, and with no secret in plain view.

mod azure;
mod deployment;
mod expression;
mod form;
mod functions;
mod guide;
mod habits;
mod order;
mod page;
mod parameter;
mod published_schemas;
mod resources;
mod settings;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use azure::{Azure, PUBLIC, Place};
use deployment::Deployment;

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
        for api in [
            json!({}),
            json!({ "oktaTable": "existing" }),
            by_data_collector(),
        ] {
            let mut changes = sign_in.clone();
            let rest = json!({ "alertEmail": "soc@example.com", "tags": { "team": "soc" } });
            for more in [api, rest] {
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
