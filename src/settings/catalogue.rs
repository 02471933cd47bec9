//! Every setting there is: the one table that the code, the README, `local.settings.json.example`
//! and the deployment template are held to.

use std::fmt::Write as _;

/// One app setting, which is one environment variable.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Other names it is read under where its own is not set, the first that is set first:
    /// those of Microsoft's function, so that a copied configuration works.
    pub aliases: &'static [&'static str],
    /// What it means, one line of Markdown.
    pub meaning: &'static str,
    /// What counts where it is not set, as it would be written.
    pub default: Option<&'static str>,
    /// What `local.settings.json.example` holds: blank counts as unset, and marks a setting that
    /// would change what the others do. `None` for what makes sense in Azure only.
    pub example: Option<&'static str>,
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

/// The org's address.
pub const OKTA_DOMAIN: Setting = Setting {
    name: "OKTA_DOMAIN",
    aliases: &["uri"],
    meaning: "**Required.** The org's address: `acme.okta.com` or its custom domain. State is kept under this host, in lower case",
    default: None,
    example: Some("acme.okta.com"),
    secret: false,
    scope: Scope::SetByTemplate,
};
/// The SSWS token.
pub const OKTA_API_TOKEN: Setting = Setting {
    name: "OKTA_API_TOKEN",
    aliases: &["apiToken"],
    meaning: "**Secret.** An API token (SSWS) of an admin who may read the System Log. This, or a service app by the next settings, which win",
    default: None,
    example: Some("00exampleTokenOfAReadOnlyAdmin"),
    secret: true,
    scope: Scope::SetByTemplate,
};
/// The service app.
pub const OKTA_CLIENT_ID: Setting = Setting {
    name: "OKTA_CLIENT_ID",
    aliases: &[],
    meaning: "The client id of an API Services app that has the scope `okta.logs.read` and the role Report Administrator. It signs in by OAuth, with DPoP where Okta asks for it",
    default: None,
    example: Some(""),
    secret: false,
    scope: Scope::SetByTemplate,
};
/// The service app's key.
pub const OKTA_PRIVATE_KEY: Setting = Setting {
    name: "OKTA_PRIVATE_KEY",
    aliases: &[],
    meaning: "**Secret.** The service app's private key, RSA or P-256, as a JWK or in PEM, whose line breaks may be written `\\n`",
    default: None,
    example: Some(""),
    secret: true,
    scope: Scope::SetByTemplate,
};
/// Which of the service app's keys that is.
pub const OKTA_KEY_ID: Setting = Setting {
    name: "OKTA_KEY_ID",
    aliases: &[],
    meaning: "The id (KID) that Okta shows for that key. Needed where the app has several keys; a JWK brings its own",
    default: None,
    example: Some(""),
    secret: false,
    scope: Scope::SetByTemplate,
};
/// The timer's schedule. The Functions host resolves it; this program never reads it.
pub const OKTA_POLL_SCHEDULE: Setting = Setting {
    name: "OKTA_POLL_SCHEDULE",
    aliases: &[],
    meaning: "When the timer runs, an NCRONTAB expression of six fields. **Required under the Functions host**, which alone reads it; `0 * * * * *` is every minute",
    default: None,
    example: Some("0 * * * * *"),
    secret: false,
    scope: Scope::SetByTemplate,
};
/// How far back the first run starts, in days.
pub const OKTA_BACKFILL_DAYS: Setting = Setting {
    name: "OKTA_BACKFILL_DAYS",
    aliases: &[],
    meaning: "How many days back the first run starts, 0 to 90, which is as long as Okta keeps its log. A saved cursor wins",
    default: Some("7"),
    example: Some("7"),
    secret: false,
    scope: Scope::SetByTemplate,
};
/// Where the first run starts, exactly.
pub const OKTA_START_AT: Setting = Setting {
    name: "OKTA_START_AT",
    aliases: &[],
    meaning: "The instant at which the first run starts, in RFC 3339: `2026-11-01T00:00:00Z`. Wins over `OKTA_BACKFILL_DAYS`; more than 90 days ago counts as 90 days ago",
    default: None,
    example: Some(""),
    secret: false,
    scope: Scope::Optional,
};
/// Okta's filter expression.
pub const OKTA_FILTER: Setting = Setting {
    name: "OKTA_FILTER",
    aliases: &[],
    meaning: "An Okta [filter expression](https://developer.okta.com/docs/reference/system-log-query/) to ship less: `eventType sw \"user.\"`. Detections see only what is shipped",
    default: None,
    example: Some(""),
    secret: false,
    scope: Scope::Optional,
};
/// The share of Okta's rate limit that this program uses.
pub const OKTA_RATE_SHARE: Setting = Setting {
    name: "OKTA_RATE_SHARE",
    aliases: &[],
    meaning: "The share of Okta's rate limit that may be used, above 0, up to 1; the rest is for your other integrations",
    default: Some("0.5"),
    example: Some("0.5"),
    secret: false,
    scope: Scope::Optional,
};
/// How long one run may take, in seconds.
pub const RUN_BUDGET_SECONDS: Setting = Setting {
    name: "RUN_BUDGET_SECONDS",
    aliases: &[],
    meaning: "How long one run may take, 10 to 3600 seconds; the next one goes on from there. Keep it below `functionTimeout`",
    default: Some("480"),
    example: Some("480"),
    secret: false,
    scope: Scope::Optional,
};
/// The data collection rule's endpoint.
pub const LOGS_INGESTION_ENDPOINT: Setting = Setting {
    name: "LOGS_INGESTION_ENDPOINT",
    aliases: &[],
    meaning: "The data collection rule's logs ingestion endpoint: `https://okta-a1b2.westeurope-1.ingest.monitor.azure.com`, in sovereign clouds `.us` or `.cn`. With the next setting it sends events there by the Logs Ingestion API, and wins over `WORKSPACE_ID`",
    default: None,
    example: Some("https://okta-a1b2.westeurope-1.ingest.monitor.azure.com"),
    secret: false,
    scope: Scope::SetByTemplate,
};
/// Which rule.
pub const DCR_IMMUTABLE_ID: Setting = Setting {
    name: "DCR_IMMUTABLE_ID",
    aliases: &[],
    meaning: "The data collection rule's immutable id, `dcr-` and 32 hexadecimal digits. The identity needs the role Monitoring Metrics Publisher on the rule",
    default: None,
    example: Some("dcr-00000000000000000000000000000000"),
    secret: false,
    scope: Scope::SetByTemplate,
};
/// Which stream of the rule takes events.
pub const DCR_STREAM: Setting = Setting {
    name: "DCR_STREAM",
    aliases: &[],
    meaning: "The rule's stream that takes events. Each other table's stream on it is `Custom-` and the table's name: `Custom-OktaConnectorHealth_CL`",
    default: Some("Custom-Okta_CL"),
    example: Some("Custom-Okta_CL"),
    secret: false,
    scope: Scope::SetByTemplate,
};
/// The user-assigned identity.
pub const AZURE_CLIENT_ID: Setting = Setting {
    name: "AZURE_CLIENT_ID",
    aliases: &[],
    meaning: "The client id of the user-assigned managed identity that signs in to the rule and to storage, where there is one, a GUID. Left out, it is the app's own identity in Azure and the developer's sign-in (`az login`) elsewhere",
    default: None,
    example: Some(""),
    secret: false,
    scope: Scope::Optional,
};
/// The workspace's id.
pub const WORKSPACE_ID: Setting = Setting {
    name: "WORKSPACE_ID",
    aliases: &["workspaceID", "workspaceId"],
    meaning: "The Log Analytics workspace's id, a GUID. With `WORKSPACE_KEY` it sends events there by the Data Collector API, whose support has ended",
    default: None,
    example: Some(""),
    secret: false,
    scope: Scope::SetByTemplate,
};
/// The workspace's key.
pub const WORKSPACE_KEY: Setting = Setting {
    name: "WORKSPACE_KEY",
    aliases: &["workspaceKey"],
    meaning: "**Secret.** The workspace's primary or secondary key, in base64",
    default: None,
    example: Some(""),
    secret: true,
    scope: Scope::SetByTemplate,
};
/// The workspace's address.
pub const LOG_ANALYTICS_URI: Setting = Setting {
    name: "LOG_ANALYTICS_URI",
    aliases: &["logAnalyticsUri"],
    meaning: "Where the workspace takes posts; `{id}` stands for `WORKSPACE_ID`. A sovereign cloud has its own: `https://{id}.ods.opinsights.azure.us`",
    default: Some("https://{id}.ods.opinsights.azure.com"),
    example: Some("https://{id}.ods.opinsights.azure.com"),
    secret: false,
    scope: Scope::Optional,
};
/// The table's name less `_CL`.
pub const LOG_TYPE: Setting = Setting {
    name: "LOG_TYPE",
    aliases: &[],
    meaning: "The table's name without `_CL`, which the service appends. Detections expect the default",
    default: Some("Okta"),
    example: Some("Okta"),
    secret: false,
    scope: Scope::Optional,
};
/// The storage account by connection string.
pub const STORAGE: Setting = Setting {
    name: "AzureWebJobsStorage",
    aliases: &[],
    meaning: "**Secret.** The storage account that keeps the cursor, by connection string, or `UseDevelopmentStorage=true` for the emulator. Either this or one of the next two",
    default: None,
    example: Some("UseDevelopmentStorage=true"),
    secret: true,
    scope: Scope::Optional,
};
/// The storage account by name, for an identity.
pub const STORAGE_ACCOUNT_NAME: Setting = Setting {
    name: "AzureWebJobsStorage__accountName",
    aliases: &[],
    meaning: "The storage account by its name in the public cloud, reached by an identity",
    default: None,
    example: Some(""),
    secret: false,
    scope: Scope::SetByTemplate,
};
/// The storage account by address, for an identity.
pub const STORAGE_BLOB_SERVICE_URI: Setting = Setting {
    name: "AzureWebJobsStorage__blobServiceUri",
    aliases: &[],
    meaning: "The storage account by the address of its blob service, reached by an identity: `https://acme.blob.core.usgovcloudapi.net`. Wins over the name",
    default: None,
    example: Some(""),
    secret: false,
    scope: Scope::Optional,
};
/// Which identity storage is reached by.
pub const STORAGE_CREDENTIAL: Setting = Setting {
    name: "AzureWebJobsStorage__credential",
    aliases: &[],
    meaning: "`managedidentity`. Left out, it is the app's identity in Azure and the developer's own sign-in (`az login`) elsewhere",
    default: None,
    example: Some(""),
    secret: false,
    scope: Scope::SetByTemplate,
};
/// The user-assigned identity that storage is reached by.
pub const STORAGE_CLIENT_ID: Setting = Setting {
    name: "AzureWebJobsStorage__clientId",
    aliases: &[],
    meaning: "The client id of a user-assigned identity for storage, a GUID. Left out, it is `AZURE_CLIENT_ID`",
    default: None,
    example: Some(""),
    secret: false,
    scope: Scope::Optional,
};
/// The local folder of state.
pub const STATE_DIR: Setting = Setting {
    name: "STATE_DIR",
    aliases: &[],
    meaning: "A folder that keeps the cursor instead of a storage account. The default counts in a shell only",
    default: Some("./state"),
    example: Some(""),
    secret: false,
    scope: Scope::LocalOnly,
};
/// The local workspace.
pub const OUTPUT_DIR: Setting = Setting {
    name: "OUTPUT_DIR",
    aliases: &[],
    meaning: "A folder that takes events instead of a workspace, as NDJSON files named after the tables; its cursor is kept in `state` inside it",
    default: None,
    example: Some(""),
    secret: false,
    scope: Scope::LocalOnly,
};

