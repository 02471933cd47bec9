//! The detections fire on their attacks, and on nothing else.
//!
//! Every query is held against the tables by Microsoft's own analyser, and every rule is run over
//! [`scene`]s: Okta events as we ship them, told from attacks that it must find and from near
//! misses that it must leave alone. An engine that knows KQL plays them on the rule's own schedule.

mod content;
mod engine;
mod event;
mod format;
mod parses;
mod plays;
mod resolves;
mod scene;
