//! Imports run down: from the edge through the features to the parts below them, and no files
//! import each other in a circle.

use std::path::Path;

use crate::support::imports::{Imports, Sources, circles};
use crate::support::parts::checkout;

/// The top modules, from the edge down. A module imports those of lower layers only.
const LAYERS: [&[&str]; 6] = [
    EDGE,
    &["ship", "contain", "posture"],
    &["settings"],
    &["state"],
    &["okta", "log_analytics"],
    &["net", "telemetry"],
];
const EDGE: &[&str] = &["main", "app", "cli", "host"];

/// The same within `okta`.
const OKTA_LAYERS: [&[&str]; 2] = [&["log", "org"], &["api"]];

#[test]
fn the_programs_imports_run_down() {
    let imports = Sources::read("okta_sentinel", &checkout("src")).imports();
    assert_none(&[arrows_up(&imports), shown(&circles(&imports))].concat());
}

#[test]
fn no_crate_has_a_circle_of_files() {
    let crates = std::fs::read_dir(checkout("crates")).unwrap();
    let crates = crates.map(|entry| entry.unwrap().path());
    let all = crates.chain([checkout("sandbox"), checkout("xtask")]);
    let found = all.flat_map(|folder| {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let found = shown(&circles(&imports_of(&folder)));
        found
            .into_iter()
            .map(move |circle| format!("{name}: {circle}"))
    });
    assert_none(&found.collect::<Vec<_>>());
}

fn imports_of(folder: &Path) -> Imports {
    let name = folder.file_name().unwrap().to_str().unwrap();
    Sources::read(&name.replace('-', "_"), &folder.join("src")).imports()
}

#[track_caller]
fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

fn shown(circles: &[Vec<String>]) -> Vec<String> {
    let one = |circle: &Vec<String>| format!("a circle: {}", circle.join(" -> "));
    circles.iter().map(one).collect()
}

/// Imports that run up, or to a neighbour that may not be imported.
fn arrows_up(imports: &Imports) -> Vec<String> {
    let mut found = Vec::new();
    for (from, imported) in imports {
        for to in imported {
            if let Some(why) = forbidden(from, to) {
                found.push(format!("{from} imports {to}: {why}"));
            }
        }
    }
    found
}

fn forbidden(from: &str, to: &str) -> Option<String> {
    let (from_room, from_rest) = from.split_once("::").unwrap_or((from, ""));
    let (to_room, to_rest) = to.split_once("::").unwrap_or((to, ""));
    if from_room != to_room {
        return between(&LAYERS, from_room, to_room);
    }
    let part = |rest: &str| rest.split("::").next().unwrap_or_default().to_owned();
    let (from_part, to_part) = (part(from_rest), part(to_rest));
    let within = from_room == "okta" && from_part != to_part && !from_part.is_empty();
    within.then(|| between(&OKTA_LAYERS, &from_part, &to_part))?
}

fn between(layers: &[&[&str]], from: &str, to: &str) -> Option<String> {
    let layer = |room: &str| layers.iter().position(|layer| layer.contains(&room));
    let Some((from_layer, to_layer)) = layer(from).zip(layer(to)) else {
        return Some("a module without a layer; give it one in this test".to_owned());
    };
    let both_edge = EDGE.contains(&from) && EDGE.contains(&to);
    if from_layer < to_layer || both_edge {
        return None;
    }
    Some(if from_layer == to_layer {
        format!("{from} and {to} are neighbours of one layer")
    } else {
        format!("{to} is above {from}")
    })
}

/// What is found in an invented tree.
fn found_in(files: &[(&str, &str)]) -> Vec<String> {
    let files = files.iter();
    let files = files.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let imports = Sources::new("okta_sentinel", files.collect()).imports();
    [arrows_up(&imports), shown(&circles(&imports))].concat()
}

