//! What all events of one session have in common: who is there, from where, with what.

use super::cast::{AGENTS, Agent, PLACES, Person, Place};
use super::dice::Dice;
use super::estate::App;
use super::security::Assessment;
use super::stories::Who;

/// Addresses that a place's people share, who sit in an office.
const OFFICE_ADDRESSES: u64 = 4;

#[derive(Debug)]
pub(super) struct Visit {
    pub(super) person: Person,
    pub(super) place: &'static Place,
    /// Seed of the client's address.
    pub(super) address: u64,
    pub(super) agent: &'static Agent,
    /// Seed of what tells a browser from others: fingerprint, device token.
    pub(super) browser: u64,
    /// Whether Okta knows the device and says so.
    pub(super) device: bool,
    /// The application that it is all about.
    pub(super) app: App,
    pub(super) assessment: Assessment,
    /// Whether debug data tell it as text in braces, and those of sign-ins as JSON in text.
    pub(super) assessed: bool,
    pub(super) log_only: bool,
    /// Seed of the session's id.
    pub(super) session: u64,
    /// The seed of a proxy's address, if requests came through one.
    pub(super) proxy: Option<u64>,
    /// Whether the address is known for hiding people.
    pub(super) anonymous: bool,
    pub(super) in_zone: bool,
    /// Whether Okta sends what Identity Threat Protection added.
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

impl Visit {
    pub(super) fn of(session: u64, who: Who) -> Self {
        let dice = &mut Dice::new(session, 0x7669_7369);
        let person = match who {
            Who::Anyone => Person::of(dice),
            Who::Admin => Person::admin(dice),
        };
        // All habits are drawn, whatever counts today: else one would change with another.
        let habits = &mut person.habits();
        let (home, at_home, in_office) = (habits.pick(&PLACES), habits.roll(), habits.chance(50));
        let known = habits.chance(60);
        let usual = (habits.pick(&AGENTS.0), habits.roll());
        let other = (habits.pick(&AGENTS.1), habits.roll());
        let (place, address) = match (dice.chance(5), in_office) {
            (true, _) => (dice.pick(&PLACES), dice.roll()),
            (false, true) => (home, dice.below(OFFICE_ADDRESSES)),
            (false, false) => (home, at_home),
        };
        let (agent, browser) = if dice.chance(85) { usual } else { other };
        Self {
            person,
            place,
            address,
            agent,
            browser,
            device: known && agent.platform.is_some(),
            app: App::of(dice),
            assessment: Assessment::of(dice),
            assessed: dice.chance(50),
            log_only: dice.chance(25),
            session: dice.roll(),
            proxy: dice.chance(10).then(|| dice.below(OFFICE_ADDRESSES)),
            anonymous: dice.chance(6),
            in_zone: dice.chance(30),
            newer: dice.chance(14),
            suspected: dice.chance(3),
            credential: dice.word(&CREDENTIALS),
            factor: dice.word(&FACTORS),
        }
    }
}
