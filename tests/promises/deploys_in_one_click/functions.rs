//! The functions of template expressions that need nothing but their arguments.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// What the function gives; nothing where it is none of these.
pub(crate) fn call(name: &str, arguments: &[Value]) -> Option<Value> {
    let value = match (name, arguments) {
        ("concat", [Value::Array(_), ..]) => lists(arguments),
        ("concat", _) => arguments.iter().map(text).collect::<String>().into(),
        ("format", [pattern, values @ ..]) => format(&text(pattern), values).into(),
        ("string", [value]) => text(value).into(),
        ("toLower", [value]) => text(value).to_lowercase().into(),
        ("trim", [value]) => text(value).trim().into(),
        ("replace", [of, old, new]) => text(of).replace(&text(old), &text(new)).into(),
        ("split", [of, at]) => text(of).split(&text(at)).collect::<Vec<_>>().into(),
        ("take", [of, count]) => take(of, count),
        ("first", [Value::Array(list)]) => list.first().expect("an element").clone(),
        ("last", [Value::Array(list)]) => list.last().expect("an element").clone(),
        ("equals", [one, other]) => (one == other).into(),
        ("not", [value]) => (!truth(value)).into(),
        ("and", _) => arguments.iter().all(truth).into(),
        ("or", _) => arguments.iter().any(truth).into(),
        ("empty", [value]) => is_empty(value).into(),
        ("createArray", _) => arguments.to_vec().into(),
        ("createObject", _) => object(arguments),
        ("union", _) => union(arguments),
        ("uniqueString", _) => unique(arguments, 13).into(),
        ("guid", _) => guid(&unique(arguments, 32)).into(),
        _ => return None,
    };
    Some(value)
}

/// A value as text, which numbers are too where text is due.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("text was due, not {other}"),
    }
}

#[track_caller]
pub(crate) fn truth(value: &Value) -> bool {
    value.as_bool().expect("true or false")
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Null => true,
        other => panic!("{other} is neither empty nor full"),
    }
}

fn lists(arguments: &[Value]) -> Value {
    let lists = arguments
        .iter()
        .map(|list| list.as_array().expect("a list"));
    lists.flatten().cloned().collect::<Vec<_>>().into()
}

fn format(pattern: &str, values: &[Value]) -> String {
    let numbered = values.iter().enumerate();
    numbered.fold(pattern.to_owned(), |filled, (at, value)| {
        filled.replace(&format!("{{{at}}}"), &text(value))
    })
}

fn take(of: &Value, count: &Value) -> Value {
    let count = usize::try_from(count.as_u64().expect("a count")).unwrap();
    text(of).chars().take(count).collect::<String>().into()
}

fn object(arguments: &[Value]) -> Value {
    let (pairs, rest) = arguments.as_chunks::<2>();
    assert!(
        rest.is_empty(),
        "createObject takes names and values in turn"
    );
    let pairs = pairs
        .iter()
        .map(|[name, value]| (text(name), value.clone()));
    Value::Object(pairs.collect())
}

/// Objects are joined, the last one wins.
fn union(arguments: &[Value]) -> Value {
    let objects = arguments
        .iter()
        .map(|one| one.as_object().expect("an object"));
    let joined: Map<String, Value> = objects
        .flat_map(|one| {
            one.iter()
                .map(|(name, value)| (name.clone(), value.clone()))
        })
        .collect();
    json!(joined)
}

/// The service's own digest is not public; what counts is that it depends on all arguments alone.
fn unique(arguments: &[Value], length: usize) -> String {
    let joined: Vec<String> = arguments.iter().map(text).collect();
    let digest = Sha256::digest(joined.join("\0"));
    let letters = digest.iter().map(|byte| format!("{byte:02x}"));
    letters.collect::<String>()[..length].to_owned()
}

fn guid(hex: &str) -> String {
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}
