//! Configuration: compiled-in documented defaults < a file < the environment.
//!
//! The defaults name every key there is. What they don't name is refused, and all faults are told at once.

use std::{collections::BTreeSet, path::Path};

use config::{Environment, File, FileFormat, Value, ValueKind};
use serde::de::DeserializeOwned;

/// Prefix of environment variables: `HALLEY_REST__LISTEN` is the key `rest.listen`.
pub const ENV_PREFIX: &str = "HALLEY";

/// Everything that is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} fault(s):\n{}", .0.len(), .0.iter().map(|f| format!("  - {f}")).collect::<Vec<_>>().join("\n"))]
pub struct ConfigFaults(pub Vec<String>);

/// Checks what types can't say.
pub trait Validate {
    /// Every fault, as `key: what is wrong`.
    fn faults(&self) -> Vec<String>;
}

/// Reads a configuration from its sources. `env` is the process's environment, given so that tests can give another.
pub fn load<T>(
    defaults: &str,
    file: Option<&Path>,
    env: impl IntoIterator<Item = (String, String)>,
) -> Result<T, ConfigFaults>
where
    T: DeserializeOwned + Validate,
{
    let one = |fault: String| ConfigFaults(vec![fault]);
    let known = config::Config::builder()
        .add_source(File::from_str(defaults, FileFormat::Toml))
        .build()
        .map_err(|error| one(format!("the built-in defaults: {error}")))?;
    let env = env
        .into_iter()
        .filter(|(key, _)| {
            key.strip_prefix(ENV_PREFIX).is_some_and(|rest| rest.starts_with('_') && rest.contains("__"))
        })
        .collect();
    let mut sources = config::Config::builder().add_source(File::from_str(defaults, FileFormat::Toml));
    if let Some(path) = file {
        sources = sources.add_source(File::from(path).format(FileFormat::Toml).required(true));
    }
    let merged = sources
        .add_source(Environment::with_prefix(ENV_PREFIX).prefix_separator("_").separator("__").source(Some(env)))
        .build()
        .map_err(|error| one(error.to_string()))?;

    let mut faults = Vec::new();
    compare("", &known.cache, &merged.cache, &mut faults);
    if !faults.is_empty() {
        return Err(ConfigFaults(faults));
    }
    let config: T = merged.try_deserialize().map_err(|error| one(error.to_string()))?;
    let faults = config.faults();
    if faults.is_empty() { Ok(config) } else { Err(ConfigFaults(faults)) }
}

/// Every key of `given` must be one of `known`, with a value of the same kind.
fn compare(at: &str, known: &Value, given: &Value, faults: &mut Vec<String>) {
    match (&known.kind, &given.kind) {
        (ValueKind::Table(known), ValueKind::Table(given)) => {
            for (key, value) in given.iter().collect::<std::collections::BTreeMap<_, _>>() {
                let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                match known.get(key) {
                    Some(default) => compare(&path, default, value, faults),
                    None => {
                        faults.push(format!("{path}: there is no such key{}{}", origin(value), nearest(key, known)))
                    }
                }
            }
        }
        (ValueKind::Table(_), _) => faults.push(format!("{at}: must be a section{}", origin(given))),
        (ValueKind::I64(_), _) if given.clone().into_int().is_err() => {
            faults.push(format!("{at}: must be a whole number{}", origin(given)));
        }
        (ValueKind::Float(_), _) if given.clone().into_float().is_err() => {
            faults.push(format!("{at}: must be a number{}", origin(given)));
        }
        (ValueKind::Boolean(_), _) if given.clone().into_bool().is_err() => {
            faults.push(format!("{at}: must be true or false{}", origin(given)));
        }
        _ => {}
    }
}

fn origin(value: &Value) -> String {
    value.origin().map_or_else(String::new, |origin| format!(" (in {origin})"))
}

fn nearest(key: &str, known: &config::Map<String, Value>) -> String {
    let names: BTreeSet<&String> = known.keys().filter(|name| name.starts_with(&key[..key.len().min(1)])).collect();
    match names.first() {
        Some(name) => format!("; is `{name}` meant?"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    const DEFAULTS: &str = "[rest]\nlisten = \"127.0.0.1:0\"\nlimit = 5\ntls = false\n";

    #[derive(Debug, Deserialize)]
    struct Rest {
        listen: String,
        limit: u32,
        tls: bool,
    }

    #[derive(Debug, Deserialize)]
    struct Settings {
        rest: Rest,
    }

    impl Validate for Settings {
        fn faults(&self) -> Vec<String> {
            if self.rest.limit == 0 { vec!["rest.limit: must not be 0".into()] } else { vec![] }
        }
    }

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let dir = tempfile::tempdir().expect("temp dir");
        let file = dir.path().join("halley.toml");
        std::fs::write(&file, "[rest]\nlisten = \"file\"\nlimit = 7\n").expect("write");

        let loaded: Settings =
            load(DEFAULTS, Some(&file), env(&[("HALLEY_REST__LISTEN", "00712345"), ("PATH", "x")])).expect("valid");

        assert_eq!((loaded.rest.listen.as_str(), loaded.rest.limit, loaded.rest.tls), ("00712345", 7, false));
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let faults = load::<Settings>(
            DEFAULTS,
            None,
            env(&[("HALLEY_REST__LISTN", "x"), ("HALLEY_REST__LIMIT", "many"), ("HALLEY_REST__TLS", "perhaps")]),
        )
        .expect_err("faults");

        assert_eq!(faults.0.len(), 3, "{faults}");
        assert!(faults.to_string().contains("rest.listn"), "{faults}");
    }

    #[test]
    fn values_are_checked_too() {
        let faults = load::<Settings>(DEFAULTS, None, env(&[("HALLEY_REST__LIMIT", "0")])).expect_err("fault");
        assert_eq!(faults.0, ["rest.limit: must not be 0"]);
    }
}
