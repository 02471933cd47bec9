//! Every fault by name, and how they are mixed.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sandbox::okta::{self, EndOfStream, OrgConfig, PageOrder};
use sandbox::workspace;

use super::mischief;
use super::scene::Scene;
use crate::soak::state::Store;

/// How a fault is let loose.
#[derive(Clone, Copy)]
pub(super) enum Trouble {
    /// The org is like that from the start.
    Org(fn(&mut OrgConfig)),
    /// These befall the next requests to Okta.
    Okta(fn() -> Vec<okta::Fault>),
    /// These befall the next posts.
    Workspace(fn() -> Vec<workspace::Fault>),
    /// Somebody does something.
    Act(for<'a> fn(&'a Scene) -> BoxFuture<'a, anyhow::Result<()>>),
}

/// What a run makes of a fault that befalls it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// It goes on: nobody is to hear of a failure.
    RidesItOut,
    /// It fails, and a later one goes on.
    MayFail,
}

/// One thing that goes wrong.
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) trouble: Trouble,
    pub(super) run: Run,
    /// The one store that it can befall.
    pub(super) store: Option<Store>,
    /// Batches that may come twice though the workspace counts their answers as given: it gave
    /// them to a client that had hung up.
    pub(super) unheard: u64,
    /// It speaks for every post, and would say of other faults' rows that it is the rows.
    pub(super) alone: bool,
    /// Minutes.
    pub(super) takes_long: bool,
}

const fn fault(name: &'static str, run: Run, trouble: Trouble) -> Fault {
    Fault {
        name,
        trouble,
        run,
        store: None,
        unheard: 0,
        alone: false,
        takes_long: false,
    }
}

const fn blobs(name: &'static str, run: Run, trouble: Trouble) -> Fault {
    Fault {
        store: Some(Store::Blobs),
        ..fault(name, run, trouble)
    }
}

use Run::{MayFail, RidesItOut};
use Trouble::{Act, Okta, Org, Workspace};

