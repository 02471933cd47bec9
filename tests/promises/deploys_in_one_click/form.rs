//! The form asks for what the template needs, explains it, and refuses mistakes.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::file;
use super::habits::texts;
use crate::support::parts;

fn form() -> Value {
    file("createUiDefinition.json")["parameters"].clone()
}

/// Every element by its path: `okta.domain`.
fn elements() -> BTreeMap<String, Value> {
    let form = form();
    let steps = form["steps"].as_array().unwrap().iter();
    let of_step = |step: &Value| -> Vec<(String, Value)> {
        let elements = step["elements"].as_array().unwrap().iter();
        let path = |one: &Value| {
            format!(
                "{}.{}",
                step["name"].as_str().unwrap(),
                one["name"].as_str().unwrap()
            )
        };
        elements.map(|one| (path(one), one.clone())).collect()
    };
    steps.flat_map(of_step).collect()
}

#[test]
fn the_form_gives_the_template_what_it_takes() {
    let parameters = file("azuredeploy.json")["parameters"].clone();
    let parameters = parameters.as_object().unwrap();
    let given: BTreeSet<String> = form()["outputs"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    for (name, parameter) in parameters {
        assert!(
            given.contains(name) || parameter.get("defaultValue").is_some(),
            "{name} is asked of nobody"
        );
    }
    let unknown: Vec<_> = given
        .iter()
        .filter(|name| !parameters.contains_key(*name))
        .collect();
    assert!(unknown.is_empty(), "the template takes no {unknown:?}");
    // What a person may want to change once in a while is left to the template.
    let left: BTreeSet<_> = parameters
        .keys()
        .filter(|name| !given.contains(*name))
        .collect();
    assert_eq!(
        left.into_iter().collect::<Vec<_>>(),
        ["optionalSettings", "packageUrl"]
    );
}

#[test]
fn what_is_asked_is_used_and_what_is_used_is_asked() {
    let form = form();
    let elements = elements();
    let (mut found, mut used) = (Vec::new(), BTreeSet::new());
    texts(&form, &mut found);
    for text in found {
        for part in text.split("steps('").skip(1) {
            let (step, rest) = part.split_once("').").unwrap();
            let name: String = rest
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            used.insert(format!("{step}.{name}"));
        }
    }
    let asked = elements
        .iter()
        .filter(|(_, one)| one["type"] != "Microsoft.Common.InfoBox");
    assert_eq!(used, asked.map(|(path, _)| path.clone()).collect());
}

#[test]
fn a_choice_of_the_form_is_one_of_the_templates() {
    let template = file("azuredeploy.json");
    let elements = elements();
    for (parameter, element) in [
        ("oktaSignIn", "okta.signIn"),
        ("ingestion", "workspace.ingestion"),
        ("oktaTable", "workspace.oktaTable"),
    ] {
        let of_form = &elements[element]["constraints"]["allowedValues"];
        let values: Vec<&Value> = of_form
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["value"])
            .collect();
        let allowed = template["parameters"][parameter]["allowedValues"]
            .as_array()
            .unwrap();
        assert_eq!(values, allowed.iter().collect::<Vec<_>>(), "{parameter}");
        let first = &of_form[0]["label"];
        assert_eq!(elements[element]["defaultValue"], *first, "{parameter}");
        assert_eq!(
            template["parameters"][parameter]["defaultValue"], allowed[0],
            "{parameter}"
        );
    }
}

#[test]
fn every_box_has_help_and_a_check_and_secrets_are_hidden() {
    for (path, element) in elements() {
        let kind = element["type"].as_str().unwrap();
        if kind == "Microsoft.Common.InfoBox" {
            continue;
        }
        assert!(
            element["toolTip"]
                .as_str()
                .is_some_and(|help| help.ends_with('.')),
            "{path} has no help"
        );
        let constraints = &element["constraints"];
        if kind.ends_with("TextBox") || kind.ends_with("PasswordBox") {
            let lists = constraints["validations"].as_array();
            let checks =
                constraints["regex"].is_string() && constraints["validationMessage"].is_string();
            assert!(
                checks || lists.is_some_and(|list| !list.is_empty()),
                "{path} takes anything"
            );
        }
        let secret =
            ["okta.privateKey", "okta.apiToken", "workspace.workspaceKey"].contains(&path.as_str());
        assert_eq!(kind == "Microsoft.Common.PasswordBox", secret, "{path}");
    }
}

