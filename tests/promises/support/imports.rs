//! Which file of a crate imports which, read from the sources as text.
//!
//! A path resolves to the file of the longest module path in it: `crate::a::b::Item` to `a/b.rs` if
//! there is one, else to `a.rs`. A `mod` line counts as an import too: a file that imports from its
//! parent is a circle. Comments, strings and what `#[cfg(test)]` stands before are left out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

/// A module path without `crate`; the root of the crate is empty.
type Module = Vec<String>;

/// The sources of one crate, by module.
pub(crate) struct Sources {
    crate_name: String,
    /// Whether the root is `lib.rs`, which does not count, and `main.rs` a module of its own.
    is_library: bool,
    files: BTreeMap<Module, String>,
}

/// The modules that each module imports.
pub(crate) type Imports = BTreeMap<String, BTreeSet<String>>;

impl Sources {
    /// Every `.rs` file below `folder`.
    pub(crate) fn read(crate_name: &str, folder: &Path) -> Sources {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(&next).expect("a folder of sources") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let name = path.strip_prefix(folder).expect("below the folder");
                    let name = name.with_extension("").to_str().expect("UTF-8").to_owned();
                    files.push((name, std::fs::read_to_string(&path).expect("a source")));
                }
            }
        }
        assert!(!files.is_empty(), "no sources in {}", folder.display());
        Sources::new(crate_name, files)
    }

    /// Sources by their paths without `.rs`.
    pub(crate) fn new(crate_name: &str, files: Vec<(String, String)>) -> Sources {
        let is_library = files.iter().any(|(name, _)| name == "lib");
        let root = if is_library { "lib" } else { "main" };
        let files = files.into_iter().map(|(name, text)| {
            let is_root = name == root;
            let module = name.split('/').filter(|_| !is_root).map(str::to_owned);
            (module.collect(), text)
        });
        Sources {
            crate_name: crate_name.to_owned(),
            is_library,
            files: files.collect(),
        }
    }

    /// What each file imports.
    pub(crate) fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        let mut tests = Vec::new();
        for (module, text) in &self.files {
            let (code, test_modules) = without_tests(tokens(text));
            tests.extend(test_modules.into_iter().map(|name| child(module, &name)));
            let is_test = tests.iter().any(|test| module.starts_with(test));
            if is_test || (self.is_library && module.is_empty()) {
                continue;
            }
            let found = paths(&code).into_iter();
            let mut imported: BTreeSet<Module> = found
                .filter_map(|path| self.resolve(module, &path))
                .collect();
            imported.remove(module);
            if self.is_library {
                imported.remove(&Module::new());
            }
            let imported = imported.iter().map(|module| shown(module)).collect();
            imports.insert(shown(module), imported);
        }
        imports
    }

    /// The module whose file a path leads to; `None` for a path to another crate or a local name.
    fn resolve(&self, from: &Module, path: &[String]) -> Option<Module> {
        let mut rest = path.iter().peekable();
        let mut module = from.clone();
        match path.first()?.as_str() {
            first if first == "crate" || first == self.crate_name => {
                rest.next();
                module.clear();
            }
            "self" => drop(rest.next()),
            "super" => {}
            first => {
                self.files.get(&child(from, first))?;
            }
        }
        while rest.next_if(|segment| *segment == "super").is_some() {
            module.pop();
        }
        for segment in rest {
            let next = child(&module, segment);
            if !self.files.contains_key(&next) {
                break;
            }
            module = next;
        }
        Some(module)
    }
}

/// The shortest circle through each file that is the first by name in one.
pub(crate) fn circles(imports: &Imports) -> Vec<Vec<String>> {
    let through = |start: &String| {
        let mut came_from: BTreeMap<&String, &String> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(from) = queue.pop_front() {
            for to in imports.get(from).into_iter().flatten() {
                if to == start {
                    let step = |at: &&String| came_from.get(*at).copied();
                    let mut circle: Vec<String> =
                        std::iter::successors(Some(from), step).cloned().collect();
                    circle.reverse();
                    return Some(circle);
                }
                if to > start && !came_from.contains_key(to) {
                    came_from.insert(to, from);
                    queue.push_back(to);
                }
            }
        }
        None
    };
    imports.keys().filter_map(through).collect()
}

fn child(module: &[String], name: &str) -> Module {
    let own = std::iter::once(name.to_owned());
    module.iter().cloned().chain(own).collect()
}

fn shown(module: &[String]) -> String {
    match module {
        [] => "main".to_owned(),
        _ => module.join("::"),
    }
}

/// Identifiers, `::` and single signs, without comments, strings and characters.
fn tokens(text: &str) -> Vec<&str> {
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
fn without_tests(tokens: Vec<&str>) -> (Vec<&str>, Vec<String>) {
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

/// Every path of two names or more, those of `use` groups one by one, and `mod` lines as
/// `self::name`.
fn paths(tokens: &[&str]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let next = tokens.get(at + 1).copied();
        at = match tokens[at] {
            "pub" if next == Some("(") => {
                at + tokens[at..]
                    .iter()
                    .take_while(|token| **token != ")")
                    .count()
            }
            "mod" if tokens.get(at + 2) == Some(&";") => {
                found.push(vec!["self".to_owned(), tokens[at + 1].to_owned()]);
                at + 3
            }
            "::" => at + 2,
            token if is_name(token) && next == Some("::") => path(tokens, at, &[], &mut found),
            _ => at + 1,
        };
    }
    found
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Reads a path, with the groups in it, and returns where it ends.
fn path(tokens: &[&str], mut at: usize, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut names = before.to_vec();
    loop {
        match tokens.get(at).copied().unwrap_or(";") {
            "{" => {
                at += 1;
                while let Some(token) = tokens.get(at).filter(|token| **token != "}") {
                    at = match *token {
                        "," => at + 1,
                        "as" => at + 2,
                        _ => path(tokens, at, &names, found).max(at + 1),
                    };
                }
                return at + 1;
            }
            token if is_name(token) => {
                names.push(token.to_owned());
                at += 1;
                if tokens.get(at) != Some(&"::") {
                    found.push(names);
                    return at;
                }
                at += 1;
            }
            _ => {
                found.push(names);
                return at;
            }
        }
    }
}
