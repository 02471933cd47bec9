//! Every fault by name, and how they are mixed.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sandbox::okta::{self, EndOfStream, OrgConfig, PageOrder};
use sandbox::workspace;

use super::fault_injection;
use super::fixture::Fixture;
use crate::soak::state::Store;

/// How a fault is injected.
#[derive(Clone, Copy)]
pub(super) enum Injection {
    /// The org is configured so from the start.
    Org(fn(&mut OrgConfig)),
    /// For the next requests to Okta.
    Okta(fn() -> Vec<okta::Fault>),
    /// For the next posts.
    Workspace(fn() -> Vec<workspace::Fault>),
    /// Acts while runs go on.
    Act(for<'a> fn(&'a Fixture) -> BoxFuture<'a, anyhow::Result<()>>),
}

/// What a run does with a fault that is injected alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// It recovers within the run.
    Recovers,
    /// It fails, and a later run recovers.
    MayFail,
}

/// One thing that goes wrong.
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) injection: Injection,
    pub(super) expected: Expected,
    /// The only store that can have it.
    pub(super) store: Option<Store>,
    /// Batches that may come twice although the workspace answered them: the client had hung up.
    pub(super) lost_answers: u64,
    /// It refuses every post, so that rows of other faults would count as refused too.
    pub(super) alone: bool,
    /// Minutes.
    pub(super) takes_long: bool,
}

const fn fault(name: &'static str, expected: Expected, injection: Injection) -> Fault {
    Fault {
        name,
        injection,
        expected,
        store: None,
        lost_answers: 0,
        alone: false,
        takes_long: false,
    }
}

const fn blobs(name: &'static str, expected: Expected, injection: Injection) -> Fault {
    Fault {
        store: Some(Store::Blobs),
        ..fault(name, expected, injection)
    }
}

use Expected::{MayFail, Recovers};
use Injection::{Act, Okta, Org, Workspace};

