//! The `Link` header: any text is read, and a well-formed link is found behind any other.
#![no_main]

use okta_sentinel::okta::api::link::target;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let found = target(text.split('\n'), "next");
    if let Some(found) = found {
        assert!(text.contains(found) && !found.contains('>'), "{found}");
        assert_eq!(found, found.trim());
    }
    let mut parts = text.split('\n').map(str::to_owned);
    let (url, title) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let url = url.replace(['<', '>'], "");
    let title = title.replace('\\', "\\\\").replace('"', "\\\"");
    let own = format!("<https://a.okta.com/self>; title=\"{title}\"; rel=\"self\"");
    let next = format!("<{url}>; title=\"{title}\"; rel=\"next\"");
    for lines in [
        vec![own.clone(), next.clone()],
        vec![format!("{own}, {next}")],
    ] {
        let lines = lines.iter().map(String::as_str);
        assert_eq!(target(lines, "next"), Some(url.trim()), "{own}, {next}");
    }
});
