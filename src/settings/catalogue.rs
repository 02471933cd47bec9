//! Every setting there is: the one table that the code, the README, `local.settings.json.example`
//! and the deployment template are held to.

use std::fmt::Write as _;

/// One app setting, which is one environment variable.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// As it is spelled in the environment.
    pub name: &'static str,
    /// Other names it is read under where its own is not set, the first that is set first:
    /// those of Microsoft's function, so that a copied configuration works.
    pub aliases: &'static [&'static str],
    /// What it means, one line of Markdown.
    pub meaning: &'static str,
    /// What counts where it is not set, as it would be written.
    pub default: Option<&'static str>,
    /// What `local.settings.json.example` holds: blank counts as unset, and marks a setting that
    /// would change what the others do.
    pub example: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// Who sets it.
    pub scope: Scope,
}

/// Who sets a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The deployment template, always.
    SetByTemplate,
    /// A person, when the default does not fit.
    Optional,
    /// A person at a shell; it has no place in a deployment.
    LocalOnly,
}

impl Setting {
    /// A setting without default, whose example is left blank.
    const fn new(scope: Scope, name: &'static str, meaning: &'static str) -> Setting {
        Setting {
            name,
            aliases: &[],
            meaning,
            default: None,
            example: "",
            secret: false,
            scope,
        }
    }

    const fn aliases(self, aliases: &'static [&'static str]) -> Setting {
        Setting { aliases, ..self }
    }

    /// The example is the default unless another follows.
    const fn default(self, text: &'static str) -> Setting {
        Setting {
            default: Some(text),
            example: text,
            ..self
        }
    }

    const fn example(self, example: &'static str) -> Setting {
        Setting { example, ..self }
    }

    const fn secret(self) -> Setting {
        Setting {
            secret: true,
            ..self
        }
    }
}

/// Declares a constant for each setting, and the list of them all.
macro_rules! settings {
    ($($constant:ident = $setting:expr;)*) => {
        $(pub(crate) const $constant: Setting = $setting;)*

        /// All of them, in the order in which people read and are told of them.
        pub const SETTINGS: &[Setting] = &[$($constant),*];
    };
}

