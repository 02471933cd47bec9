//! What all events of one session share: the person, the place, the browser and the device.

use super::assessment::Assessment;
use super::flows::Who;
use super::org_objects::App;
use super::people::{AGENTS, Agent, PLACES, Person, Place};
use super::rng::Rng;

/// Office addresses of a place; people share them.
const OFFICE_ADDRESSES: u64 = 4;

#[derive(Debug)]
pub(super) struct Session {
    pub(super) person: Person,
    pub(super) place: &'static Place,
    /// Seed of the client's address.
    pub(super) address: u64,
    pub(super) agent: &'static Agent,
    /// Seed of what identifies a browser: fingerprint, device token.
    pub(super) browser: u64,
    /// Whether Okta knows the device and says so.
    pub(super) device: bool,
    /// The application that the session uses.
    pub(super) app: App,
    pub(super) assessment: Assessment,
    /// Whether the debug data hold the assessment as `{k=v}` text.
    pub(super) assessed: bool,
    /// Whether the debug data of a sign-in hold it as JSON in a string too.
    pub(super) log_only: bool,
    /// Seed of the session's id.
    pub(super) id_seed: u64,
    /// The seed of a proxy's address, if requests came through one.
    pub(super) proxy: Option<u64>,
    /// Whether the address belongs to an anonymizing service.
    pub(super) anonymous: bool,
    pub(super) in_zone: bool,
    /// Whether the members that Identity Threat Protection added are sent.
    pub(super) newer: bool,
    pub(super) suspected: bool,
    pub(super) credential: &'static str,
    pub(super) factor: &'static str,
}

const CREDENTIALS: [&str; 4] = ["\"PASSWORD\"", "\"OTP\"", "\"ASSERTION\"", "null"];
const FACTORS: [&str; 4] = [
    "OKTA_VERIFY_PUSH",
    "SIGNED_NONCE",
    "FIDO_WEBAUTHN",
    "SMS_FACTOR",
];

impl Session {
    pub(super) fn of(session: u64, who: Who) -> Self {
        let rng = &mut Rng::new(session, 0x7669_7369);
        let person = match who {
            Who::Anyone => Person::of(rng),
            Who::Admin => Person::admin(rng),
        };
        // Draw every habit, used or not: the number of draws must not depend on a draw.
        let habits = &mut person.habits();
        let (home, at_home, in_office) =
            (habits.pick(&PLACES), habits.next_u64(), habits.chance(50));
        let known = habits.chance(60);
        let usual = (habits.pick(&AGENTS.0), habits.next_u64());
        let other = (habits.pick(&AGENTS.1), habits.next_u64());
        let (place, address) = match (rng.chance(5), in_office) {
            (true, _) => (rng.pick(&PLACES), rng.next_u64()),
            (false, true) => (home, rng.below(OFFICE_ADDRESSES)),
            (false, false) => (home, at_home),
        };
        let (agent, browser) = if rng.chance(85) { usual } else { other };
        Self {
            person,
            place,
            address,
            agent,
            browser,
            device: known && agent.platform.is_some(),
            app: App::of(rng),
            assessment: Assessment::of(rng),
            assessed: rng.chance(50),
            log_only: rng.chance(25),
            id_seed: rng.next_u64(),
            proxy: rng.chance(10).then(|| rng.below(OFFICE_ADDRESSES)),
            anonymous: rng.chance(6),
            in_zone: rng.chance(30),
            newer: rng.chance(14),
            suspected: rng.chance(3),
            credential: rng.word(&CREDENTIALS),
            factor: rng.word(&FACTORS),
        }
    }
}
