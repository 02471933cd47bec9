//! Whole numbers between bounds.

use std::ops::RangeInclusive;

use crate::net::address::shown;

/// Not a whole number, or one out of bounds.
#[derive(Debug, thiserror::Error)]
#[error("{text} cannot be used; write a whole number from {lowest} to {highest}")]
pub(super) struct NotInRange {
    text: String,
    lowest: u32,
    highest: u32,
}

/// Reads digits alone: no sign, no fraction, no unit.
pub(super) fn whole_number(text: &str, range: RangeInclusive<u32>) -> Result<u32, NotInRange> {
    let digits = text.chars().all(|c| c.is_ascii_digit());
    let number = text
        .parse()
        .ok()
        .filter(|number| digits && range.contains(number));
    number.ok_or_else(|| NotInRange {
        text: shown(text),
        lowest: *range.start(),
        highest: *range.end(),
    })
}
