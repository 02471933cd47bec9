//! A case: an org, a workspace and storage behind odd ends, and runs of the program until all is
//! there.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::catalogue::Api;
use super::end::{OddEnd, Seen};
use super::odd::{Damage, End, Odd};
use super::plain_id::plain_id;
use super::plan::Plan;
use super::run::{self, Run};
use super::storage::Storage;
use super::verdict::{self, Evidence, Failure};
use crate::azurite::{ACCOUNT, Azurite, KEY};
use crate::okta::{OktaOrg, OrgConfig};
use crate::workspace::{Config, RuleConfig, StreamColumns, Workspace, repeated_rows};

/// Most runs after they have healed.
const HEALED_RUNS: usize = 12;
/// So many of them that fail one after the other: the program is stuck.
const FAILED_RUNS: usize = 3;
/// So many runs that call themselves caught up, and still something is missing: it is lost.
const CAUGHT_UP_RUNS: usize = 2;

/// What is tested.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable.
    pub executable: PathBuf,
    /// The columns of the data collection rule's streams.
    pub streams: BTreeMap<String, StreamColumns>,
}

/// What became of a case.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its plan.
    pub plan: Plan,
    /// Every run, in order.
    pub runs: Vec<Run>,
    /// How the promise was broken; empty when it was kept.
    pub failures: Vec<Failure>,
    /// Odd answers given, by the name of their kind.
    pub served: BTreeMap<&'static str, usize>,
    /// Events in the org.
    pub events: usize,
    /// Rows that came more than once.
    pub repeats: u64,
    /// Events that were set aside as the plan asked for.
    pub set_aside: usize,
}

struct Ends {
    okta: OddEnd,
    workspace: OddEnd,
    identity: OddEnd,
    storage: OddEnd,
}

impl Ends {
    fn all(&mut self) -> [&mut OddEnd; 4] {
        [
            &mut self.okta,
            &mut self.workspace,
            &mut self.identity,
            &mut self.storage,
        ]
    }
}

/// Carries out a case.
///
/// # Errors
/// No port, no process, or storage that does not do as asked.
pub async fn carry_out(plan: &Plan, program: &Program) -> io::Result<Outcome> {
    let azurite = Azurite::shared().await.map_err(io::Error::other)?;
    let storage = Storage(azurite);
    let org = OktaOrg::start(OrgConfig {
        seed: plan.seed,
        events: plan.events,
        max_page: plan.page,
        idle_for: plan.idle_for,
        gzip: plan.gzip,
        ..OrgConfig::default()
    });
    let org = org.await?;
    let workspace = Workspace::start(Config {
        rule: RuleConfig {
            streams: program.streams.clone(),
            ..RuleConfig::default()
        },
        keep_rows: 0,
        ..Config::default()
    });
    let workspace = workspace.await?;
    refuse_rows(plan, &org, &workspace);
    let mut ends = start_ends(plan, &org, &workspace, storage).await?;
    let settings = settings(plan, &ends, &org, &workspace);
    let mut runs: Vec<Run> = Vec::new();
    let (mut healed_runs, mut caught_up, mut failed, mut healed) = (0, 0, 0, false);
    loop {
        for end in ends.all() {
            end.begin_run(runs.len()).await?;
        }
        let mut run = run::ship(&program.executable, &settings, plan.budget).await?;
        let seen = ends.storage.seen();
        run.odd_storage = seen.in_this_run;
        run.healed = healed;
        let done = run.outcome == "caught_up";
        let has_failed = run.code != Some(0);
        runs.push(run);
        if let Some(cursor) = &seen.cursor {
            storage.break_lease(cursor).await?;
        }
        if healed {
            healed_runs += 1;
            caught_up += usize::from(done);
            failed = if has_failed { failed + 1 } else { 0 };
            let gives_up = failed == FAILED_RUNS || healed_runs == HEALED_RUNS;
            let evidence = evidence(plan, &org, &workspace, &ends, storage, &runs).await?;
            let missing = verdict::missing(&evidence).next().is_some();
            if (done && !missing) || caught_up == CAUGHT_UP_RUNS || gives_up {
                return Ok(outcome(plan, evidence));
            }
        } else {
            org.append(plan.later);
            let used_up = ends.all().into_iter().all(|end| end.is_used_up());
            if used_up || runs.len() == plan.odd_runs {
                healed = true;
                workspace.faults().clear();
                ends.all().into_iter().for_each(|end| end.heal());
            }
        }
    }
}

fn outcome(plan: &Plan, evidence: Evidence) -> Outcome {
    let mut served = BTreeMap::new();
    for entry in &plan.entries {
        let times = evidence
            .served
            .get(&entry.number)
            .copied()
            .unwrap_or_default();
        *served.entry(entry.kind.name).or_default() += times;
    }
    Outcome {
        failures: verdict::failures(plan, &evidence),
        repeats: repeated_rows(&evidence.posts).len() as u64,
        set_aside: verdict::set_aside(&evidence),
        events: evidence.events.len(),
        plan: plan.clone(),
        runs: evidence.runs,
        served,
    }
}

fn refuse_rows(plan: &Plan, org: &OktaOrg, workspace: &Workspace) {
    let ids: Vec<String> = org.ids().collect();
    for id in refused_rows(plan, &ids) {
        workspace.faults().poison(id);
    }
}

