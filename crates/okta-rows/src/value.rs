//! Any JSON value, read as one token.

use crate::array_cache::{ArrayCache, NextToken, START};
use crate::brackets::BracketStack;
use crate::number::read_number;
use crate::scanner::Scanner;
use crate::target::{Discard, Target};
use crate::token::{Malformed, Token};

/// Reads a value.
#[inline(always)]
pub(crate) fn read_value<'de>(
    scanner: &mut Scanner<'de>,
    cache: &mut ArrayCache,
    to: &mut impl Target,
) -> Result<Token<'de>, Malformed> {
    match scanner.peek() {
        Some(b'"') => scanner.string(to),
        Some(b'{' | b'[') => read_nested(scanner, cache, to),
        _ => read_scalar(scanner, to),
    }
}

/// Reads an array's elements or an object's members, of which the former have no key.
pub(crate) fn read_items<'de>(
    scanner: &mut Scanner<'de>,
    cache: &mut ArrayCache,
) -> Result<Vec<(Option<Token<'de>>, Token<'de>)>, Malformed> {
    let mut items = Vec::new();
    let is_object = scanner.peek() == Some(b'{');
    let (open, close) = if is_object {
        (b'{', b'}')
    } else {
        (b'[', b']')
    };
    scanner.punctuation(open)?;
    while !scanner.take(close) {
        if !items.is_empty() {
            scanner.punctuation(b',')?;
        }
        let key = is_object.then(|| scanner.key()).transpose()?;
        items.push((key, read_value(scanner, cache, &mut Discard)?));
        scanner.skip_blanks();
    }
    Ok(items)
}

/// Reads a number, `true`, `false` or `null`.
#[inline(always)]
fn read_scalar<'de>(
    scanner: &mut Scanner<'de>,
    to: &mut impl Target,
) -> Result<Token<'de>, Malformed> {
    let start = scanner.at();
    let is_name =
        scanner.take_text(b"true") || scanner.take_text(b"false") || scanner.take_text(b"null");
    let token = match is_name {
        true => Token {
            text: scanner.text_since(start),
            escapes: 0,
        },
        false => read_number(scanner)?,
    };
    to.outside_string(token.text);
    Ok(token)
}

/// Reads an array or object, however deep: depth costs a bit and not a call.
pub(crate) fn read_nested<'de>(
    scanner: &mut Scanner<'de>,
    cache: &mut ArrayCache,
    to: &mut impl Target,
) -> Result<Token<'de>, Malformed> {
    let start = scanner.at();
    cache.begin();
    let mut state = START;
    loop {
        let next = match cache.predict(scanner, state) {
            Some(skeleton) => {
                scanner.skip(skeleton.length);
                to.skeleton(&skeleton.escaped);
                state = skeleton.state;
                skeleton.next
            }
            None => {
                let (at, before) = (scanner.at(), cache.brackets.snapshot());
                let next = read_skeleton(scanner, &mut cache.brackets, state != START, to)?;
                state = cache.learn(state, scanner.text_since(at), next, before);
                next
            }
        };
        match next {
            NextToken::Text => rest_of_string(scanner, to)?,
            NextToken::Number => {
                read_scalar(scanner, to)?;
            }
            NextToken::End => break,
        }
    }
    Ok(Token {
        text: scanner.text_since(start),
        escapes: 0,
    })
}

#[inline(always)]
fn rest_of_string(scanner: &mut Scanner<'_>, to: &mut impl Target) -> Result<(), Malformed> {
    match scanner.short_string() {
        Some((window, length)) => {
            to.unescaped(window, length);
            scanner.skip(length + 1);
            to.quote();
        }
        None => {
            scanner.rest_of_string(to)?;
        }
    }
    Ok(())
}

/// Reads on to the next text or number within an array or object, or to its end: from the end of
/// a value in it, or from the start of one.
#[inline(never)]
fn read_skeleton(
    scanner: &mut Scanner<'_>,
    brackets: &mut BracketStack,
    mut is_value_done: bool,
    to: &mut impl Target,
) -> Result<NextToken, Malformed> {
    loop {
        if is_value_done {
            if brackets.is_empty() {
                return Ok(NextToken::End);
            }
            skip_blanks(scanner, to);
            let is_object = brackets.is_in_object();
            if take(scanner, b',', to) {
                skip_blanks(scanner, to);
                read_key(scanner, is_object, to)?;
            } else if take(scanner, closing(is_object), to) {
                brackets.pop();
                continue;
            } else {
                return Err(Malformed);
            }
        }
        is_value_done = true;
        match scanner.peek() {
            Some(b'"') => {
                scanner.skip(1);
                to.quote();
                return Ok(NextToken::Text);
            }
            Some(bracket @ (b'{' | b'[')) => {
                let is_object = bracket == b'{';
                take(scanner, bracket, to);
                skip_blanks(scanner, to);
                if !take(scanner, closing(is_object), to) {
                    brackets.push(is_object);
                    read_key(scanner, is_object, to)?;
                    is_value_done = false;
                }
            }
            _ if scanner.is_number_at(0) => return Ok(NextToken::Number),
            _ => {
                read_scalar(scanner, to)?;
            }
        }
    }
}

/// Goes past the key and the colon that a value has in an object.
fn read_key(
    scanner: &mut Scanner<'_>,
    is_object: bool,
    to: &mut impl Target,
) -> Result<(), Malformed> {
    if is_object {
        scanner.string(to)?;
        skip_blanks(scanner, to);
        if !take(scanner, b':', to) {
            return Err(Malformed);
        }
        skip_blanks(scanner, to);
    }
    Ok(())
}

fn take(scanner: &mut Scanner<'_>, byte: u8, to: &mut impl Target) -> bool {
    let start = scanner.at();
    let found = scanner.take(byte);
    if found {
        to.outside_string(scanner.text_since(start));
    }
    found
}

fn skip_blanks(scanner: &mut Scanner<'_>, to: &mut impl Target) {
    let start = scanner.at();
    scanner.skip_blanks();
    if scanner.at() > start {
        to.outside_string(scanner.text_since(start));
    }
}

fn closing(is_object: bool) -> u8 {
    if is_object { b'}' } else { b']' }
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
        let mut index = EscapeIndex::default();
        let mut scanner = Scanner::new(text, index.of(text));
        scanner.skip_blanks();
        let read = read_value(&mut scanner, cache, &mut Discard);
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
            is_read_as_serde_json_does(&mut ArrayCache::new(), &text);
            is_read_as_serde_json_does(&mut ArrayCache::new(), &(text + &" ".repeat(70)));
        }

        #[test]
        fn so_it_is_after_other_values(
            lists in prop::collection::vec(prop::collection::vec(pieces(), 1..4), 1..12),
        ) {
            let mut cache = ArrayCache::new();
            for list in lists {
                for text in [format!("[{}]", list.join(",")), list.concat()] {
                    // With room after it, it is looked at as all but a page's end is.
                    is_read_as_serde_json_does(&mut cache, &(text + &" ".repeat(70)));
                }
            }
        }
    }
}
