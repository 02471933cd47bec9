//! The seed of a campaign.

/// The seed that was asked for, else a new one, short enough to be typed again.
pub(super) fn or_new(asked: Option<u64>) -> u64 {
    asked.unwrap_or_else(|| fastrand::u64(..1_000_000_000))
}
