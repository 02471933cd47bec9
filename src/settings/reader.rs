//! One pass over the environment that goes on after a problem, to report them all together.

use std::fmt::Display;

use secrecy::{ExposeSecret as _, SecretString};

use crate::settings::catalogue::{SETTINGS, Setting};
use crate::settings::environment::Environment;
use crate::settings::problems::{Problem, Problems};
use crate::settings::secret_parts::secret_parts;
use crate::telemetry::secrets;

/// The text of a setting and the name it was found under.
#[derive(Clone, Copy)]
pub(super) struct RawValue<'e> {
    pub(super) name: &'static str,
    pub(super) text: &'e str,
}

/// Reads settings and collects what is wrong with them.
pub(super) struct SettingsReader<'e> {
    environment: &'e Environment,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl<'e> SettingsReader<'e> {
    /// Begins with what is wrong whatever the other settings say.
    pub(super) fn begin(environment: &'e Environment) -> SettingsReader<'e> {
        let mut reader = SettingsReader {
            environment,
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        for name in PLATFORM_SECRETS {
            secrets::learn(name, reader.platform(name));
        }
        for setting in SETTINGS {
            let secret = reader.raw(setting).filter(|_| setting.secret);
            let parts = secret.map(|raw| secret_parts(raw.text)).unwrap_or_default();
            secrets::learn(setting.name, parts.iter().map(SecretString::expose_secret));
            if let Some(raw) = reader.raw(setting)
                && is_unresolved(raw.text)
            {
                reader.problem(raw.name, UNRESOLVED);
            }
        }
        reader
    }

    /// The value as written, of the first of its names that is set.
    fn raw(&self, setting: &Setting) -> Option<RawValue<'e>> {
        std::iter::once(&setting.name)
            .chain(setting.aliases)
            .find_map(|name| {
                Some(RawValue {
                    name,
                    text: self.environment.get(name)?,
                })
            })
    }

    /// Whether it has a value, good or not.
    pub(super) fn is_set(&self, setting: &Setting) -> bool {
        self.raw(setting).is_some()
    }

    /// The value, unless it is unset or an unresolved reference.
    pub(super) fn value(&self, setting: &Setting) -> Option<RawValue<'e>> {
        self.raw(setting).filter(|raw| !is_unresolved(raw.text))
    }

    /// The value parsed; `None` when it is unset, or wrong and noted as a problem.
    pub(super) fn optional<T, E: Display>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let raw = self.value(setting)?;
        self.noted(raw.name, parse(raw.text))
    }

    /// The value parsed, that of the catalogue's default when it is unset.
    pub(super) fn defaulted<T, E: Display>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let default = setting.default.map(|text| RawValue {
            name: setting.name,
            text,
        });
        let raw = self.value(setting).or(default)?;
        self.noted(raw.name, parse(raw.text))
    }

    /// The value parsed; that it is unset is a problem with `remedy`.
    pub(super) fn required<T, E: Display>(
        &mut self,
        setting: &Setting,
        remedy: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if !self.is_set(setting) {
            self.problem(setting.name, format!("not set; {remedy}"));
        }
        self.optional(setting, parse)
    }

    fn noted<T, E: Display>(&mut self, name: &'static str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|error| self.problem(name, error)).ok()
    }

    /// A variable that App Service or the Functions host sets by itself.
    pub(super) fn platform(&self, name: &str) -> Option<&'e str> {
        self.environment.get(name)
    }

    /// Notes a problem; reading goes on.
    pub(super) fn problem(&mut self, name: &'static str, fault: impl Display) {
        self.problems.push(Problem::new(name, fault));
    }

    /// Notes what an operator should know and no run stops for.
    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Warns of a setting that is set and counts for nothing.
    pub(super) fn unused(&mut self, setting: &Setting, why: impl Display) {
        self.warn(format!("{} is not used: {why}", setting.name));
    }

    /// The warnings, when nothing was wrong.
    pub(super) fn end(mut self) -> Result<Vec<String>, Problems> {
        if self.problems.is_empty() {
            return Ok(self.warnings);
        }
        self.problems
            .sort_by_key(|problem| position(problem.setting()));
        // Storage and ingestion both read the identity.
        self.problems.dedup();
        Err(Problems::new(self.problems))
    }
}

/// What App Service sets for requests to the managed identity's endpoint.
const PLATFORM_SECRETS: [&str; 2] = ["IDENTITY_HEADER", "MSI_SECRET"];

/// App Service leaves the reference itself in the setting when it cannot read the vault.
const UNRESOLVED: &str = "an unresolved Key Vault reference; give the app's identity the role Key \
    Vault Secrets User on the vault, check keyVaultReferenceIdentity, and after a deployment wait \
    some minutes for the role to count";

fn is_unresolved(text: &str) -> bool {
    const BEGINS: &str = "@Microsoft.KeyVault(";
    text.get(..BEGINS.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(BEGINS))
}

/// Where the catalogue lists a name; what it does not list comes last.
fn position(name: &str) -> usize {
    let listed = |setting: &Setting| setting.name == name || setting.aliases.contains(&name);
    SETTINGS.iter().position(listed).unwrap_or(SETTINGS.len())
}
