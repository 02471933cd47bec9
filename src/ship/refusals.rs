//! Whether what was refused may be set aside, so that the rest goes on.
//!
//! A wrong setting refuses everything, a wrong row only itself. So few refusals are of the rows,
//! and so are many where at least as many rows were accepted.

use bytes::Bytes;
use okta_rows::EventId;

use super::report::RunError;

/// Refusals of one run that are of the rows, whatever became of the others.
pub(super) const FEW: usize = 10;

/// Names that an error mentions.
const MOST_NAMED: usize = 10;

/// Something refused: a row, or an event that cannot be made one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// The event it is about, where it is known.
    pub(super) event: Option<EventId>,
    /// The name of its document under `dead-letters/`.
    pub(super) file: String,
    /// Why it was refused.
    pub(super) reason: String,
    /// An array of rows as it was posted, or what there is in its place, as JSON.
    pub(super) rows: Bytes,
}

/// What one run's rows came to.
#[derive(Debug)]
pub(super) struct Refusals {
    accepted: usize,
    set_aside: usize,
    on_purpose: bool,
}

impl Refusals {
    /// `on_purpose`: somebody wants everything set aside that is refused.
    pub(super) fn new(on_purpose: bool) -> Refusals {
        Refusals {
            accepted: 0,
            set_aside: 0,
            on_purpose,
        }
    }

    /// Counts rows that the workspace has.
    pub(super) fn accept(&mut self, rows: usize) {
        self.accepted += rows;
    }

    /// Counts what was set aside.
    pub(super) fn set_aside(&mut self, refused: usize) {
        self.set_aside += refused;
    }

    /// Whether so many more may be set aside if `undecided` others are accepted. While nothing is
    /// accepted at all, the others are not expected to be.
    pub(super) fn may_set_aside(&self, refused: usize, undecided: usize) -> bool {
        let refused = self.set_aside + refused;
        let accepted = match self.accepted {
            0 => 0,
            accepted => accepted + undecided,
        };
        self.on_purpose || refused <= FEW || refused <= accepted
    }

    /// The error of a run that may not set these aside. `why` tells it from wrong rows.
    pub(super) fn error(&self, refused: &[Refused], why: &'static str) -> RunError {
        let name = |refused: &Refused| match refused.event {
            Some(id) => azure_core::Uuid::from_bytes(*id.as_bytes()).to_string(),
            None => refused.file.clone(),
        };
        let named: Vec<String> = refused.iter().take(MOST_NAMED).map(name).collect();
        let more = match refused.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let count = self.set_aside + refused.len();
        RunError::Refused {
            refused: count,
            rows: self.accepted + count,
            named: format!("{}{more}", named.join(", ")),
            why,
            reason: refused
                .last()
                .map_or_else(String::new, |last| last.reason.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_set_aside_whatever_became_of_the_others() {
        let mut run = Refusals::new(false);
        assert!(run.may_set_aside(10, 0));
        assert!(!run.may_set_aside(11, 0));
        run.set_aside(10);
        assert!(!run.may_set_aside(1, 0));
    }

    #[test]
    fn many_are_set_aside_where_as_many_are_accepted() {
        let mut run = Refusals::new(false);
        run.accept(20);
        assert!(run.may_set_aside(20, 0));
        assert!(!run.may_set_aside(21, 0));
        // Rows that are still to be tried may be accepted, too.
        assert!(run.may_set_aside(21, 1));
        run.set_aside(20);
        assert!(!run.may_set_aside(1, 0));
    }

    #[test]
    fn where_nothing_is_accepted_not_everything_is_tried() {
        assert!(!Refusals::new(false).may_set_aside(11, 1_000));
        assert!(Refusals::new(true).may_set_aside(1_000, 0));
    }

    #[test]
    fn the_error_names_ten() {
        let refused = |number: u32| Refused {
            event: (number != 1).then(|| EventId::digest(&number.to_le_bytes())),
            file: format!("oversize-{number}.json"),
            reason: format!("refusal {number}"),
            rows: Bytes::new(),
        };
        let refused: Vec<Refused> = (1..=13).map(refused).collect();
        let mut run = Refusals::new(false);
        run.accept(2);
        let said = run.error(&refused, "too many").to_string();
        assert!(said.starts_with("refusal 13. 13 of 15 rows"), "{said}");
        let second =
            azure_core::Uuid::from_bytes(*EventId::digest(&2_u32.to_le_bytes()).as_bytes());
        let named = format!("(oversize-1.json, {second}, ");
        assert!(
            said.contains(&named) && said.contains(" and 3 more)"),
            "{said}"
        );
        assert!(said.contains("ship --set-aside-refused"), "{said}");
    }
}
