//! The folder of this process's data directories, configurations and certificates, in memory where
//! possible, and marked with its owner so that a later run can clear it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::names::unique;
use crate::owner::Owner;
use crate::{Error, Result};

/// How all such folders begin.
pub const PREFIX: &str = "pgturnstile-";
/// The file in each that names its [`Owner`].
pub const MARK: &str = "owner";

static ROOT: OnceLock<PathBuf> = OnceLock::new();

/// This process's own folder, made at first use.
pub fn root() -> Result<&'static Path> {
    if let Some(root) = ROOT.get() {
        return Ok(root);
    }
    let root = parents()
        .into_iter()
        .next()
        .ok_or_else(|| Error::told("no folder for temporary files"))?
        .join(format!("{PREFIX}{}", std::process::id()));
    fs::create_dir_all(&root).map_err(Error::io(root.display().to_string()))?;
    // PostgreSQL runs as another user and must be able to walk through.
    fs::set_permissions(&root, fs::Permissions::from_mode(0o711))
        .map_err(Error::io(root.display().to_string()))?;
    let mark = root.join(MARK);
    fs::write(&mark, Owner::me().as_str()).map_err(Error::io(mark.display().to_string()))?;
    Ok(ROOT.get_or_init(|| root))
}

/// A new folder below [`root`].
pub fn folder(prefix: &str) -> Result<PathBuf> {
    let made = root()?.join(unique(prefix));
    fs::create_dir_all(&made).map_err(Error::io(made.display().to_string()))?;
    Ok(made)
}

/// Where such folders may be: shared memory first (a data directory is copied in 0.1 s there).
pub fn parents() -> Vec<PathBuf> {
    let memory = PathBuf::from("/dev/shm");
    let writable = |folder: &PathBuf| nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK);
    [memory, std::env::temp_dir()]
        .into_iter()
        .filter(|folder| folder.is_dir() && writable(folder).is_ok())
        .collect()
}