fn refused_rows<'a>(plan: &'a Plan, ids: &'a [String]) -> impl Iterator<Item = &'a String> {
    plan.entries.iter().filter_map(|entry| match entry.odd {
        Odd::RowRefused { event } => plan.event(ids, event),
        _ => None,
    })
}

fn damaged_events(plan: &Plan, ids: &[String]) -> Vec<(String, Damage)> {
    let damaged = plan.entries.iter().filter_map(|entry| match entry.odd {
        Odd::EventDamaged { event, damage } => Some((plan.event(ids, event)?.clone(), damage)),
        _ => None,
    });
    damaged.collect()
}

async fn start_ends(
    plan: &Plan,
    org: &OktaOrg,
    workspace: &Workspace,
    storage: Storage,
) -> io::Result<Ends> {
    let ids: Vec<String> = org.ids().collect();
    let damaged = damaged_events(plan, &ids);
    let port = |url: &str| url.rsplit(':').next().and_then(|port| port.parse().ok());
    let start = async |end: End, service: Option<u16>| {
        let of_end = plan.entries.iter().filter(|entry| entry.kind.end == end);
        let entries: Vec<_> = of_end.cloned().collect();
        loop {
            let started = OddEnd::start(
                end,
                service.unwrap_or_default(),
                entries.clone(),
                damaged.clone(),
            )
            .await?;
            // The program names an org's state after its port, and storage is shared by all cases.
            if end != End::Okta || is_new(started.port) {
                return io::Result::Ok(started);
            }
        }
    };
    let posts = port(&workspace.uri());
    Ok(Ends {
        okta: start(End::Okta, port(org.url())).await?,
        workspace: start(End::Workspace, posts).await?,
        identity: start(End::Identity, posts).await?,
        storage: start(End::Storage, Some(storage.port())).await?,
    })
}

/// Whether no case of this process had this port before.
fn is_new(port: u16) -> bool {
    static USED: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    used.get_or_insert_default().insert(port)
}

fn settings(
    plan: &Plan,
    ends: &Ends,
    org: &OktaOrg,
    workspace: &Workspace,
) -> Vec<(&'static str, String)> {
    let storage = ends.storage.base();
    let storage = format!(
        "DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};\
         BlobEndpoint={storage}/{ACCOUNT};"
    );
    let mut settings = vec![
        ("OKTA_DOMAIN", ends.okta.base().to_owned()),
        ("OKTA_API_TOKEN", org.token().to_owned()),
        ("OKTA_RATE_SHARE", "1".to_owned()),
        ("RUN_BUDGET_SECONDS", plan.budget.to_string()),
        ("AzureWebJobsStorage", storage),
    ];
    settings.extend(match plan.api {
        Api::DataCollector => vec![
            ("WORKSPACE_ID", workspace.id().to_owned()),
            ("WORKSPACE_KEY", workspace.key().to_owned()),
            ("LOG_ANALYTICS_URI", ends.workspace.base().to_owned()),
        ],
        Api::LogsIngestion => {
            let path = workspace
                .identity_endpoint()
                .replacen(&workspace.uri(), "", 1);
            vec![
                ("LOGS_INGESTION_ENDPOINT", ends.workspace.base().to_owned()),
                ("DCR_IMMUTABLE_ID", workspace.rule_id().to_owned()),
                (
                    "AZURE_CLIENT_ID",
                    workspace.identity().client_id().to_owned(),
                ),
                (
                    "IDENTITY_ENDPOINT",
                    format!("{}{path}", ends.identity.base()),
                ),
                ("IDENTITY_HEADER", workspace.identity().header().to_owned()),
            ]
        }
    });
    settings
}

async fn evidence(
    plan: &Plan,
    org: &OktaOrg,
    workspace: &Workspace,
    ends: &Ends,
    storage: Storage,
    runs: &[Run],
) -> io::Result<Evidence> {
    let events: Vec<String> = org.ids().collect();
    let of_storage = ends.storage.seen();
    let letters = match &of_storage.cursor {
        Some(cursor) => storage.dead_letters(cursor).await?,
        None => Vec::new(),
    };
    let (okta, posts) = (ends.okta.seen(), ends.workspace.seen());
    let all: [Seen; 4] = [
        okta.clone(),
        posts.clone(),
        ends.identity.seen(),
        of_storage,
    ];
    let mut served: BTreeMap<usize, usize> =
        all.iter().flat_map(|seen| seen.served.clone()).collect();
    for entry in &plan.entries {
        if matches!(entry.odd, Odd::EventDamaged { .. } | Odd::RowRefused { .. }) {
            served.insert(entry.number, 1);
        }
    }
    let mut refused = posts.refused;
    refused.extend(refused_rows(plan, &events).map(|id| plain_id(id)));
    let all_posts = workspace.posts().into_iter();
    Ok(Evidence {
        posts: all_posts
            .filter(|post| post.stored && post.log_type == "Okta")
            .collect(),
        events: events.iter().map(|id| plain_id(id)).collect(),
        damaged: okta
            .damaged
            .into_iter()
            .map(|(id, targets)| (plain_id(&id), targets))
            .collect(),
        untold: posts.untold,
        refused,
        letters,
        served,
        runs: runs.to_vec(),
    })
}