/// All of them.
pub(super) static FAULTS: &[Fault] = &[
    fault(
        "okta-429-rate",
        Recovers,
        Okta(|| vec![okta::Fault::rate_limited(); 4]),
    ),
    fault(
        "okta-429-concurrency",
        Recovers,
        Okta(|| vec![okta::Fault::concurrency_limited(); 3]),
    ),
    fault(
        "okta-429-retry-after",
        Recovers,
        Okta(|| vec![okta::Fault::RetryAfter(1); 2]),
    ),
    fault("okta-5xx", Recovers, Okta(okta_5xx)),
    fault(
        "okta-reset-before-headers",
        Recovers,
        Okta(|| vec![okta::Fault::ResetBeforeHeaders; 2]),
    ),
    fault(
        "okta-reset-mid-body",
        Recovers,
        Okta(|| vec![okta::Fault::ResetMidBody; 2]),
    ),
    fault(
        "okta-cut-body",
        Recovers,
        Okta(|| vec![okta::Fault::CutBody; 2]),
    ),
    fault(
        "okta-bad-json",
        Recovers,
        Okta(|| vec![okta::Fault::BadJson, okta::Fault::NotAnArray]),
    ),
    fault("okta-slow-body", Recovers, Okta(|| vec![SLOW; 2])),
    fault(
        "okta-endless-body",
        Recovers,
        Okta(|| vec![okta::Fault::EndlessBody; 2]),
    ),
    fault(
        "okta-oversize-page",
        Recovers,
        Okta(|| vec![okta::Fault::Oversize(8_100_000); 3]),
    ),
    fault(
        "okta-stall",
        Recovers,
        Act(|fixture| Box::pin(fault_injection::okta_stall(fixture))),
    ),
    fault(
        "okta-expired-cursors",
        Recovers,
        Okta(|| vec![okta::Fault::ExpireCursors]),
    ),
    fault(
        "okta-empty-page-with-next",
        Recovers,
        Okta(|| vec![okta::Fault::EmptyPageWithNext; 3]),
    ),
    fault(
        "okta-next-is-self",
        Recovers,
        Okta(|| vec![okta::Fault::NextIsSelf; 2]),
    ),
    fault(
        "okta-no-next",
        Recovers,
        Okta(|| vec![okta::Fault::NoNext; 2]),
    ),
    fault("okta-next-elsewhere", MayFail, Okta(|| vec![elsewhere()])),
    fault(
        "okta-redirect",
        MayFail,
        Okta(|| vec![okta::Fault::Redirect("https://example.com/".to_owned())]),
    ),
    fault(
        "okta-token-revoked",
        MayFail,
        Okta(|| vec![okta::Fault::status(401, "E0000011"); 3]),
    ),
    fault(
        "okta-403-for-a-while",
        MayFail,
        Okta(|| vec![okta::Fault::status(403, "E0000006"); 3]),
    ),
    fault(
        "okta-late-events",
        Recovers,
        Act(|fixture| Box::pin(fault_injection::late_events(fixture))),
    ),
    fault(
        "okta-duplicates-in-a-page",
        Recovers,
        Act(|fixture| Box::pin(fault_injection::duplicates(fixture))),
    ),
    fault(
        "okta-out-of-order",
        Recovers,
        Org(|org| org.page_order = PageOrder::Shuffled),
    ),
    fault(
        "okta-end-is-same-link",
        Recovers,
        Org(|org| org.end_of_stream = EndOfStream::SameLink),
    ),
    fault(
        "okta-end-has-no-link",
        Recovers,
        Org(|org| org.end_of_stream = EndOfStream::NoLink),
    ),
    fault(
        "workspace-429",
        Recovers,
        Workspace(|| {
            vec![
                workspace::Fault::throttled(None),
                workspace::Fault::throttled(Some(1)),
            ]
        }),
    ),
    fault("workspace-5xx", Recovers, Workspace(workspace_5xx)),
    fault(
        "workspace-reset-before-read",
        Recovers,
        Workspace(|| vec![workspace::Fault::ResetBeforeBodyRead; 2]),
    ),
    fault(
        "workspace-reset-after-accept",
        Recovers,
        Workspace(|| vec![workspace::Fault::ResetAfterAccept; 2]),
    ),
    fault(
        "workspace-slow-answer",
        Recovers,
        Workspace(|| vec![workspace::Fault::SlowAnswer(Duration::from_millis(1500))]),
    ),
    fault(
        "workspace-stall",
        Recovers,
        Act(|fixture| Box::pin(fault_injection::workspace_stall(fixture))),
    ),
    fault(
        "workspace-accept-then-stall",
        Recovers,
        Act(|fixture| Box::pin(fault_injection::accept_then_stall(fixture))),
    ),
    fault(
        "workspace-403-for-a-while",
        MayFail,
        Workspace(|| vec![workspace::Fault::unauthorized(); 3]),
    ),
    fault(
        "workspace-400-of-a-setting",
        MayFail,
        Workspace(|| vec![workspace::Fault::status(400, "InvalidCustomerId"); 2]),
    ),
    Fault {
        alone: true,
        ..fault(
            "workspace-400-for-all-rows",
            MayFail,
            Act(|fixture| Box::pin(fault_injection::systematic_400(fixture))),
        )
    },
    fault(
        "told-to-stop",
        Recovers,
        Act(|fixture| Box::pin(fault_injection::told_to_stop(fixture))),
    ),
    fault(
        "cursor-is-garbage",
        Recovers,
        Act(|fixture| Box::pin(fault_injection::garbage_cursor(fixture))),
    ),
    fault(
        "cursor-written-by-another",
        MayFail,
        Act(|fixture| Box::pin(fault_injection::foreign_write(fixture))),
    ),
    blobs(
        "storage-unreachable-briefly",
        Recovers,
        Act(|fixture| Box::pin(fault_injection::shut(fixture, 600))),
    ),
    blobs(
        "storage-down",
        MayFail,
        Act(|fixture| Box::pin(fault_injection::shut(fixture, 9_000))),
    ),
    blobs(
        "storage-slow",
        Recovers,
        Act(|fixture| Box::pin(fault_injection::slow(fixture))),
    ),
    blobs(
        "lease-stolen",
        MayFail,
        Act(|fixture| Box::pin(fault_injection::lease_stolen(fixture))),
    ),
    Fault {
        takes_long: true,
        ..fault("okta-silent", Recovers, Okta(|| vec![okta::Fault::Stall]))
    },
    Fault {
        takes_long: true,
        ..fault(
            "workspace-silent-after-accept",
            Recovers,
            Workspace(|| vec![workspace::Fault::AcceptThenStall]),
        )
    },
    Fault {
        takes_long: true,
        lost_answers: 1,
        ..fault(
            "workspace-accepts-too-late",
            Recovers,
            Workspace(|| vec![workspace::Fault::SlowAnswer(Duration::from_secs(58))]),
        )
    },
];

const SLOW: okta::Fault = okta::Fault::SlowBody {
    chunk: 4_000,
    delay: Duration::from_millis(20),
};

fn okta_5xx() -> Vec<okta::Fault> {
    vec![
        okta::Fault::status(500, "E0000009"),
        okta::Fault::Html(502),
        okta::Fault::status(503, "E0000010"),
    ]
}

fn workspace_5xx() -> Vec<workspace::Fault> {
    vec![
        workspace::Fault::status(500, "UnspecifiedError"),
        workspace::Fault::unavailable(),
    ]
}

fn elsewhere() -> okta::Fault {
    okta::Fault::NextElsewhere("https://example.com/api/v1/logs?after=1".to_owned())
}

/// Two to five faults for one trial.
pub(super) fn mix(faults: &[&'static Fault], random: &mut fastrand::Rng) -> Vec<&'static Fault> {
    let mut all: Vec<&'static Fault> = faults
        .iter()
        .copied()
        .filter(|fault| !fault.alone)
        .collect();
    random.shuffle(&mut all);
    all.truncate(random.usize(2..=5));
    all
}