#[derive(Serialize)]
struct Tried<'a> {
    patterns: Vec<&'a str>,
    text: &'a str,
}

#[derive(Deserialize)]
struct Fits {
    fits: bool,
}

/// Whether the portal, whose patterns are JavaScript's, takes each text for an element.
fn takes(element: &Value, texts: &[&str]) -> Vec<bool> {
    let constraints = &element["constraints"];
    let mut patterns: Vec<&str> = constraints["regex"].as_str().into_iter().collect();
    let more = constraints["validations"].as_array().into_iter().flatten();
    patterns.extend(more.map(|one| one["regex"].as_str().unwrap()));
    let questions: Vec<_> = texts
        .iter()
        .map(|text| Tried {
            patterns: patterns.clone(),
            text,
        })
        .collect();
    const TRY: &str = "require('fs').readFileSync(0, 'utf8').trim().split('\\n').forEach(line => {
        const { patterns, text } = JSON.parse(line);
        console.log(JSON.stringify({ fits: patterns.every(it => new RegExp(it).test(text)) }));
    })";
    let answers: Vec<Fits> = parts::ask(Command::new("node").args(["-e", TRY]), &questions);
    answers.into_iter().map(|answer| answer.fits).collect()
}

#[test]
fn slips_of_the_pen_are_caught_while_they_are_made() {
    let elements = elements();
    let jwk = format!("{{\"kty\":\"RSA\",\"d\":\"{}\"}}", "a".repeat(300));
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----{}-----END PRIVATE KEY-----",
        "a".repeat(300)
    );
    for (path, good, bad) in [
        (
            "okta.domain",
            vec![
                "acme.okta.com",
                "https://acme.oktapreview.com/",
                "login.acme.co.uk",
                "sso-admin.acme.com",
            ],
            vec![
                "acme",
                "https://acme-admin.okta.com",
                "acme-admin.oktapreview.com",
                "acme.okta.com/app",
                "http://acme.okta.com",
                "acme okta.com",
                "",
            ],
        ),
        (
            "okta.clientId",
            vec!["0oa1client2of3the4app5"],
            vec!["0oa", "0oa1 client", ""],
        ),
        (
            "okta.apiToken",
            vec!["00abcdefghijklmnopqrstuvwxyzABCDEFGHIJ_-12"],
            vec!["SSWS 00abcdefghijklmnopqrstuvwxyzABCDEFGHIJ_-12", "short"],
        ),
        (
            "okta.privateKey",
            vec![jwk.as_str(), pem.as_str()],
            vec!["{}", &jwk[1..], "a key"],
        ),
        (
            "workspace.workspaceKey",
            vec![
                "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==",
            ],
            vec!["11111111-2222-3333-4444-555555555555"],
        ),
        (
            "runs.backfillDays",
            vec!["0", "7", "89", "90"],
            vec!["91", "-1", "07", "a week", ""],
        ),
        (
            "runs.alertEmail",
            vec!["soc@example.com"],
            vec!["soc", "soc@example", "a@b.c, d@e.f"],
        ),
    ] {
        assert_eq!(
            takes(&elements[path], &good),
            vec![true; good.len()],
            "{path}: {good:?}"
        );
        assert_eq!(
            takes(&elements[path], &bad),
            vec![false; bad.len()],
            "{path}: {bad:?}"
        );
    }
}

#[test]
fn what_the_form_takes_the_program_takes_too() {
    let schedules = elements()["runs.pollSchedule"]["constraints"]["allowedValues"].clone();
    for one in schedules.as_array().unwrap() {
        let schedule = one["value"].as_str().unwrap();
        assert_eq!(schedule.split(' ').count(), 6, "{schedule}");
    }
    for domain in [
        "acme.okta.com",
        "https://acme.oktapreview.com/",
        "login.acme.co.uk",
        "sso-admin.acme.com",
    ] {
        domain
            .parse::<okta_sentinel::okta::api::domain::OktaDomain>()
            .unwrap();
    }
    assert_eq!(
        form()["outputs"]["backfillDays"],
        json!("[int(steps('runs').backfillDays)]")
    );
}
