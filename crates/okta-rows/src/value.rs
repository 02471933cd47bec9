//! Any JSON value, read as one token.

use crate::array_cache::{ArrayCache, NextToken, START};
use crate::brackets::BracketStack;
use crate::row_buffer::RowBuffer;
use crate::scanner::Scanner;
use crate::token::{Malformed, Token};

/// Reads a value that goes nowhere while it is read.
pub(crate) fn read_value<'de>(
    scanner: &mut Scanner<'de>,
    cache: &mut ArrayCache,
) -> Result<Token<'de>, Malformed> {
    match scanner.peek() {
        Some(b'{' | b'[') => read_nested(scanner, cache, &mut RowBuffer::default()),
        _ if scanner.take(b'"') => scanner.rest_of_string(),
        _ => scanner.scalar(),
    }
}

/// Reads an array or object and appends it as the inside of a string. Depth costs a bit and no
/// call.
pub(crate) fn read_nested<'de>(
    scanner: &mut Scanner<'de>,
    cache: &mut ArrayCache,
    to: &mut RowBuffer,
) -> Result<Token<'de>, Malformed> {
    let start = scanner.at();
    cache.begin();
    let mut state = START;
    loop {
        let next = match cache.predict(scanner, state) {
            Some(skeleton) => {
                scanner.skip(skeleton.length);
                to.padded(&skeleton.escaped);
                state = skeleton.state_after;
                skeleton.next
            }
            None => {
                let at = scanner.at();
                cache.brackets.begin_change();
                let next = read_skeleton(scanner, &mut cache.brackets, state != START)?;
                let skeleton = scanner.text_since(at);
                to.escape(skeleton);
                state = cache.learn(state, skeleton, next);
                next
            }
        };
        match (next, scanner.short_string()) {
            (NextToken::Text, Some((window, length))) => {
                to.start_of(window, length);
                to.array(b"\\\"");
                scanner.skip(length + 1);
            }
            (NextToken::Text, None) => to.rest_of_string(scanner.rest_of_string()?),
            (NextToken::Number, _) => to.text(scanner.scalar()?.text),
            (NextToken::End, _) => return Ok(scanner.token(start, 0)),
        }
    }
}

/// Reads on to the next text or number within an array or object, or to its end: from the end of
/// a value in it, or from the start of one.
#[inline(never)]
fn read_skeleton(
    scanner: &mut Scanner<'_>,
    brackets: &mut BracketStack,
    mut is_value_done: bool,
) -> Result<NextToken, Malformed> {
    let closing = |is_object| if is_object { b'}' } else { b']' };
    loop {
        let mut is_in_object = false;
        if is_value_done {
            if brackets.is_empty() {
                return Ok(NextToken::End);
            }
            scanner.skip_blanks();
            is_in_object = brackets.is_in_object();
            if scanner.take(closing(is_in_object)) {
                brackets.pop();
                continue;
            }
            scanner.punctuation(b',')?;
        }
        if is_in_object {
            scanner.key()?;
        }
        is_value_done = true;
        match scanner.peek() {
            Some(b'"') => {
                scanner.skip(1);
                return Ok(NextToken::Text);
            }
            Some(bracket @ (b'{' | b'[')) => {
                let is_object = bracket == b'{';
                scanner.skip(1);
                scanner.skip_blanks();
                if !scanner.take(closing(is_object)) {
                    brackets.push(is_object);
                    if is_object {
                        scanner.key()?;
                    }
                    is_value_done = false;
                }
            }
            _ if scanner.is_number_at(0) => return Ok(NextToken::Number),
            _ => {
                scanner.scalar()?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape_index::EscapeIndex;
    use proptest::prelude::*;

    /// Pieces that make long values, and nearly values, of any depth.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "[",
            "]",
            "{",
            "}",
            ",",
            ",",
            ":",
            "\"a\"",
            "\"b\":",
            "\"c\":\"",
            "\"",
            "1",
            "-0.5e1",
            "true",
            "false",
            "null",
            " ",
            "\n",
            "\\n",
            "{\"a\":1}",
            "[\"a\",\"b\"]",
            "[1,2]",
            "[]",
            "{}",
            "\"a text of more than thirty-two bytes\"",
        ]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    fn is_read_as_serde_json_does(cache: &mut ArrayCache, text: &str) {
        let index = EscapeIndex::of(text);
        let mut scanner = Scanner::new(text, &index);
        scanner.skip_blanks();
        let read = read_value(&mut scanner, cache);
        scanner.skip_blanks();
        let whole = read.is_ok() && scanner.rest().is_empty();
        let is_one = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        assert_eq!(whole, is_one, "{text}");
        if whole {
            assert_eq!(read.unwrap().text, text.trim_ascii());
        }
    }

    proptest! {
        #[test]
        fn what_serde_json_takes_for_a_value_is_one_and_nothing_else(text in "[\\[\\]{}:,\"\\\\u0aeE.+\\-1 \\n]{0,12}") {
            is_read_as_serde_json_does(&mut ArrayCache::default(), &text);
            is_read_as_serde_json_does(&mut ArrayCache::default(), &(text + &" ".repeat(70)));
        }

        #[test]
        fn so_it_is_after_other_values(
            lists in prop::collection::vec(prop::collection::vec(pieces(), 1..4), 1..12),
        ) {
            let mut cache = ArrayCache::default();
            for list in lists {
                for text in [format!("[{}]", list.join(",")), list.concat()] {
                    // With room after it, it is looked at as all but a page's end is.
                    is_read_as_serde_json_does(&mut cache, &(text + &" ".repeat(70)));
                }
            }
        }
    }
}
