//! The deployment's guide quotes what the program really says, and leads where it should.

use std::path::Path;

use okta_sentinel::okta::log::page::SYSTEM_LOG;

use crate::support::parts::checkout;

fn guide() -> String {
    std::fs::read_to_string(checkout("docs/deploy.md")).unwrap()
}

/// The program's source, a text that goes over several lines as one.
fn source(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source(&path, all);
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once("\\\n") {
                all.push_str(before);
                rest = after.trim_start();
            }
            all.push_str(rest);
        }
    }
}

/// The program's lines. Those about Okta are put together from what the System Log's resource
/// says, the only resource that the program asks for.
fn lines_of_the_program() -> String {
    let (mut program, mut about_okta) = (String::new(), String::new());
    source(&checkout("src"), &mut program);
    source(&checkout("src/okta"), &mut about_okta);
    for (placeholder, value) in [
        ("{name}", SYSTEM_LOG.name),
        ("{scope}", SYSTEM_LOG.scope),
        ("{role}", SYSTEM_LOG.role),
    ] {
        about_okta = about_okta.replace(placeholder, value);
    }
    program + &about_okta
}

#[test]
fn every_line_that_the_guide_explains_is_one_of_the_programs() {
    let program = lines_of_the_program();
    let guide = guide();
    let (_, table) = guide
        .split_once("<!-- lines -->\n")
        .expect("the table begins");
    let (table, _) = table.split_once("<!-- /lines -->").expect("the table ends");
    let lines: Vec<&str> = table.lines().skip(2).collect();
    assert!(lines.len() > 10);
    for line in lines {
        let quoted = line
            .strip_prefix("| `")
            .and_then(|rest| rest.split_once('`'));
        let (quoted, _) = quoted.unwrap_or_else(|| panic!("no line is quoted in {line}"));
        // What differs from run to run is left out.
        for part in quoted.split('…') {
            assert!(program.contains(part), "the program never says: {part}");
        }
    }
}

#[test]
fn the_guide_names_what_the_template_makes_and_takes() {
    let guide = guide();
    let template = super::file("azuredeploy.json");
    for way in super::every_way() {
        for secret in way.of_kind(super::SECRET) {
            let name = secret.id.rsplit('/').next().unwrap();
            assert!(guide.contains(&format!("`{name}`")), "{name}");
        }
    }
    for name in ["optionalSettings", "packageUrl"] {
        assert!(
            template["parameters"].get(name).is_some() && guide.contains(name),
            "{name}"
        );
    }
    for table in super::deployed(serde_json::json!({})).of_kind(super::TABLE) {
        assert!(
            guide.contains(table.id.rsplit('/').next().unwrap()),
            "{}",
            table.id
        );
    }
}
