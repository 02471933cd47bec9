//! Whole numbers between bounds.

use std::ops::RangeInclusive;

use crate::net::address::shown;

/// Reads digits alone: no sign, no fraction, no unit.
pub(super) fn whole_number(text: &str, range: RangeInclusive<u32>) -> Result<u32, String> {
    let digits = text.chars().all(|c| c.is_ascii_digit());
    let number = text.parse().ok();
    let number = number.filter(|number| digits && range.contains(number));
    number.ok_or_else(|| {
        let (text, lowest, highest) = (shown(text), range.start(), range.end());
        format!("{text} cannot be used; write a whole number from {lowest} to {highest}")
    })
}
