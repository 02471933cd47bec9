//! What a deployment finds in Azure: its clouds, and what resources answer once they run.

use serde_json::{Value, json};

/// One cloud.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Azure {
    portal: &'static str,
    vault: &'static str,
    storage: &'static str,
    ingestion: &'static str,
}

pub(crate) const PUBLIC: Azure = Azure {
    portal: "https://portal.azure.com",
    vault: ".vault.azure.net",
    storage: "core.windows.net",
    ingestion: "ingest.monitor.azure.com",
};

pub(crate) const GOVERNMENT: Azure = Azure {
    portal: "https://portal.azure.us",
    vault: ".vault.usgovcloudapi.net",
    storage: "core.usgovcloudapi.net",
    ingestion: "ingest.monitor.azure.us",
};

/// What the workspace answers as its key, where nobody gave one.
pub(crate) const LISTED_KEY: &str = "bGlzdGVkIGtleSBvZiB0aGUgd29ya3NwYWNl";
pub(crate) const CUSTOMER_ID: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const CLIENT_ID: &str = "0c11e470-0000-4000-8000-0c11e4700000";
pub(crate) const WORKSPACE_REGION: &str = "northeurope";

/// A resource group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) subscription: String,
    pub(crate) group: String,
}

impl Place {
    pub(crate) fn new(subscription: &str, group: &str) -> Place {
        Place {
            subscription: subscription.to_owned(),
            group: group.to_owned(),
        }
    }

    /// Where a resource is.
    pub(crate) fn of_id(id: &str) -> Place {
        let parts: Vec<&str> = id.split('/').collect();
        Place::new(parts[2], parts[4])
    }

    /// The id of a resource here, its type and its names laid out in turn.
    pub(crate) fn id(&self, kind: &str, names: &[String]) -> String {
        let (provider, kinds) = kind.split_once('/').expect("provider/type");
        let kinds: Vec<&str> = kinds.split('/').collect();
        assert_eq!(kinds.len(), names.len(), "{kind} {names:?}");
        let path: String = kinds
            .iter()
            .zip(names)
            .map(|(kind, name)| format!("/{kind}/{name}"))
            .collect();
        let Place {
            subscription,
            group,
        } = self;
        format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{provider}{path}")
    }

    /// `resourceId` with its optional subscription and group before the type.
    pub(crate) fn resource_id(&self, arguments: &[String]) -> String {
        let at = arguments
            .iter()
            .position(|one| one.contains('/'))
            .expect("a type");
        let place = match &arguments[..at] {
            [] => self.clone(),
            [group] => Place::new(&self.subscription, group),
            [subscription, group] => Place::new(subscription, group),
            more => panic!("resourceId has too much before its type: {more:?}"),
        };
        place.id(&arguments[at], &arguments[at + 1..])
    }
}

impl Azure {
    pub(crate) fn environment(&self) -> Value {
        json!({ "portal": self.portal, "suffixes": { "keyvaultDns": self.vault, "storage": self.storage } })
    }

    pub(crate) fn group(&self, place: &Place) -> Value {
        let Place {
            subscription,
            group,
        } = place;
        json!({
            "id": format!("/subscriptions/{subscription}/resourceGroups/{group}"),
            "location": "westeurope",
        })
    }

    pub(crate) fn subscription(&self, place: &Place) -> Value {
        json!({ "subscriptionId": place.subscription, "tenantId": "7e4a47ed-0000-4000-8000-7e4a47ed0000" })
    }

    pub(crate) fn keys_of(&self, id: &str) -> Value {
        assert!(
            id.contains("/Microsoft.OperationalInsights/workspaces/"),
            "{id} has keys that we may not need"
        );
        json!({ "primarySharedKey": LISTED_KEY })
    }

    /// What a resource says of itself.
    pub(crate) fn state_of(&self, id: &str, whole: bool) -> Value {
        let mut parts = id.rsplit('/');
        let (name, kind) = (parts.next().unwrap(), parts.next().unwrap());
        let state = match kind {
            "userAssignedIdentities" => {
                json!({ "clientId": CLIENT_ID, "principalId": format!("object-id-of-{name}") })
            }
            "storageAccounts" => {
                json!({ "primaryEndpoints": { "blob": format!("https://{name}.blob.{}/", self.storage) } })
            }
            "components" => {
                json!({ "ConnectionString": format!("InstrumentationKey=0;IngestionEndpoint=https://{name}/") })
            }
            "workspaces" => json!({ "customerId": CUSTOMER_ID }),
            "dataCollectionRules" => json!({
                "immutableId": "dcr-00112233445566778899aabbccddeeff",
                "endpoints": { "logsIngestion": format!("https://{name}-ab12.{WORKSPACE_REGION}-1.{}", self.ingestion) },
            }),
            other => panic!("nobody said what a {other} answers"),
        };
        match whole {
            true => json!({ "location": WORKSPACE_REGION, "properties": state }),
            false => state,
        }
    }
}
