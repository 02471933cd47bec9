//! What may be shown: everything that leaves this process for people's eyes comes through here.
//!
//! A peer's words may hold terminal escapes, line breaks that forge a log line, characters that
//! turn or hide text, and our own credentials. None of them is shown, whoever said it.

use super::secrets;

/// Most characters of one line.
const LONGEST: usize = 8_000;

/// Most characters of what is kept of an error.
pub(crate) const LONGEST_ERROR: usize = 2_000;

/// `text` as one line: without control characters, invisible ones and secrets, and not too long.
pub(crate) fn line(text: &str) -> String {
    excerpt(text, LONGEST)
}

/// The same, of at most `most` characters.
pub(crate) fn excerpt(text: &str, most: usize) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' => visible.push(c),
            c if c.is_control() || c.is_whitespace() => {
                if !visible.ends_with(' ') {
                    visible.push(' ');
                }
            }
            c if is_invisible(c) => {}
            c => visible.push(c),
        }
    }
    // Before the cut, which would leave the start of a secret.
    let shown = secrets::hide(&visible);
    match shown.char_indices().nth(most) {
        None => shown.into_owned(),
        Some(_) => shown
            .chars()
            .take(most.saturating_sub(1))
            .chain(['…'])
            .collect(),
    }
}

/// JSON whose texts are each a [`line()`].
pub(crate) fn json(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, literal)) = rest.find('"').map(|at| rest.split_at(at)) {
        let (literal, after) = literal.split_at(literal_length(literal));
        shown.push_str(before);
        match serde_json::from_str::<String>(literal) {
            Ok(value) => shown.push_str(&serde_json::Value::from(line(&value)).to_string()),
            Err(_) => shown.push_str("\"\""),
        }
        rest = after;
    }
    shown + rest
}

/// Bytes of the string literal that `text` begins with, quotes included.
fn literal_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Characters that take no room, or turn the text around them: Unicode's `Bidi_Control` and
/// `Default_Ignorable_Code_Point`, and the marks of interlinear annotation.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_line_moves_a_cursor_or_turns_or_hides_text() {
        let told =
            "a\u{1b}[31mb\r\nerror: c\u{9b}2Jd\u{202e}e\u{200b}f\u{2028}g\u{7f}h\u{0}i\u{e0041}j";
        assert_eq!(line(told), "a [31mb error: c 2Jdef g h ij");
        assert_eq!(
            line("two  blanks stay, and é and 漢"),
            "two  blanks stay, and é and 漢"
        );
    }

    #[test]
    fn a_line_ends_somewhere() {
        let long = "é".repeat(100_000);
        assert_eq!(line(&long).chars().count(), LONGEST);
        assert_eq!(excerpt("abcdef", 3), "ab…");
        assert_eq!(excerpt("abc", 3), "abc");
    }

    #[test]
    fn every_text_of_a_json_is_a_line_and_nothing_else_changes() {
        let told = r#"{"a":"x\u001b[2J\"\\","b\n":[1,"\u202e\ny"],"c":null}"#;
        assert_eq!(json(told), r#"{"a":"x [2J\"\\","b ":[1," y"],"c":null}"#);
        assert_eq!(json("\"open"), "\"\"");
    }
}
