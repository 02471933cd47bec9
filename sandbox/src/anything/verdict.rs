//! Whether a case kept the promise.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use super::plain_id::plain_id;
use super::plan::Plan;
use super::run::{GRACE, Run};
use crate::workspace::{Post, repeated_rows};

/// All that is known at the end of a case. Ids are in lower case, without hyphens.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// Ids of the org's events.
    pub(super) events: BTreeSet<String>,
    /// Posts of events that the workspace took, in order.
    pub(super) posts: Vec<Post>,
    /// Ids of damaged events, and the requests of the pages where they were.
    pub(super) damaged: BTreeMap<String, BTreeSet<String>>,
    /// Ids of rows that were refused on their own.
    pub(super) refused: BTreeSet<String>,
    /// How often a row was in a post that was taken, and not told so.
    pub(super) untold: HashMap<String, u64>,
    /// The dead letters' text.
    pub(super) letters: Vec<String>,
    /// Odd answers given, by the number of their entry.
    pub(super) served: BTreeMap<usize, usize>,
    /// All runs.
    pub(super) runs: Vec<Run>,
}

/// One way in which the promise was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Events that are neither in the table nor set aside for a reason of the plan.
    Lost {
        /// How many.
        events: usize,
        /// One of them.
        example: String,
    },
    /// The runs after the healing did not catch up; the last one's words.
    Stuck(String),
    /// More rows came again than the plan explains.
    Repeated {
        /// How many too many.
        rows: u64,
    },
    /// A run had more memory than promised, in bytes.
    Memory(u64),
    /// A run took so long, with a budget of so many seconds.
    Late(Duration, u64),
    /// A run panicked or ended in no way of its own.
    Crashed(String),
}

impl Failure {
    /// The failure's name: shrinking keeps it.
    pub fn name(&self) -> &'static str {
        match self {
            Failure::Lost { .. } => "lost",
            Failure::Stuck(_) => "stuck",
            Failure::Repeated { .. } => "repeated",
            Failure::Memory(_) => "memory",
            Failure::Late(..) => "late",
            Failure::Crashed(_) => "crashed",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Lost { events, example } => {
                write!(
                    f,
                    "lost: {events} events are nowhere, for example {example}"
                )
            }
            Failure::Stuck(words) => {
                write!(f, "stuck: no run after the healing caught up: {words}")
            }
            Failure::Repeated { rows } => {
                write!(
                    f,
                    "repeated: {rows} rows came again that the plan does not explain"
                )
            }
            Failure::Memory(bytes) => write!(f, "memory: a run had {} MB", bytes / 1_000_000),
            Failure::Late(took, budget) => {
                write!(
                    f,
                    "late: a run took {:.1} s, its budget was {budget} s",
                    took.as_secs_f64()
                )
            }
            Failure::Crashed(words) => write!(f, "crashed: {words}"),
        }
    }
}

/// Everything that was wrong, each kind once.
pub(super) fn failures(plan: &Plan, evidence: &Evidence) -> Vec<Failure> {
    let mut failures = Vec::new();
    let missing: Vec<&String> = missing(evidence).collect();
    let last = evidence.runs.last();
    let caught_up = last.is_some_and(|run| run.outcome == "caught_up");
    if let Some(example) = missing.first().filter(|_| caught_up) {
        failures.push(Failure::Lost {
            events: missing.len(),
            example: (*example).clone(),
        });
    }
    if let Some(last) = last.filter(|_| !caught_up) {
        failures.push(Failure::Stuck(format!(
            "{}: {}",
            last.outcome,
            end_of(&last.stderr)
        )));
    }
    match unexplained(plan, evidence) {
        0 => {}
        rows => failures.push(Failure::Repeated { rows }),
    }
    let runs = || evidence.runs.iter();
    let most = runs().map(|run| run.peak_memory).max().unwrap_or_default();
    if most > plan.memory_limit() {
        failures.push(Failure::Memory(most));
    }
    let longest = runs().map(|run| run.took).max().unwrap_or_default();
    if longest > Duration::from_secs(plan.budget) + GRACE {
        failures.push(Failure::Late(longest, plan.budget));
    }
    let crashed = runs().find(|run| {
        let ended = matches!(run.code, Some(0 | 1)) || run.took > GRACE;
        !ended || run.stderr.contains("panicked at")
    });
    if let Some(run) = crashed {
        failures.push(Failure::Crashed(end_of(&run.stderr)));
    }
    failures
}

