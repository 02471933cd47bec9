//! The detections fire on their attacks, and on nothing else.
//!
//! Microsoft's own analyser checks every query against the tables. Every rule is run over
//! [`scenario`]s: Okta events as we ship them, made from attacks that it must find and from near
//! misses that it must leave alone. A KQL engine runs the rule on its own schedule.

mod content;
mod encodings;
mod engine;
mod event;
mod findings;
mod format;
mod parses;
mod resolves;
mod scenario;
