//! Where the servers' programs are.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

/// The folder of `initdb` and `postgres`: HALLEY_POSTGRES_BIN, then the newest of Debian's, then PATH.
pub fn postgres() -> Result<PathBuf> {
    let debian = Path::new("/usr/lib/postgresql");
    find_postgres(env::var_os("HALLEY_POSTGRES_BIN"), debian, &env::var_os("PATH").unwrap_or_default())
}

/// `redis-server`, or Valkey's: HALLEY_REDIS_SERVER, then PATH.
pub fn redis() -> Result<PathBuf> {
    find_redis(env::var_os("HALLEY_REDIS_SERVER"), &env::var_os("PATH").unwrap_or_default())
}

fn find_postgres(named: Option<OsString>, debian: &Path, path: &OsStr) -> Result<PathBuf> {
    if let Some(named) = named {
        let folder = PathBuf::from(named);
        if holds_postgres(&folder) {
            return Ok(folder);
        }
        bail!("HALLEY_POSTGRES_BIN is {}, which does not hold initdb and postgres", folder.display());
    }
    match newest_of_debian(debian).or_else(|| env::split_paths(path).find(|folder| holds_postgres(folder))) {
        Some(folder) => Ok(folder),
        None => {
            bail!("PostgreSQL is not installed: apt-get install postgresql, or set HALLEY_POSTGRES_BIN to its folder")
        }
    }
}

fn find_redis(named: Option<OsString>, path: &OsStr) -> Result<PathBuf> {
    if let Some(named) = named {
        let program = PathBuf::from(named);
        if program.is_file() {
            return Ok(program);
        }
        bail!("HALLEY_REDIS_SERVER is {}, which is no file", program.display());
    }
    let on_path = |name: &str| env::split_paths(path).map(|folder| folder.join(name)).find(|found| found.is_file());
    match on_path("redis-server").or_else(|| on_path("valkey-server")) {
        Some(program) => Ok(program),
        None => {
            bail!("Redis is not installed: apt-get install redis-server, or set HALLEY_REDIS_SERVER to its program")
        }
    }
}

fn holds_postgres(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

fn newest_of_debian(root: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(root).ok()?;
    versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            holds_postgres(&folder).then_some((version, folder))
        })
        .max()
        .map(|(_, folder)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(folder: &Path, programs: &[&str]) {
        std::fs::create_dir_all(folder).unwrap();
        for program in programs {
            std::fs::write(folder.join(program), "").unwrap();
        }
    }

    #[test]
    fn the_newest_postgres_of_debian_is_taken_unless_one_is_named() {
        let root = tempfile::tempdir().unwrap();
        let other = root.path().join("other");
        for version in ["9", "15", "16"] {
            install(&root.path().join(version).join("bin"), &["initdb", "postgres"]);
        }
        install(&root.path().join("17/bin"), &["psql"]);
        install(&other, &["initdb", "postgres"]);
        let found = find_postgres(None, root.path(), other.as_os_str()).unwrap();
        assert_eq!(found, root.path().join("16/bin"));
        let named = find_postgres(Some(other.clone().into()), root.path(), OsStr::new("")).unwrap();
        assert_eq!(named, other);
        assert_eq!(find_postgres(None, Path::new("/nowhere"), other.as_os_str()).unwrap(), other);
    }

    #[test]
    fn a_missing_program_names_the_package_to_install() {
        let error = find_postgres(None, Path::new("/nowhere"), OsStr::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("apt-get install postgresql"), "{error}");
        let error = find_redis(None, OsStr::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("apt-get install redis-server"), "{error}");
    }

    #[test]
    fn a_wrong_override_is_told_and_not_passed_over() {
        let error =
            find_postgres(Some("/nowhere".into()), Path::new("/usr/lib/postgresql"), OsStr::new("")).unwrap_err();
        assert!(error.to_string().contains("HALLEY_POSTGRES_BIN"), "{error}");
        let error = find_redis(Some("/nowhere".into()), OsStr::new("/usr/bin")).unwrap_err();
        assert!(error.to_string().contains("HALLEY_REDIS_SERVER"), "{error}");
    }
}