/// Events that are nowhere.
pub(super) fn missing(evidence: &Evidence) -> impl Iterator<Item = &String> {
    let arrived: HashSet<String> = evidence
        .posts
        .iter()
        .flat_map(|post| post.ids.iter().map(|id| plain_id(&id.to_string())))
        .collect();
    evidence
        .events
        .iter()
        .filter(move |id| !arrived.contains(*id) && !is_set_aside(evidence, id))
}

/// Events that are in a dead letter because of the plan.
pub(super) fn set_aside(evidence: &Evidence) -> usize {
    let events = evidence.events.iter();
    events.filter(|id| is_set_aside(evidence, id)).count()
}

/// The plan refused or damaged exactly this event, and a dead letter names it: by its id, or by the
/// request of the page that had it alone.
fn is_set_aside(evidence: &Evidence, id: &String) -> bool {
    let named = evidence
        .letters
        .iter()
        .any(|letter| plain_id(letter).contains(id.as_str()));
    let requested = |target: &String| {
        let place = target
            .split(['?', '&'])
            .find(|pair| pair.starts_with("after=") || pair.starts_with("since="));
        place.is_some_and(|place| evidence.letters.iter().any(|letter| letter.contains(place)))
    };
    match evidence.damaged.get(id) {
        Some(targets) => named || targets.iter().any(requested),
        None => named && evidence.refused.contains(id),
    }
}

/// Repeated rows that the plan does not explain. Each post that was taken and not told may bring
/// its rows once more. Each run whose saves met an odd answer of storage, or that was killed, may
/// bring the rows of one page once more, in a later run. An event that was damaged on one of its
/// ways is another event.
fn unexplained(plan: &Plan, evidence: &Evidence) -> u64 {
    let run_of = |number: usize| {
        let at = evidence.posts.get(number).map(|post| post.at);
        let mut runs = evidence.runs.iter();
        runs.position(|run| at.is_some_and(|at| run.span.0 <= at && at <= run.span.1))
    };
    let in_doubt = |run: Option<usize>| {
        let run = run.and_then(|run| evidence.runs.get(run));
        run.is_some_and(|run| run.odd_storage > 0 || run.code.is_none())
    };
    let repeats = repeated_rows(&evidence.posts).into_iter();
    let repeats = repeats.map(|row| (run_of(row.first), plain_id(&row.id.to_string())));
    let mut repeats: Vec<(Option<usize>, String)> = repeats
        .filter(|(_, id)| !evidence.damaged.contains_key(id))
        .collect();
    // Only a post that was not told explains these, so that they come first.
    repeats.sort_by_key(|(run, _)| in_doubt(*run));
    let mut untold = evidence.untold.clone();
    let mut by_run: BTreeMap<Option<usize>, u64> = BTreeMap::new();
    for (run, id) in repeats {
        match untold.get_mut(&id) {
            Some(left @ 1..) => *left -= 1,
            _ => *by_run.entry(run).or_default() += 1,
        }
    }
    let page = plan.page as u64;
    let over = |(run, rows): (Option<usize>, u64)| {
        rows.saturating_sub(if in_doubt(run) { page } else { 0 })
    };
    by_run.into_iter().map(over).sum()
}