/// All of them, in the order in which people read and are told of them.
pub const SETTINGS: &[Setting] = &[
    OKTA_DOMAIN,
    OKTA_API_TOKEN,
    OKTA_CLIENT_ID,
    OKTA_PRIVATE_KEY,
    OKTA_KEY_ID,
    OKTA_POLL_SCHEDULE,
    OKTA_BACKFILL_DAYS,
    OKTA_START_AT,
    OKTA_FILTER,
    OKTA_RATE_SHARE,
    RUN_BUDGET_SECONDS,
    LOGS_INGESTION_ENDPOINT,
    DCR_IMMUTABLE_ID,
    DCR_STREAM,
    AZURE_CLIENT_ID,
    WORKSPACE_ID,
    WORKSPACE_KEY,
    LOG_ANALYTICS_URI,
    LOG_TYPE,
    STORAGE,
    STORAGE_ACCOUNT_NAME,
    STORAGE_BLOB_SERVICE_URI,
    STORAGE_CREDENTIAL,
    STORAGE_CLIENT_ID,
    STATE_DIR,
    OUTPUT_DIR,
];

/// The README's table of settings, in Markdown, ending with a line break.
pub fn markdown_table() -> String {
    let mut table = String::from("| Setting | Default | Meaning |\n|---|---|---|\n");
    for Setting {
        name,
        aliases,
        meaning,
        default,
        ..
    } in SETTINGS
    {
        let default = default.map(|text| format!("`{text}`")).unwrap_or_default();
        let also: Vec<String> = aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let also = match also.is_empty() {
            true => String::new(),
            false => format!(". Also read as {}", also.join(" or ")),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| `{name}` | {default} | {meaning}{also} |");
    }
    table
}
