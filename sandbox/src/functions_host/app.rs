//! A function app on disk: `host.json` and one `function.json` per function.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

/// `functionTimeout` when `host.json` names none: the default of the Flex plan.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// One function of the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The folder's name, and the path it is invoked by.
    pub name: String,
    /// Type of the trigger, such as `timerTrigger`.
    pub trigger: String,
    /// Name of the trigger's binding: the key of its data.
    pub binding: String,
}

/// Why a folder is no function app.
#[derive(Debug)]
pub enum AppError {
    /// A file or folder could not be read.
    Unreadable(PathBuf, std::io::Error),
    /// A file is not what the host expects.
    Invalid(PathBuf, String),
}

impl fmt::Display for AppError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, problem) => {
                write!(formatter, "{} cannot be read: {problem}", path.display())
            }
            Self::Invalid(path, problem) => {
                write!(
                    formatter,
                    "{} is refused by the host: {problem}",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for AppError {}

#[derive(Debug)]
pub(super) struct App {
    pub(super) executable: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) working_directory: PathBuf,
    /// None when unbounded.
    pub(super) function_timeout: Option<Duration>,
    pub(super) functions: Vec<Function>,
    /// Functions that were left out, with the reason: the host starts without them.
    pub(super) problems: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HostFile {
    version: String,
    function_timeout: Option<String>,
    custom_handler: CustomHandler,
}

#[derive(Deserialize)]
struct CustomHandler {
    description: Description,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    default_executable_path: String,
    #[serde(default)]
    working_directory: String,
    #[serde(default)]
    arguments: Vec<String>,
}

#[derive(Deserialize)]
struct FunctionFile {
    bindings: Vec<Binding>,
}

#[derive(Deserialize)]
struct Binding {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    schedule: Option<String>,
}

type Settings = HashMap<String, String>;

impl App {
    pub(super) fn load(root: &Path, settings: &Settings) -> Result<Self, AppError> {
        let path = root.join("host.json");
        let host: HostFile = read(&path)?;
        if host.version != "2.0" {
            return Err(AppError::Invalid(
                path,
                format!("version is {}, not 2.0", host.version),
            ));
        }
        let function_timeout = match host.function_timeout.as_deref() {
            None => Some(DEFAULT_TIMEOUT),
            Some("-1") => None,
            Some(text) => Some(time_span(text).ok_or_else(|| {
                AppError::Invalid(path, format!("functionTimeout {text} is no time span"))
            })?),
        };
        let description = host.custom_handler.description;
        let (functions, problems) = functions(root, settings)?;
        Ok(Self {
            executable: executable(
                root,
                &expand(&description.default_executable_path, settings),
            ),
            arguments: description
                .arguments
                .iter()
                .map(|text| expand(text, settings))
                .collect(),
            working_directory: root.join(description.working_directory),
            function_timeout,
            functions,
            problems,
        })
    }

    pub(super) fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// The key of the trigger's data; any name for a function that is not there.
    pub(super) fn binding_of(&self, function: &str) -> &str {
        self.function(function)
            .map_or("trigger", |function| &function.binding)
    }
}

fn functions(root: &Path, settings: &Settings) -> Result<(Vec<Function>, Vec<String>), AppError> {
    let unreadable = |problem| AppError::Unreadable(root.to_owned(), problem);
    let (mut functions, mut problems) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(root).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path().join("function.json");
        let name = entry.file_name().to_string_lossy().into_owned();
        if !path.is_file() || disabled(&name, settings) {
            continue;
        }
        match index(&name, read(&path)?, settings) {
            Ok(function) => functions.push(function),
            Err(problem) => problems.push(problem),
        }
    }
    functions.sort_by(|one, other| one.name.cmp(&other.name));
    Ok((functions, problems))
}

fn index(name: &str, file: FunctionFile, settings: &Settings) -> Result<Function, String> {
    let trigger = file
        .bindings
        .into_iter()
        .find(|binding| binding.kind.to_ascii_lowercase().ends_with("trigger"))
        .ok_or_else(|| format!("The function {name} has no trigger binding."))?;
    if let Some(setting) = trigger.schedule.as_deref().and_then(variable)
        && !settings.contains_key(setting)
    {
        return Err(format!(
            "Error indexing method 'Functions.{name}': '%{setting}%' does not resolve to a value."
        ));
    }
    Ok(Function {
        name: name.to_owned(),
        trigger: trigger.kind,
        binding: trigger.name,
    })
}

fn disabled(function: &str, settings: &Settings) -> bool {
    let value = settings.get(&format!("AzureWebJobs.{function}.Disabled"));
    value.is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
}

fn variable(text: &str) -> Option<&str> {
    text.strip_prefix('%')?.strip_suffix('%')
}

/// Relative paths count from the app's folder if the file is there, else they are a command.
fn executable(root: &Path, path: &str) -> PathBuf {
    let beside = root.join(path);
    if beside.is_file() {
        beside
    } else {
        PathBuf::from(path)
    }
}

/// Replaces each `%NAME%`; an unknown one leaves nothing behind.
fn expand(text: &str, settings: &Settings) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = rest.split_once('%').and_then(|(before, tail)| {
        tail.split_once('%')
            .map(|(name, after)| (before, name, after))
    }) {
        expanded.push_str(before);
        expanded.push_str(settings.get(name).map_or("", String::as_str));
        rest = after;
    }
    expanded + rest
}

/// `hh:mm:ss` or `d.hh:mm:ss`, whole seconds.
fn time_span(text: &str) -> Option<Duration> {
    let (days, clock) = text.split_once('.').unwrap_or(("0", text));
    let mut parts = clock.split(':').map(str::parse::<u64>);
    let (hours, minutes, seconds) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    let days: u64 = days.parse().ok()?;
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some(Duration::from_secs(
        ((days * 24 + hours) * 60 + minutes) * 60 + seconds,
    ))
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, AppError> {
    let text = fs::read_to_string(path)
        .map_err(|problem| AppError::Unreadable(path.to_owned(), problem))?;
    serde_json::from_str(&text)
        .map_err(|problem| AppError::Invalid(path.to_owned(), problem.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_dot_nets() {
        assert_eq!(time_span("00:10:00"), Some(Duration::from_secs(600)));
        assert_eq!(time_span("1.00:00:01"), Some(Duration::from_secs(86_401)));
        for wrong in ["10", "00:61:00", "24:00:00", "00:00:00:00", ""] {
            assert_eq!(time_span(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn app_settings_replace_their_names() {
        let settings = Settings::from([("A".to_owned(), "x".to_owned())]);
        assert_eq!(expand("--a=%A%, %B% 5%", &settings), "--a=x,  5%");
    }
}
