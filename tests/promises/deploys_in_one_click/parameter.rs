//! Declarations of parameters, which a value must fit.

use serde_json::Value;

/// Whether the service would take the value for this parameter.
#[track_caller]
pub(crate) fn fits(name: &str, declaration: &Value, value: &Value) {
    let kind = declaration["type"].as_str().expect("a type").to_lowercase();
    let right = match kind.as_str() {
        "string" | "securestring" => value.is_string(),
        "int" => value.is_i64(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        other => panic!("parameters of type {other} are not known here"),
    };
    // A value that another deployment has yet to give.
    assert!(
        right || value.get("pending").is_some(),
        "{name} is no {kind}: {value}"
    );
    if let Some(allowed) = declaration["allowedValues"].as_array() {
        assert!(allowed.contains(value), "{name} may not be {value}");
    }
    let length = value.as_str().map_or(0, str::len) as u64;
    assert!(
        declaration["minLength"]
            .as_u64()
            .is_none_or(|least| length >= least),
        "{name} is too short"
    );
    assert!(
        declaration["maxLength"]
            .as_u64()
            .is_none_or(|most| length <= most),
        "{name} is too long"
    );
    let number = value.as_i64().unwrap_or_default();
    assert!(
        declaration["minValue"]
            .as_i64()
            .is_none_or(|least| number >= least),
        "{name} is too small"
    );
    assert!(
        declaration["maxValue"]
            .as_i64()
            .is_none_or(|most| number <= most),
        "{name} is too large"
    );
}