fn end_of(stderr: &str) -> String {
    let line = stderr.lines().rev().find(|line| !line.trim().is_empty());
    line.unwrap_or_default().chars().take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::EventId;
    use chrono::{DateTime, Utc};

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn post(second: i64, ids: &[&str]) -> Post {
        Post {
            log_type: "Okta".to_owned(),
            bytes: 0,
            plain_bytes: 0,
            rows: ids.len() as u64,
            status: Some(200),
            error: None,
            stored: true,
            at: at(second),
            sha256: None,
            ids: ids.iter().map(|id| EventId::from(*id)).collect(),
        }
    }

    fn run(from: i64, odd_storage: usize) -> Run {
        Run {
            span: (at(from), at(from + 9)),
            took: Duration::from_secs(9),
            peak_memory: 11_000_000,
            outcome: "caught_up".to_owned(),
            code: Some(0),
            stderr: String::new(),
            odd_storage,
            healed: true,
        }
    }

    fn evidence(events: &[&str], posts: Vec<Post>) -> Evidence {
        Evidence {
            events: events.iter().map(|id| (*id).to_owned()).collect(),
            posts,
            damaged: BTreeMap::new(),
            refused: BTreeSet::new(),
            untold: HashMap::new(),
            letters: Vec::new(),
            served: BTreeMap::new(),
            runs: vec![run(0, 0), run(10, 0)],
        }
    }

    fn names(evidence: &Evidence) -> Vec<&'static str> {
        let plan = Plan {
            page: 2,
            entries: Vec::new(),
            ..Plan::draw(1, &[], &[])
        };
        let failures = failures(&plan, evidence);
        failures.iter().map(Failure::name).collect()
    }

    #[test]
    fn an_event_that_is_nowhere_is_lost_unless_the_plan_had_it_set_aside() {
        let mut evidence = evidence(&["ab", "cd"], vec![post(1, &["ab"])]);
        assert_eq!(names(&evidence), ["lost"]);
        evidence.letters = vec!["{\"uuid\":\"CD\"}".to_owned()];
        assert_eq!(names(&evidence), ["lost"], "nobody refused it");
        evidence.refused.insert("cd".to_owned());
        assert!(names(&evidence).is_empty());
        evidence.letters.clear();
        assert_eq!(names(&evidence), ["lost"], "no letter names it");
    }

    #[test]
    fn a_damaged_event_may_be_named_by_its_page() {
        let mut evidence = evidence(&["ab"], vec![]);
        let page = "/api/v1/logs?after=17&limit=1".to_owned();
        evidence
            .damaged
            .insert("ab".to_owned(), BTreeSet::from([page]));
        assert_eq!(names(&evidence), ["lost"]);
        evidence.letters = vec!["http://x/api/v1/logs?limit=1&after=17".to_owned()];
        assert!(names(&evidence).is_empty());
    }

    #[test]
    fn a_repeat_needs_a_post_that_was_not_told_or_a_save_in_doubt() {
        let posts = vec![post(1, &["ab", "cd", "ef"]), post(11, &["ab", "cd", "ef"])];
        let mut evidence = evidence(&["ab", "cd", "ef"], posts);
        assert_eq!(names(&evidence), ["repeated"]);
        evidence.untold.insert("ab".to_owned(), 1);
        assert_eq!(names(&evidence), ["repeated"]);
        evidence.runs = vec![run(0, 1), run(10, 0)];
        assert!(names(&evidence).is_empty(), "a page has two rows");
        evidence.untold.clear();
        assert_eq!(names(&evidence), ["repeated"], "three are more than a page");
    }

    #[test]
    fn runs_keep_to_their_memory_and_time_and_end_by_themselves() {
        let mut evidence = evidence(&[], vec![]);
        type Spoil = fn(&mut Run);
        let spoilt: [(&str, Spoil); 4] = [
            ("memory", |run| run.peak_memory = 64_000_001),
            ("late", |run| run.took = Duration::from_secs(23)),
            ("crashed", |run| run.code = Some(101)),
            ("stuck", |run| run.outcome = "failed".to_owned()),
        ];
        for (name, spoil) in spoilt {
            evidence.runs = vec![run(0, 0), run(10, 0)];
            evidence.runs.iter_mut().for_each(spoil);
            assert_eq!(names(&evidence), [name]);
        }
    }
}
