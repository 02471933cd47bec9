//! What a program that is measured must bring.

/// What arrives, if all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    EachOnce,
    EachAtLeastOnce,
    /// As many rows as events or more: ids are not where the workspace looks for them.
    AsManyRows,
}
