//! Where the servers' programs are.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

/// The folder of `initdb` and `postgres`: HALLEY_POSTGRES_BIN, then the newest of Debian's, then PATH.
pub fn postgres() -> Result<PathBuf> {
    if let Some(named) = env::var_os("HALLEY_POSTGRES_BIN") {
        let folder = PathBuf::from(named);
        if folder.join("initdb").is_file() {
            return Ok(folder);
        }
        bail!("HALLEY_POSTGRES_BIN is {}, which holds no initdb", folder.display());
    }
    if let Some(folder) = newest_of_debian() {
        return Ok(folder);
    }
    match on_path("initdb").and_then(|found| found.parent().map(Path::to_path_buf)) {
        Some(folder) => Ok(folder),
        None => bail!("PostgreSQL is not installed: apt-get install postgresql, or set HALLEY_POSTGRES_BIN"),
    }
}

/// `redis-server`, or Valkey's: HALLEY_REDIS_SERVER, then PATH.
pub fn redis() -> Result<PathBuf> {
    if let Some(named) = env::var_os("HALLEY_REDIS_SERVER") {
        let program = PathBuf::from(named);
        if program.is_file() {
            return Ok(program);
        }
        bail!("HALLEY_REDIS_SERVER is {}, which is no file", program.display());
    }
    match on_path("redis-server").or_else(|| on_path("valkey-server")) {
        Some(program) => Ok(program),
        None => bail!("Redis is not installed: apt-get install redis-server, or set HALLEY_REDIS_SERVER"),
    }
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("initdb").is_file().then_some((version, folder))
        })
        .max()
        .map(|(_, folder)| folder)
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|found| found.is_file())
}
