//! Risk and behaviours: the same facts in each of the encodings that Okta uses side by side.

use super::cast::Place;
use super::dice::Dice;
use super::estate;
use super::json::Json;
use super::visit::Visit;

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

/// What Okta thought of one request.
#[derive(Debug)]
pub(super) struct Assessment {
    level: &'static str,
    reasons: &'static str,
    /// One bit a behaviour of [`BEHAVIORS`].
    positive: u64,
}

impl Assessment {
    pub(super) fn of(dice: &mut Dice) -> Self {
        let level = dice.word(&LEVELS);
        let positive = if level == "LOW" {
            0
        } else {
            dice.below(1 << BEHAVIORS.len())
        };
        Self {
            level,
            reasons: dice.word(&REASONS),
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
    fn as_objects(&self, json: &mut Json<'_>) {
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
            estate::id("bev", place, json);
            json.raw("\",\"name\":\"").raw(name);
            json.raw("\",\"result\":\"").raw(result).raw("\"}");
        }
        json.raw("]");
    }
}

/// `"securityContext":{…},`
pub(super) fn security_context(visit: &Visit, json: &mut Json<'_>) {
    let proxy = visit.anonymous;
    json.raw("\"securityContext\":{");
    network(visit.place, json);
    json.raw(",\"isProxy\":")
        .raw(if proxy { "true" } else { "false" });
    if visit.newer {
        visit.assessment.as_objects(json);
        json.raw(",\"ipDetails\":{");
        network(visit.place, json);
        json.raw(",\"ipServiceCategories\":[");
        if proxy {
            json.raw("{\"type\":\"VPN\",\"operator\":\"NORD_VPN\",\"isAnonymous\":true}");
        }
        json.raw("]},\"botProtection\":null");
    }
    json.raw("},");
}

fn network(place: &Place, json: &mut Json<'_>) {
    json.raw("\"asNumber\":")
        .number(place.as_number)
        .raw(",\"asOrg\":")
        .text(place.as_org);
    json.raw(",\"isp\":")
        .text(place.as_org)
        .raw(",\"domain\":")
        .text(place.domain);
}
