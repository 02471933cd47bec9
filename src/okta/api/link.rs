//! The `Link` header (RFC 8288), read by relation.
//!
//! Okta sends one header line per relation and its targets may hold commas, so neither the
//! position of a link nor a split at commas tells anything.

/// The target of the first link whose relation is `rel`, over all header lines.
pub fn target<'h>(lines: impl IntoIterator<Item = &'h str>, rel: &str) -> Option<&'h str> {
    let mut links = lines.into_iter().flat_map(Links);
    links.find_map(|(target, parameters)| has_relation(parameters, rel).then_some(target))
}

/// Whether `rel` is among a link's relation types, which are separated by blanks.
fn has_relation(text: &str, rel: &str) -> bool {
    let types = parameters(text).find(|(name, _)| name.eq_ignore_ascii_case("rel"));
    let (_, types) = types.unwrap_or_default();
    let mut types = types.split_ascii_whitespace();
    types.any(|known| known.eq_ignore_ascii_case(rel))
}

/// The links of one header line: target and parameters.
struct Links<'h>(&'h str);

impl<'h> Iterator for Links<'h> {
    type Item = (&'h str, &'h str);

    fn next(&mut self) -> Option<Self::Item> {
        let (_, after) = self.0.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let end = outside_quotes(after, ',').unwrap_or(after.len());
        let (parameters, rest) = after.split_at(end);
        self.0 = rest;
        Some((target.trim(), parameters))
    }
}

/// `; name=value; name="quoted value"` as pairs, quotes taken off.
fn parameters(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = outside_quotes(rest, ';')?;
        let after = rest.get(start + 1..)?;
        let end = outside_quotes(after, ';').unwrap_or(after.len());
        let (parameter, following) = after.split_at(end);
        rest = following;
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        Some((name.trim(), value.trim().trim_matches('"')))
    })
}

/// Where `wanted` first stands outside double quotes.
fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    text.char_indices().find_map(|(at, char)| {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if char == wanted && !quoted => return Some(at),
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn next_is_found_by_its_relation_wherever_it_stands() {
        let own = "<https://a.okta.com/api/v1/logs?limit=2>; rel=\"self\"";
        let next = "<https://a.okta.com/api/v1/logs?after=1_1,2&limit=2>; rel=\"next\"";
        for lines in [vec![own, next], vec![next, own]] {
            assert_eq!(
                target(lines, "next"),
                Some("https://a.okta.com/api/v1/logs?after=1_1,2&limit=2")
            );
        }
        let both = format!("{own}, {next}");
        assert!(
            target([both.as_str()], "next")
                .unwrap()
                .ends_with("after=1_1,2&limit=2")
        );
        assert_eq!(target([own], "next"), None);
    }

    #[test]
    fn parameters_come_in_every_form_the_standard_allows() {
        for line in [
            "<u>;rel=next",
            "<u> ; title=\"a, b; rel=self\" ; REL=\"prev Next\"",
            "<u>; title=\"a \\\" >, <x>; rel=next\"; rel=next",
        ] {
            assert_eq!(target([line], "next"), Some("u"), "{line}");
        }
        for line in [
            "",
            "<",
            "<u",
            "u; rel=next",
            "<u>; rel",
            "<u>; rel=\"nextish\"",
            "<u> rel=next",
        ] {
            assert_eq!(target([line], "next"), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_too_odd(line in "[<>;,=\"\\\\ a-z]{0,60}") {
            let _ = target([line.as_str()], "next");
        }
    }
}
