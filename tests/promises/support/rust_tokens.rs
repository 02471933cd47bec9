//! Rust sources as words and signs, read by text alone.

/// Identifiers, `::` and single signs, without comments, strings and characters.
pub(crate) fn tokens(text: &str) -> Vec<&str> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = literal(rest) {
            length
        } else if is_word(first) {
            let length = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
            tokens.push(&rest[..length]);
            length
        } else if rest.starts_with("::") {
            tokens.push("::");
            2
        } else {
            let length = first.len_utf8();
            if !first.is_whitespace() {
                tokens.push(&rest[..length]);
            }
            length
        };
        rest = &rest[length..];
    }
    tokens
}

/// How long the string or character is with which `text` begins, if it does.
fn literal(text: &str) -> Option<usize> {
    let bytes = text.strip_prefix('b').unwrap_or(text);
    let start = text.len() - bytes.len();
    if let Some(raw) = bytes.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = start + 1 + hashes + 1;
            let length = text[body..].find(&end)?;
            return Some(body + length + end.len());
        }
    }
    let mut letters = bytes.char_indices();
    match letters.next()?.1 {
        '\'' => {
            let (at, letter) = letters.next()?;
            let body = at + letter.len_utf8();
            // What has one character and no quote after it is a lifetime.
            let end = match letter {
                '\\' => body + 1 + bytes[body + 1..].find('\'')?,
                _ => bytes[body..].starts_with('\'').then_some(body)?,
            };
            Some(start + end + 1)
        }
        '"' => loop {
            match letters.next()? {
                (_, '\\') => drop(letters.next()),
                (at, '"') => return Some(start + at + 1),
                _ => {}
            }
        },
        _ => None,
    }
}

/// The code without what `#[cfg(test)]` stands before, and the names of the modules that it
/// declares so.
pub(crate) fn without_tests(tokens: Vec<&str>) -> (Vec<&str>, Vec<String>) {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut code, mut modules) = (Vec::new(), Vec::new());
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        let Some(item) = rest.strip_prefix(&MARK) else {
            code.push(*first);
            rest = after;
            continue;
        };
        let length = item_length(item);
        if let Some(at) = item[..length].iter().position(|token| *token == "mod") {
            modules.extend(item.get(at + 1).map(|name| (*name).to_owned()));
        }
        rest = &item[length..];
    }
    (code, modules)
}

/// Tokens of an item with its attributes: up to its semicolon or the end of its braces.
fn item_length(tokens: &[&str]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(*token, ";" | "}") {
            return at + 1;
        }
    }
    tokens.len()
}
