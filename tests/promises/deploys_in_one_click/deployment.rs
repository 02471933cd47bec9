//! What a template makes of its parameters: the resources that Azure would be asked for, in order.
//!
//! Strict where the service is: a parameter must fit its declaration, what is known at run time
//! only may not name a resource, and whatever is referred to must be deployed.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::azure::{Azure, Place};
use super::expression::{self, Expression};
use super::functions::{self, text, truth};
use super::order::{Header, in_order, reaches};
use super::parameter::fits;

/// One resource with everything worked out.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// Its body as it would be put, without `condition` and `dependsOn`.
    pub(crate) body: Value,
    needs: BTreeSet<String>,
    /// The deployments inside this one that it is part of.
    within: BTreeSet<String>,
}

impl Resource {
    fn is_part_of(&self, id: &String) -> bool {
        self.id == *id || self.within.contains(id)
    }
}

/// A deployment, those inside it included.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deployment {
    /// In an order that its dependencies allow.
    pub(crate) resources: Vec<Resource>,
    pub(crate) outputs: Map<String, Value>,
    /// What each deployment inside it was given and gave: the service keeps both in its history.
    pub(crate) history: Vec<Value>,
}

impl Deployment {
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.resources.iter().filter(move |one| one.kind == kind)
    }

    /// The only resource of this kind.
    #[track_caller]
    pub(crate) fn only(&self, kind: &str) -> &Resource {
        let all = self.resources.iter();
        let found: Vec<&Resource> = all.filter(|one| one.kind == kind).collect();
        assert_eq!(found.len(), 1, "{kind}");
        found[0]
    }

    /// Whether `later` is put only once `earlier` is there, however the rest is ordered.
    pub(crate) fn waits_for(&self, later: &Resource, earlier: &Resource) -> bool {
        let (mut seen, mut next) = (BTreeSet::new(), vec![later]);
        while let Some(one) = next.pop() {
            for need in &one.needs {
                if earlier.is_part_of(need) {
                    return true;
                }
                if seen.insert(need) {
                    next.extend(self.resources.iter().filter(|other| other.is_part_of(need)));
                }
            }
        }
        false
    }
}

/// Deploys `template` to `place`.
#[track_caller]
pub(crate) fn deploy(azure: &Azure, place: &Place, template: &Value, given: &Value) -> Deployment {
    let given = given.as_object().expect("parameters by name");
    let scope = Scope {
        azure,
        place,
        template,
        given,
        runtime: Cell::new(false),
        referred: RefCell::default(),
        deployed: RefCell::default(),
    };
    scope.deploy()
}

struct Scope<'a> {
    azure: &'a Azure,
    place: &'a Place,
    template: &'a Value,
    given: &'a Map<String, Value>,
    /// Whether what is known at run time only may be used here.
    runtime: Cell<bool>,
    /// The resources that the present resource refers to.
    referred: RefCell<BTreeSet<String>>,
    /// Outputs of the deployments inside this one, by their ids.
    deployed: RefCell<BTreeMap<String, Value>>,
}

