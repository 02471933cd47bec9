//! Risk level and behaviours of a request, in each of the encodings that Okta uses.

use super::json::Json;
use super::org_objects;
use super::rng::Rng;

const LEVELS: [&str; 10] = [
    "LOW", "LOW", "LOW", "LOW", "LOW", "LOW", "LOW", "MEDIUM", "MEDIUM", "HIGH",
];

const BEHAVIORS: [&str; 7] = [
    "New Geo-Location",
    "New Device",
    "New IP",
    "New State",
    "New Country",
    "Velocity",
    "New City",
];

const REASONS: [&str; 4] = [
    "Anomalous Location, Anomalous Device",
    "Anomalous Geo Distance",
    "Suspicious IP, \"impossible\" travel",
    "Suspected Threat Actor",
];

/// Okta's risk assessment of one request.
#[derive(Debug)]
pub(super) struct Assessment {
    level: &'static str,
    reasons: &'static str,
    /// One bit a behaviour of [`BEHAVIORS`].
    positive: u64,
}

impl Assessment {
    pub(super) fn of(rng: &mut Rng) -> Self {
        let level = rng.word(&LEVELS);
        let positive = if level == "LOW" {
            0
        } else {
            rng.below(1 << BEHAVIORS.len())
        };
        Self {
            level,
            reasons: rng.word(&REASONS),
            positive,
        }
    }

    fn behaviors(&self) -> impl Iterator<Item = (&'static str, &'static str)> + '_ {
        BEHAVIORS.iter().enumerate().map(|(place, name)| {
            (
                *name,
                if self.positive >> place & 1 == 1 {
                    "POSITIVE"
                } else {
                    "NEGATIVE"
                },
            )
        })
    }

    /// `"{k=v, …}"`, the form of `debugData.risk` and `debugData.behaviors`.
    pub(super) fn as_maps(&self, json: &mut Json<'_>) {
        json.raw(",\"risk\":\"{");
        if self.level != "LOW" {
            json.raw("reasons=").escaped(self.reasons).raw(", ");
        }
        json.raw("level=")
            .raw(self.level)
            .raw("}\",\"behaviors\":\"{");
        for (place, (name, result)) in self.behaviors().enumerate() {
            json.raw(if place == 0 { "" } else { ", " })
                .raw(name)
                .raw("=")
                .raw(result);
        }
        json.raw("}\"");
    }

    /// JSON in a JSON string, the form of `debugData.logOnlySecurityData`.
    pub(super) fn as_json_text(&self, json: &mut Json<'_>) {
        json.raw(",\"logOnlySecurityData\":\"{\\\"risk\\\":{\\\"level\\\":\\\"")
            .raw(self.level);
        if self.level != "LOW" {
            json.raw("\\\",\\\"reasons\\\":\\\"")
                .raw(match self.reasons {
                    quoted if quoted.contains('"') => {
                        "Suspicious IP, \\\\\\\"impossible\\\\\\\" travel"
                    }
                    plain => plain,
                });
        }
        json.raw("\\\"},\\\"behaviors\\\":{");
        for (place, (name, result)) in self.behaviors().enumerate() {
            json.raw(if place == 0 { "\\\"" } else { ",\\\"" })
                .raw(name);
            json.raw("\\\":\\\"").raw(result).raw("\\\"");
        }
        json.raw("}}\"");
    }

    /// Objects and arrays, the form of the newer `securityContext`.
    pub(super) fn as_objects(&self, json: &mut Json<'_>) {
        json.raw(",\"risk\":{\"level\":\"")
            .raw(self.level)
            .raw("\",\"previousLevel\":");
        json.raw(if self.positive % 2 == 1 {
            "\"LOW\""
        } else {
            "null"
        })
        .raw(",\"reasons\":[");
        if self.level != "LOW" {
            json.text(self.reasons);
        }
        json.raw("],\"detectionName\":null,\"issuer\":\"OKTA\"},\"userBehaviors\":[");
        for (place, (name, result)) in (0..).zip(self.behaviors().take(4)) {
            json.raw(if place == 0 {
                "{\"id\":\""
            } else {
                ",{\"id\":\""
            });
            org_objects::id("bev", place, json);
            json.raw("\",\"name\":\"").raw(name);
            json.raw("\",\"result\":\"").raw(result).raw("\"}");
        }
        json.raw("]");
    }
}
