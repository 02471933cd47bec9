//! Values longer than a column takes.

use crate::array_cache::ArrayCache;
use crate::escape_index::EscapeIndex;
use crate::scanner::Scanner;
use crate::schema::MAX_VALUE;
use crate::text::{decoded, quoted};
use crate::value::read_items;

/// The longest start of `text` that a column takes, in whole characters.
pub(crate) fn truncate_text(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_VALUE)]
}

/// The longest start of an array or object, in whole elements or members, of at most `limit`
/// bytes.
#[expect(clippy::expect_used, reason = "the value was read before")]
pub(crate) fn truncate_json(json: &str, limit: usize) -> String {
    let index = EscapeIndex::of(json);
    let mut scanner = Scanner::new(json, &index);
    let items = read_items(&mut scanner, &mut ArrayCache::default()).expect("an array or object");
    let (open, close) = if json.starts_with('{') {
        ('{', '}')
    } else {
        ('[', ']')
    };
    let mut kept = String::from(open);
    for (key, value) in items {
        let before = kept.len();
        if before > 1 {
            kept.push(',');
        }
        if let Some(key) = key {
            kept.push_str(&quoted(&decoded(key)));
            kept.push(':');
        }
        kept.push_str(value.text);
        if kept.len() >= limit {
            kept.truncate(before);
            break;
        }
    }
    kept.push(close);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(truncate_text("aé"), "aé");
        let text = "a".repeat(MAX_VALUE - 1) + "éé";
        assert_eq!(truncate_text(&text), &text[..MAX_VALUE - 1]);
    }

    #[test]
    fn json_is_cut_between_elements_and_stays_json() {
        assert_eq!(truncate_json("[1, 22, {\"a\":3}]", 6), "[1,22]");
        assert_eq!(
            truncate_json("{\"a\":1,\"b\\n\":[2],\"c\":3}", 17),
            "{\"a\":1,\"b\\n\":[2]}"
        );
        assert_eq!(truncate_json("[\"longer than all\"]", 6), "[]");
        assert_eq!(
            truncate_json(r#"{"\ud800":1,"c":3}"#, 18),
            "{\"\u{fffd}\u{fffd}\u{fffd}\":1}"
        );
    }
}
