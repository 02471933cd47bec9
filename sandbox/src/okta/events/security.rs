//! `securityContext`: the client's network, and in newer events the risk assessment.

use super::json::Json;
use super::people::Place;
use super::session::Session;

/// `"securityContext":{…},`
pub(super) fn security_context(session: &Session, json: &mut Json<'_>) {
    let proxy = session.anonymous;
    json.raw("\"securityContext\":{");
    network(session.place, json);
    json.raw(",\"isProxy\":")
        .raw(if proxy { "true" } else { "false" });
    if session.newer {
        session.assessment.as_objects(json);
        json.raw(",\"ipDetails\":{");
        network(session.place, json);
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
