//! Which file of a crate imports which, read from the sources as text.
//!
//! A path resolves to the file of the longest module path in it: `crate::a::b::Item` to `a/b.rs` if
//! there is one, else to `a.rs`. A `mod` line counts as an import too: a file that imports from its
//! parent is a circle. Comments, strings and what `#[cfg(test)]` stands before are left out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use crate::support::files::files_below;
use crate::support::rust_tokens::{tokens, without_tests};

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
        let sources = files_below(folder).into_iter();
        let sources = sources.filter(|(path, _)| path.extension().is_some_and(|end| end == "rs"));
        let files: Vec<_> = sources
            .map(|(path, bytes)| {
                let name = path.strip_prefix(folder).expect("below the folder");
                let name = name.with_extension("").to_str().expect("UTF-8").to_owned();
                (name, String::from_utf8(bytes).expect("UTF-8"))
            })
            .collect();
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