settings! {
    OKTA_DOMAIN = Setting::new(Scope::SetByTemplate, "OKTA_DOMAIN", "**Required.** The org's address: `acme.okta.com` or its custom domain. State is kept under this host, in lower case")
        .aliases(&["uri"])
        .example("acme.okta.com");
    OKTA_API_TOKEN = Setting::new(Scope::SetByTemplate, "OKTA_API_TOKEN", "**Secret.** An API token (SSWS) of an admin who may read the System Log. This, or a service app by the next settings, which win")
        .aliases(&["apiToken"])
        .example("00exampleTokenOfAReadOnlyAdmin")
        .secret();
    OKTA_CLIENT_ID = Setting::new(Scope::SetByTemplate, "OKTA_CLIENT_ID", "The client id of an API Services app that has the scope `okta.logs.read` and the role Report Administrator. It signs in by OAuth, with DPoP where Okta asks for it");
    OKTA_PRIVATE_KEY = Setting::new(Scope::SetByTemplate, "OKTA_PRIVATE_KEY", "**Secret.** The service app's private key, RSA or P-256, as a JWK or in PEM, whose line breaks may be written `\\n`")
        .secret();
    OKTA_KEY_ID = Setting::new(Scope::SetByTemplate, "OKTA_KEY_ID", "The id (KID) that Okta shows for that key. Needed where the app has several keys; a JWK brings its own");
    OKTA_POLL_SCHEDULE = Setting::new(Scope::SetByTemplate, "OKTA_POLL_SCHEDULE", "When the timer runs, an NCRONTAB expression of six fields. **Required under the Functions host**, which alone reads it; `0 * * * * *` is every minute")
        .example("0 * * * * *");
    OKTA_BACKFILL_DAYS = Setting::new(Scope::SetByTemplate, "OKTA_BACKFILL_DAYS", "How many days back the first run starts, 0 to 90, which is as long as Okta keeps its log. A saved cursor wins")
        .default("7");
    OKTA_START_AT = Setting::new(Scope::Optional, "OKTA_START_AT", "The instant at which the first run starts, in RFC 3339: `2026-11-01T00:00:00Z`. Wins over `OKTA_BACKFILL_DAYS`; more than 90 days ago counts as 90 days ago");
    OKTA_FILTER = Setting::new(Scope::Optional, "OKTA_FILTER", "An Okta [filter expression](https://developer.okta.com/docs/reference/system-log-query/) to ship less: `eventType sw \"user.\"`. Detections see only what is shipped");
    OKTA_RATE_SHARE = Setting::new(Scope::Optional, "OKTA_RATE_SHARE", "The share of Okta's rate limit that may be used, above 0, up to 1; the rest is for your other integrations")
        .default("0.5");
    RUN_BUDGET_SECONDS = Setting::new(Scope::Optional, "RUN_BUDGET_SECONDS", "How long one run may take, 10 to 3600 seconds; the next one goes on from there. Keep it below `functionTimeout`")
        .default("480");
    LOGS_INGESTION_ENDPOINT = Setting::new(Scope::SetByTemplate, "LOGS_INGESTION_ENDPOINT", "The data collection rule's logs ingestion endpoint: `https://okta-a1b2.westeurope-1.ingest.monitor.azure.com`, in sovereign clouds `.us` or `.cn`. With the next setting it sends events there by the Logs Ingestion API, and wins over `WORKSPACE_ID`")
        .example("https://okta-a1b2.westeurope-1.ingest.monitor.azure.com");
    DCR_IMMUTABLE_ID = Setting::new(Scope::SetByTemplate, "DCR_IMMUTABLE_ID", "The data collection rule's immutable id, `dcr-` and 32 hexadecimal digits. The identity needs the role Monitoring Metrics Publisher on the rule")
        .example("dcr-00000000000000000000000000000000");
    DCR_STREAM = Setting::new(Scope::SetByTemplate, "DCR_STREAM", "The rule's stream that takes events. Each other table's stream on it is `Custom-` and the table's name: `Custom-OktaConnectorHealth_CL`")
        .default("Custom-Okta_CL");
    AZURE_CLIENT_ID = Setting::new(Scope::SetByTemplate, "AZURE_CLIENT_ID", "The client id of the user-assigned managed identity that signs in to the rule and to storage, where there is one, a GUID. Left out, it is the app's own identity in Azure and the developer's sign-in (`az login`) elsewhere");
    WORKSPACE_ID = Setting::new(Scope::SetByTemplate, "WORKSPACE_ID", "The Log Analytics workspace's id, a GUID. With `WORKSPACE_KEY` it sends events there by the Data Collector API, whose support has ended")
        .aliases(&["workspaceID", "workspaceId"]);
    WORKSPACE_KEY = Setting::new(Scope::SetByTemplate, "WORKSPACE_KEY", "**Secret.** The workspace's primary or secondary key, in base64")
        .aliases(&["workspaceKey"])
        .secret();
    LOG_ANALYTICS_URI = Setting::new(Scope::SetByTemplate, "LOG_ANALYTICS_URI", "Where the workspace takes posts; `{id}` stands for `WORKSPACE_ID`. A sovereign cloud has its own: `https://{id}.ods.opinsights.azure.us`")
        .aliases(&["logAnalyticsUri"])
        .default("https://{id}.ods.opinsights.azure.com");
    LOG_TYPE = Setting::new(Scope::Optional, "LOG_TYPE", "The table's name without `_CL`, which the service appends. Detections expect the default")
        .default("Okta");
    STORAGE = Setting::new(Scope::Optional, "AzureWebJobsStorage", "**Secret.** The storage account that keeps the cursor, by connection string, or `UseDevelopmentStorage=true` for the emulator. Either this or one of the next two")
        .example("UseDevelopmentStorage=true")
        .secret();
    STORAGE_ACCOUNT_NAME = Setting::new(Scope::Optional, "AzureWebJobsStorage__accountName", "The storage account by its name in the public cloud, reached by an identity");
    STORAGE_BLOB_SERVICE_URI = Setting::new(Scope::SetByTemplate, "AzureWebJobsStorage__blobServiceUri", "The storage account by the address of its blob service, reached by an identity: `https://acme.blob.core.usgovcloudapi.net`. Wins over the name");
    STORAGE_CREDENTIAL = Setting::new(Scope::SetByTemplate, "AzureWebJobsStorage__credential", "`managedidentity`. Left out, it is the app's identity in Azure and the developer's own sign-in (`az login`) elsewhere");
    STORAGE_CLIENT_ID = Setting::new(Scope::SetByTemplate, "AzureWebJobsStorage__clientId", "The client id of a user-assigned identity for storage, a GUID. Left out, it is `AZURE_CLIENT_ID`");
    STATE_DIR = Setting::new(Scope::LocalOnly, "STATE_DIR", "A folder that keeps the cursor instead of a storage account. The default counts in a shell only")
        .default("./state")
        .example("");
    OUTPUT_DIR = Setting::new(Scope::LocalOnly, "OUTPUT_DIR", "A folder that takes events instead of a workspace, as NDJSON files named after the tables; its cursor is kept in `state` inside it");
}

/// The README's table of settings, in Markdown, ending with a line break.
pub fn markdown_table() -> String {
    let mut table = String::from("| Setting | Default | Meaning |\n|---|---|---|\n");
    for setting in SETTINGS {
        let default = setting
            .default
            .map(|text| format!("`{text}`"))
            .unwrap_or_default();
        let also = match setting.aliases {
            [] => String::new(),
            aliases => format!(". Also read as `{}`", aliases.join("` or `")),
        };
        let (name, meaning) = (setting.name, setting.meaning);
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| `{name}` | {default} | {meaning}{also} |");
    }
    table
}
