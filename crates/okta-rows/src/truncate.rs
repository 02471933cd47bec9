//! Values longer than a column takes.

use crate::items::{Items, string_length};
use crate::schema::MAX_VALUE;
use crate::text::{decoded, quoted};
use crate::token::Token;

/// A text within an array or object is cut down to this many bytes at most: ids, types and names
/// are shorter. What cannot be kept even so is left out whole.
const SHORT_TEXT: usize = 256;

/// An element or member that is an array or object is cut down to this many bytes at most, for a
/// few whole ones say more than many that are hollow.
const SHORT_ITEM: usize = 1_000;

/// Arrays and objects further inside are left out whole where they are too long: each level takes
/// a call, and reads the text again.
const DEEPEST: usize = 64;

/// The longest start of `text` that a column takes, in whole characters.
pub(crate) fn truncate_text(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_VALUE)]
}

/// An array or object of at most `limit` bytes. The longest texts in it are cut; where that is not
/// enough, the longest elements and members go, from the end. All else stays.
pub(crate) fn truncate_json(json: &str, limit: usize) -> String {
    let mut kept = String::new();
    write_value(json, limit.max(2), 0, &mut kept);
    kept
}

/// A key, as a JSON string, of at most [`SHORT_TEXT`] bytes inside.
pub(crate) fn truncate_key(key: &str) -> String {
    let mut kept = String::new();
    write_value(key, SHORT_TEXT + 2, 0, &mut kept);
    kept
}

/// An array without blanks around its elements.
pub(crate) fn compact_array(json: &str) -> String {
    let mut kept = String::from("[");
    for (_, value) in Items::of(json) {
        if kept.len() > 1 {
            kept.push(',');
        }
        kept.push_str(value);
    }
    kept.push(']');
    kept
}

/// Appends a value, cut to `limit` bytes, of which there are two at least.
fn write_value(json: &str, limit: usize, depth: usize, to: &mut String) {
    match json.as_bytes().first() {
        _ if json.len() <= limit => to.push_str(json),
        Some(b'{' | b'[') if depth < DEEPEST => write_items(json, limit, depth, to),
        Some(b'{') => to.push_str("{}"),
        Some(b'[') => to.push_str("[]"),
        Some(b'"') => write_string(&json[1..json.len() - 1], limit, to),
        // A number with fewer digits would be another one: as a text it is seen to be cut.
        _ => write_string(json, limit, to),
    }
}

/// Appends the start of a string's inside, in whole characters and escapes.
fn write_string(inside: &str, limit: usize, to: &mut String) {
    let mut end = 0;
    while let Some(length) = character_length(&inside[end..])
        && end + length + 2 <= limit
    {
        end += length;
    }
    to.push('"');
    to.push_str(&inside[..end]);
    to.push('"');
}

/// How many bytes the first character takes, as it is spelt; a surrogate pair is one.
fn character_length(text: &str) -> Option<usize> {
    let is_low = |low: &str| {
        matches!(
            low.as_bytes(),
            [b'\\', b'u', b'd' | b'D', b'c'..=b'f' | b'C'..=b'F', ..]
        )
    };
    Some(match text.as_bytes() {
        [
            b'\\',
            b'u',
            b'd' | b'D',
            b'8' | b'9' | b'a' | b'b' | b'A' | b'B',
            ..,
        ] if text.get(6..).is_some_and(is_low) => 12,
        [b'\\', b'u', ..] => 6,
        [b'\\', ..] => 2,
        _ => text.chars().next()?.len_utf8(),
    })
}

/// An element or member that may be kept.
struct Item<'de> {
    /// With its colon; empty in an array.
    key: String,
    value: &'de str,
    /// Bytes of the value with all texts cut to [`SHORT_TEXT`].
    least: usize,
    /// Bytes that the value is given; none where it is left out.
    granted: Option<usize>,
}

impl Item<'_> {
    fn of<'de>((key, value): (Option<&str>, &'de str)) -> Item<'de> {
        let key = key.map(|text| {
            let escapes = text.matches('\\').count();
            truncate_key(&quoted(&decoded(Token { text, escapes }))) + ":"
        });
        Item {
            key: key.unwrap_or_default(),
            value,
            least: least_length(value),
            granted: None,
        }
    }

    /// Bytes of it with a comma, of a value of this length.
    fn cost(&self, value: usize) -> usize {
        self.key.len() + 1 + value
    }
}

fn write_items(json: &str, limit: usize, depth: usize, to: &mut String) {
    // An item takes two bytes at least, so that no more than these can be kept.
    let items = Items::of(json).take(limit / 2 + 1);
    let mut items: Vec<Item<'_>> = items.map(Item::of).collect();
    // Two brackets, and no comma behind the last.
    grant(&mut items, limit - 1);
    let is_object = json.starts_with('{');
    to.push(if is_object { '{' } else { '[' });
    let start = to.len();
    for item in items {
        let Some(granted) = item.granted else {
            continue;
        };
        if to.len() > start {
            to.push(',');
        }
        to.push_str(&item.key);
        write_value(item.value, granted, depth + 1, to);
    }
    to.push(if is_object { '}' } else { ']' });
}

/// Shares `bytes` among items.
fn grant(items: &mut [Item<'_>], bytes: usize) {
    let with_short_texts: usize = items.iter().map(|item| item.cost(item.least)).sum();
    if with_short_texts <= bytes {
        let length = |item: &Item<'_>, most: usize| item.value.len().min(most.max(item.least));
        let most = largest(bytes, |most| {
            let costs = items.iter().map(|item| item.cost(length(item, most)));
            costs.sum::<usize>() <= bytes
        });
        for item in items {
            item.granted = Some(length(item, most));
        }
        return;
    }
    // What takes no more than its share stays; of the rest the first ones.
    let share = largest(bytes, |share| {
        let costs = items.iter().map(|item| item.cost(item.least).min(share));
        costs.sum::<usize>() <= bytes
    });
    let is_short = |item: &Item<'_>| item.cost(item.least) <= share;
    let short = items.iter().filter(|item| is_short(item));
    let mut left = bytes - short.map(|item| item.cost(item.least)).sum::<usize>();
    for item in items {
        if is_short(item) {
            item.granted = Some(item.least);
            continue;
        }
        let wanted = item.cost(item.least).min(share.max(SHORT_ITEM));
        let is_nested = item.value.starts_with(['{', '[']);
        let granted = wanted.saturating_sub(item.cost(0));
        if wanted <= left && (granted == item.least || is_nested && granted >= 2) {
            item.granted = Some(granted);
            left -= wanted;
        }
    }
}

/// The largest number up to `most` for which it holds, as it does for all smaller ones; 0 if for
/// none.
fn largest(most: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut lowest, mut highest) = (0, most);
    while lowest < highest {
        let middle = (lowest + highest).div_ceil(2);
        match holds(middle) {
            true => lowest = middle,
            false => highest = middle - 1,
        }
    }
    lowest
}

/// The length of a value with its texts and keys cut to [`SHORT_TEXT`].
fn least_length(json: &str) -> usize {
    let mut least = json.len();
    if least <= SHORT_TEXT {
        return least;
    }
    let mut rest = json.as_bytes();
    if !matches!(rest.first(), Some(b'{' | b'[' | b'"')) {
        return SHORT_TEXT + 2;
    }
    while let Some(string) = rest
        .iter()
        .position(|byte| *byte == b'"')
        .and_then(|start| rest.get(start..))
    {
        let length = string_length(string);
        least -= length.saturating_sub(SHORT_TEXT + 2);
        rest = string.get(length..).unwrap_or_default();
    }
    least
}

#[cfg(test)]
mod tests;