impl Scope<'_> {
    fn deploy(&self) -> Deployment {
        let declared = self.template["parameters"].as_object().expect("parameters");
        for name in self.given.keys() {
            assert!(
                declared.contains_key(name),
                "the template has no parameter {name}"
            );
        }
        for (name, declaration) in declared {
            fits(name, declaration, &self.parameter(name));
        }
        let mut deployment = Deployment::default();
        let (wanted, left_out) = self.headers();
        for (id, resource) in in_order(wanted, &left_out) {
            self.put(&id, resource, &mut deployment);
        }
        self.runtime.set(true);
        let outputs = self.template["outputs"].as_object().into_iter().flatten();
        deployment.outputs = outputs
            .map(|(name, output)| (name.clone(), self.value(&output["value"])))
            .collect();
        deployment
    }

    /// What is deployed with what it must wait for, and the ids of what is not.
    fn headers(&self) -> (Vec<Header<'_>>, BTreeSet<String>) {
        let (mut wanted, mut left_out) = (Vec::new(), BTreeSet::new());
        let none = json!([]);
        for resource in self.template["resources"].as_array().expect("resources") {
            let id = self.id_of(resource);
            if truth(&self.value(resource.get("condition").unwrap_or(&json!(true)))) {
                let listed = self.value(resource.get("dependsOn").unwrap_or(&none));
                let needs = listed.as_array().unwrap().iter().map(text).collect();
                wanted.push(Header {
                    id,
                    resource,
                    needs,
                });
            } else {
                left_out.insert(id);
            }
        }
        let known: BTreeSet<String> = wanted.iter().map(|one| one.id.clone()).collect();
        for header in &wanted {
            let referred = self.referred_by(header.resource);
            let gone: Vec<_> = referred.intersection(&left_out).collect();
            assert!(
                gone.is_empty(),
                "{} refers to {gone:?}, not deployed",
                header.id
            );
            // What nobody deploys here exists already. A reference that names its API version is
            // none that the service waits for.
            for one in referred.intersection(&known) {
                assert!(
                    reaches(&wanted, header, one),
                    "{} does not wait for {one}",
                    header.id
                );
            }
        }
        (wanted, left_out)
    }

    /// The resources that `reference` is called for in what is really worked out of it.
    fn referred_by(&self, resource: &Value) -> BTreeSet<String> {
        self.runtime.set(true);
        self.referred.take();
        let nested = resource["type"] == "Microsoft.Resources/deployments";
        let body = if nested {
            &resource["properties"]["parameters"]
        } else {
            &resource["properties"]
        };
        self.value(body);
        self.runtime.set(false);
        self.referred.take()
    }

    fn id_of(&self, resource: &Value) -> String {
        let kind = text(&resource["type"]);
        let name = text(&self.value(&resource["name"]));
        let own = |key: &str, else_: &str| match resource.get(key) {
            Some(value) if kind == "Microsoft.Resources/deployments" => text(&self.value(value)),
            _ => else_.to_owned(),
        };
        let place = Place {
            subscription: own("subscriptionId", &self.place.subscription),
            group: own("resourceGroup", &self.place.group),
        };
        match resource.get("scope") {
            Some(scope) => format!("{}/providers/{kind}/{name}", text(&self.value(scope))),
            None => place.id(
                &kind,
                &name.split('/').map(str::to_owned).collect::<Vec<_>>(),
            ),
        }
    }

    fn put(&self, id: &str, header: Header<'_>, deployment: &mut Deployment) {
        if header.resource["type"] == "Microsoft.Resources/deployments" {
            return self.put_nested(id, header, deployment);
        }
        let mut body = header.resource.clone();
        let fields = body.as_object_mut().unwrap();
        fields.remove("condition");
        fields.remove("dependsOn");
        for (name, value) in fields.iter_mut() {
            // The service knows what runs only when it puts the properties.
            self.runtime.set(name == "properties");
            *value = self.value(value);
        }
        self.runtime.set(false);
        deployment.resources.push(Resource {
            id: id.to_owned(),
            kind: text(&header.resource["type"]),
            body,
            needs: header.needs,
            within: BTreeSet::new(),
        });
    }

    /// A deployment in a scope of its own: its resources take its place.
    fn put_nested(&self, id: &str, header: Header<'_>, deployment: &mut Deployment) {
        let properties = &header.resource["properties"];
        assert_eq!(
            properties["expressionEvaluationOptions"]["scope"], "inner",
            "{id}"
        );
        self.runtime.set(true);
        let given = self.value(&properties["parameters"]);
        self.runtime.set(false);
        let given: Map<String, Value> = given
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, one)| (name.clone(), one["value"].clone()))
            .collect();
        let place = Place::of_id(id);
        let inner = deploy(self.azure, &place, &properties["template"], &json!(given));
        let outputs: Map<String, Value> = inner
            .outputs
            .iter()
            .map(|(name, value)| (name.clone(), json!({ "value": value })))
            .collect();
        deployment
            .history
            .push(json!({ "parameters": given, "outputs": outputs }));
        self.deployed
            .borrow_mut()
            .insert(id.to_owned(), json!({ "outputs": outputs }));
        deployment.history.extend(inner.history);
        let outer = header.needs;
        deployment
            .resources
            .extend(inner.resources.into_iter().map(|mut one| {
                one.needs.extend(outer.iter().cloned());
                one.within.insert(id.to_owned());
                one
            }));
    }

    /// The value with every expression in it worked out, in its keys too.
    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(written) => match expression::read(written) {
                Some(expression) => self.expression(&expression),
                None => value.clone(),
            },
            Value::Array(list) => list.iter().map(|one| self.value(one)).collect(),
            Value::Object(map) => {
                let key = |name: &str| text(&self.value(&json!(name)));
                Value::Object(
                    map.iter()
                        .map(|(name, one)| (key(name), self.value(one)))
                        .collect(),
                )
            }
            other => other.clone(),
        }
    }

    fn expression(&self, expression: &Expression) -> Value {
        match expression {
            Expression::Text(text) => json!(text),
            Expression::Number(number) => json!(number),
            Expression::Member(of, name) => self.member(&self.expression(of), name),
            Expression::Element(of, at) => {
                let (of, at) = (self.expression(of), self.expression(at));
                let at = usize::try_from(at.as_u64().expect("an index")).unwrap();
                of.get(at)
                    .unwrap_or_else(|| panic!("{of} has no element {at}"))
                    .clone()
            }
            Expression::Call(name, arguments) if name == "if" => {
                let [condition, yes, no] = arguments.as_slice() else {
                    panic!("if takes three arguments");
                };
                self.expression(if truth(&self.expression(condition)) {
                    yes
                } else {
                    no
                })
            }
            Expression::Call(name, arguments) => {
                let arguments: Vec<Value> =
                    arguments.iter().map(|one| self.expression(one)).collect();
                functions::call(name, &arguments).unwrap_or_else(|| self.call(name, &arguments))
            }
        }
    }

    fn member(&self, of: &Value, name: &str) -> Value {
        // Before the deployment inside has run, only its id is known; nobody looks at the value.
        if of.get("pending").is_some() {
            return of.clone();
        }
        of.get(name)
            .unwrap_or_else(|| panic!("{of} has no {name}"))
            .clone()
    }

    /// The functions that look at the deployment and the world around it.
    fn call(&self, name: &str, arguments: &[Value]) -> Value {
        let texts: Vec<String> = arguments
            .iter()
            .filter_map(|one| Some(one.as_str()?.to_owned()))
            .collect();
        match (name, texts.as_slice()) {
            ("parameters", [name]) => self.parameter(name),
            ("variables", [name]) => self.variable(name),
            ("environment", []) => self.azure.environment(),
            ("resourceGroup", []) => self.azure.group(self.place),
            ("subscription", []) => self.azure.subscription(self.place),
            ("resourceId", _) => self.place.resource_id(&texts).into(),
            ("subscriptionResourceId", [kind, name]) => format!(
                "/subscriptions/{}/providers/{kind}/{name}",
                self.place.subscription
            )
            .into(),
            ("reference", [id, ..]) => {
                self.reference(id, texts.get(2).is_some_and(|it| it == "Full"))
            }
            ("listKeys", [id, _version]) => {
                self.at_run_time(id);
                self.azure.keys_of(id)
            }
            _ => panic!("{name}({texts:?}) is not known here"),
        }
    }

    fn at_run_time(&self, id: &str) {
        assert!(
            self.runtime.get(),
            "{id} is known at run time only, which is too late here"
        );
        self.referred.borrow_mut().insert(id.to_owned());
    }

    fn reference(&self, id: &str, whole: bool) -> Value {
        self.at_run_time(id);
        if !id.contains("/Microsoft.Resources/deployments/") {
            return self.azure.state_of(id, whole);
        }
        let deployed = self.deployed.borrow();
        deployed
            .get(id)
            .cloned()
            .unwrap_or_else(|| json!({ "pending": id }))
    }

    fn parameter(&self, name: &str) -> Value {
        let declared = self.template["parameters"].get(name);
        let declared = declared.unwrap_or_else(|| panic!("there is no parameter {name}"));
        let given = self.given.get(name).cloned();
        let fallback = || {
            self.value(
                declared
                    .get("defaultValue")
                    .unwrap_or_else(|| panic!("{name} is due")),
            )
        };
        given.unwrap_or_else(fallback)
    }

    /// Variables are worked out before anything runs.
    fn variable(&self, name: &str) -> Value {
        let written = self.template["variables"].get(name);
        let runtime = self.runtime.replace(false);
        let value = self.value(written.unwrap_or_else(|| panic!("there is no variable {name}")));
        self.runtime.set(runtime);
        value
    }
}