/// All of them.
pub(super) static FAULTS: &[Fault] = &[
    fault(
        "okta-429-rate",
        RidesItOut,
        Okta(|| vec![okta::Fault::rate_limited(); 4]),
    ),
    fault(
        "okta-429-concurrency",
        RidesItOut,
        Okta(|| vec![okta::Fault::concurrency_limited(); 3]),
    ),
    fault(
        "okta-429-retry-after",
        RidesItOut,
        Okta(|| vec![okta::Fault::RetryAfter(1); 2]),
    ),
    fault("okta-5xx", RidesItOut, Okta(okta_5xx)),
    fault(
        "okta-reset-before-headers",
        RidesItOut,
        Okta(|| vec![okta::Fault::ResetBeforeHeaders; 2]),
    ),
    fault(
        "okta-reset-mid-body",
        RidesItOut,
        Okta(|| vec![okta::Fault::ResetMidBody; 2]),
    ),
    fault(
        "okta-cut-body",
        RidesItOut,
        Okta(|| vec![okta::Fault::CutBody; 2]),
    ),
    fault(
        "okta-bad-json",
        RidesItOut,
        Okta(|| vec![okta::Fault::BadJson, okta::Fault::NotAnArray]),
    ),
    fault("okta-slow-body", RidesItOut, Okta(|| vec![SLOW; 2])),
    fault(
        "okta-endless-body",
        RidesItOut,
        Okta(|| vec![okta::Fault::EndlessBody; 2]),
    ),
    fault(
        "okta-oversize-page",
        RidesItOut,
        Okta(|| vec![okta::Fault::Oversize(8_100_000); 3]),
    ),
    fault(
        "okta-stall",
        RidesItOut,
        Act(|scene| Box::pin(mischief::okta_stall(scene))),
    ),
    fault(
        "okta-expired-cursors",
        RidesItOut,
        Okta(|| vec![okta::Fault::ExpireCursors]),
    ),
    fault(
        "okta-empty-page-with-next",
        RidesItOut,
        Okta(|| vec![okta::Fault::EmptyPageWithNext; 3]),
    ),
    fault(
        "okta-next-is-self",
        RidesItOut,
        Okta(|| vec![okta::Fault::NextIsSelf; 2]),
    ),
    fault(
        "okta-no-next",
        RidesItOut,
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
        RidesItOut,
        Act(|scene| Box::pin(mischief::late_events(scene))),
    ),
    fault(
        "okta-duplicates-in-a-page",
        RidesItOut,
        Act(|scene| Box::pin(mischief::duplicates(scene))),
    ),
    fault(
        "okta-out-of-order",
        RidesItOut,
        Org(|org| org.page_order = PageOrder::Shuffled),
    ),
    fault(
        "okta-end-is-same-link",
        RidesItOut,
        Org(|org| org.end_of_stream = EndOfStream::SameLink),
    ),
    fault(
        "okta-end-has-no-link",
        RidesItOut,
        Org(|org| org.end_of_stream = EndOfStream::NoLink),
    ),
    fault(
        "workspace-429",
        RidesItOut,
        Workspace(|| {
            vec![
                workspace::Fault::throttled(None),
                workspace::Fault::throttled(Some(1)),
            ]
        }),
    ),
    fault("workspace-5xx", RidesItOut, Workspace(workspace_5xx)),
    fault(
        "workspace-reset-before-read",
        RidesItOut,
        Workspace(|| vec![workspace::Fault::ResetBeforeBodyRead; 2]),
    ),
    fault(
        "workspace-reset-after-accept",
        RidesItOut,
        Workspace(|| vec![workspace::Fault::ResetAfterAccept; 2]),
    ),
    fault(
        "workspace-slow-answer",
        RidesItOut,
        Workspace(|| vec![workspace::Fault::SlowAnswer(Duration::from_millis(1500))]),
    ),
    fault(
        "workspace-stall",
        RidesItOut,
        Act(|scene| Box::pin(mischief::workspace_stall(scene))),
    ),
    fault(
        "workspace-accept-then-stall",
        RidesItOut,
        Act(|scene| Box::pin(mischief::accept_then_stall(scene))),
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
            Act(|scene| Box::pin(mischief::systematic_400(scene))),
        )
    },
    fault(
        "told-to-stop",
        RidesItOut,
        Act(|scene| Box::pin(mischief::told_to_stop(scene))),
    ),
    fault(
        "cursor-is-garbage",
        RidesItOut,
        Act(|scene| Box::pin(mischief::garbage_cursor(scene))),
    ),
    fault(
        "cursor-written-by-a-stranger",
        MayFail,
        Act(|scene| Box::pin(mischief::stranger(scene))),
    ),
    blobs(
        "storage-unreachable-briefly",
        RidesItOut,
        Act(|scene| Box::pin(mischief::shut(scene, 600))),
    ),
    blobs(
        "storage-down",
        MayFail,
        Act(|scene| Box::pin(mischief::shut(scene, 9_000))),
    ),
    blobs(
        "storage-slow",
        RidesItOut,
        Act(|scene| Box::pin(mischief::slow(scene))),
    ),
    blobs(
        "lease-stolen",
        MayFail,
        Act(|scene| Box::pin(mischief::lease_stolen(scene))),
    ),
    Fault {
        takes_long: true,
        ..fault("okta-silent", RidesItOut, Okta(|| vec![okta::Fault::Stall]))
    },
    Fault {
        takes_long: true,
        ..fault(
            "workspace-silent-after-accept",
            RidesItOut,
            Workspace(|| vec![workspace::Fault::AcceptThenStall]),
        )
    },
    Fault {
        takes_long: true,
        unheard: 1,
        ..fault(
            "workspace-accepts-too-late",
            RidesItOut,
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

/// Two to five faults that can befall one run of things.
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
