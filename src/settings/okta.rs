//! Which org to read, as whom, from where and how fast.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::net::address;
use crate::okta::api::domain::OktaDomain;
use crate::okta::api::domain::OktaDomainError;
use crate::okta::api::rate::RateShare;
use crate::settings::catalogue::{
    OKTA_BACKFILL_DAYS, OKTA_DOMAIN, OKTA_FILTER, OKTA_RATE_SHARE, OKTA_START_AT,
};
use crate::settings::credential::CredentialSettings;
use crate::settings::number::whole_number;
use crate::settings::reader::SettingsReader;

/// Which log to read and how.
#[derive(Clone, Debug)]
pub struct OktaSettings {
    /// The org.
    pub domain: OktaDomain,
    /// Who asks.
    pub credential: CredentialSettings,
    /// Okta's filter expression, as written.
    pub filter: Option<String>,
    /// Where a first run starts.
    pub start: Start,
    /// How much of the rate limit may be used.
    pub rate_share: RateShare,
}

impl OktaSettings {
    pub(super) fn read(
        reader: &mut SettingsReader<'_>,
        now: DateTime<Utc>,
    ) -> Option<OktaSettings> {
        // Microsoft's `uri` is the whole request; ours is the host alone, and says so when it is not.
        let is_request = reader
            .value(&OKTA_DOMAIN)
            .is_some_and(|raw| raw.name != OKTA_DOMAIN.name);
        let domain = reader.required(
            &OKTA_DOMAIN,
            "write the org's address, such as acme.okta.com",
            |text| domain(text, is_request),
        );
        let credential = CredentialSettings::read(reader);
        let filter = reader.value(&OKTA_FILTER).map(|raw| raw.text.to_owned());
        let start = start(reader, now);
        let rate_share = reader.defaulted(&OKTA_RATE_SHARE, rate_share);
        Some(OktaSettings {
            domain: domain?,
            credential: credential?,
            filter,
            start: start?,
            rate_share: rate_share?,
        })
    }
}

fn domain(text: &str, is_request: bool) -> Result<OktaDomain, OktaDomainError> {
    match is_request {
        true => address::before_path(text).parse(),
        false => text.parse(),
    }
}

/// Where a first run starts; a saved cursor wins over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// This many days before the run, at most [`Start::MAX_DAYS`].
    Backfill {
        /// 0 is now.
        days: u32,
    },
    /// At this instant.
    At(DateTime<Utc>),
}

impl Start {
    /// How long Okta keeps its log, in days; what is older is left out of its answers in silence.
    pub(crate) const MAX_DAYS: u32 = 90;

    /// A start at `at`, or 90 days ago where that is later, then with a warning for the operator
    /// that begins with what gave the instant (`OKTA_START_AT`, `--since`).
    ///
    /// # Errors
    /// `at` lies after `now`.
    pub fn at(
        at: DateTime<Utc>,
        now: DateTime<Utc>,
        setting: &str,
    ) -> Result<(Start, Option<String>), String> {
        if at > now {
            return Err(format!(
                "{} lies in the future; write an instant up to 90 days ago",
                rfc3339(&at)
            ));
        }
        let days = Start::MAX_DAYS;
        let oldest = Start::Backfill { days }.instant(now);
        if at >= oldest {
            return Ok((Start::At(at), None));
        }
        let (from, written) = (rfc3339(&oldest), rfc3339(&at));
        let warning = format!(
            "{setting}: Okta keeps its log for {days} days, so the first run starts at {from} instead of {written}"
        );
        Ok((Start::At(oldest), Some(warning)))
    }

    /// The instant that a run at `now` starts from.
    pub fn instant(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Start::Backfill { days } => now - TimeDelta::days(i64::from(days)),
            Start::At(at) => at,
        }
    }
}

fn start(reader: &mut SettingsReader<'_>, now: DateTime<Utc>) -> Option<Start> {
    let backfill = reader.defaulted(&OKTA_BACKFILL_DAYS, |text| {
        whole_number(text, 0..=Start::MAX_DAYS).map(|days| Start::Backfill { days })
    });
    let at = reader.optional(&OKTA_START_AT, |text| {
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| {
            let shown = address::shown(text);
            format!("{shown} is not an RFC 3339 time; write it as 2026-11-01T00:00:00Z")
        })?;
        Start::at(at.to_utc(), now, OKTA_START_AT.name)
    });
    let Some((start, warning)) = at else {
        return backfill;
    };
    warning.into_iter().for_each(|warning| reader.warn(warning));
    Some(start)
}

fn rfc3339(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn rate_share(text: &str) -> Result<RateShare, String> {
    text.parse().ok().and_then(RateShare::new).ok_or_else(|| {
        let shown = address::shown(text);
        format!("{shown} is not a number above 0 and up to 1; write one such as 0.5")
    })
}