#[test]
fn a_tree_that_runs_down_is_clean() {
    let found = found_in(&[
        (
            "lib",
            "pub mod cli; pub mod host; pub mod ship; pub mod state; pub mod net;",
        ),
        ("main", "use okta_sentinel::{cli, host::serve};"),
        (
            "cli",
            "use crate::host; use crate::ship::{self, Report as R};",
        ),
        (
            "host",
            "pub(crate) fn serve() { crate::ship::run(crate::net::retry::LIMIT) }",
        ),
        ("ship", "mod report; pub use report::Report;"),
        (
            "ship/report",
            "use crate::state::store::{Store, Lease}; use std::fmt;",
        ),
        ("state", "pub mod store; pub mod blob;"),
        (
            "state/blob",
            "use super::store::Store; use crate::telemetry::Log;",
        ),
        (
            "state/store",
            "pub(super) struct Store; impl Store { fn a() { Self::b() } }",
        ),
        ("telemetry", ""),
        ("net", "pub mod retry;"),
        ("net/retry", ""),
        ("okta", "pub mod api; pub mod log;"),
        ("okta/api", ""),
        ("okta/log", "use crate::okta::api::Client;"),
    ]);
    assert_eq!(found, [""; 0]);
}

#[test]
fn an_import_that_runs_up_is_named() {
    for (from, text) in [
        ("net", "use crate::ship::report::Report;"),
        ("net", "use crate::{net::retry, ship::{other, report::*}};"),
        ("net", "fn f() -> crate::ship::report::Report { todo() }"),
        (
            "net",
            "fn f() { let quote = '\"'; crate::ship::report::new() }",
        ),
    ] {
        let tree = [(from, text), ("ship", ""), ("ship/report", "")];
        let found = found_in(&tree);
        assert!(
            found.contains(&"net imports ship::report: ship is above net".to_owned()),
            "{text}: {found:?}"
        );
    }
    let tree = [
        ("okta/api", "use super::log::Page;"),
        ("okta/log", ""),
        ("okta", ""),
        ("host", "use crate::cli;"),
        ("cli", ""),
        ("state", "use crate::host::Route;"),
    ];
    assert_eq!(
        found_in(&tree),
        [
            "okta::api imports okta::log: log is above api",
            "state imports host: host is above state",
        ]
    );
}

#[test]
fn a_feature_that_imports_a_feature_is_named() {
    let tree = [("contain/plan", "use crate::ship::Report;"), ("ship", "")];
    assert_eq!(
        found_in(&tree),
        ["contain::plan imports ship: contain and ship are neighbours of one layer"]
    );
}

#[test]
fn a_module_without_a_layer_is_named() {
    let found = found_in(&[("ship", "use crate::utils::x;"), ("utils", "")]);
    assert!(
        found[0].starts_with("ship imports utils: a module without"),
        "{found:?}"
    );
}

#[test]
fn a_circle_is_printed() {
    let tree = [
        ("ship/a", "use super::b::B;"),
        ("ship/b", "use super::c::C;"),
        ("ship/c", "use super::a::A; use super::d::D;"),
        ("ship/d", ""),
    ];
    assert_eq!(found_in(&tree), ["a circle: ship::a -> ship::b -> ship::c"]);
}

#[test]
fn a_child_that_imports_from_its_parent_is_a_circle() {
    let tree = [
        ("ship", "mod lane; pub struct Report;"),
        ("ship/lane", "use super::Report;"),
    ];
    assert_eq!(found_in(&tree), ["a circle: ship -> ship::lane"]);
}

#[test]
fn the_root_of_a_program_counts_and_that_of_a_library_does_not() {
    let child = ("child".to_owned(), "use crate::VERSION;".to_owned());
    let circles_of = |root: &str| {
        let root = (
            root.to_owned(),
            "mod child; const VERSION: u8 = 1;".to_owned(),
        );
        circles(&Sources::new("name", vec![root, child.clone()]).imports())
    };
    assert_eq!(circles_of("main"), [["child", "main"]]);
    assert_eq!(circles_of("lib"), [[""; 0]; 0]);
}

#[test]
fn tests_comments_and_strings_import_nothing() {
    let tree = [
        ("ship", ""),
        (
            "net",
            r####"
            // crate::ship::a
            /* use crate::ship; */
            /// [`crate::ship::Report`]
            const A: &str = "crate::ship::a \" crate::ship::b";
            const B: &str = r#"crate::ship::a " crate::ship::b"#;
            const C: (char, char, &'static [u8]) = ('\'', '\u{22}', b"crate::ship::x");
            #[cfg(test)]
            use crate::ship::{a, b};
            #[cfg(test)]
            #[expect(dead_code, reason = "an attribute between")]
            mod tests { use crate::ship::Report; fn f() { crate::ship::run() } }
            #[cfg(test)]
            mod more;
        "####,
        ),
        ("net/more", "use crate::ship::Report;"),
        ("net/more/deep", "use crate::ship::Report;"),
    ];
    assert_eq!(found_in(&tree), [""; 0]);
}
