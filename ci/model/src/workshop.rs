//! A copy of the shipped files and of this crate, with a fault, and a target folder of its own.
//!
//! Copy and target stay from run to run, and only files that differ are written: a build compiles
//! what has changed.

use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the crate is made of, from the root of the tree.
const SOURCES: [&str; 4] = [
    "src/pool",
    "ci/model/src",
    "ci/model/Cargo.toml",
    "ci/model/Cargo.lock",
];

pub struct Workshop {
    folder: PathBuf,
}

impl Workshop {
    /// A fresh tree is laid out beside and patched, then taken over file by file.
    pub fn open(root: &Path, folder: &Path, patch: &Path) -> Result<Self> {
        let stage = folder.join("stage");
        if stage.exists() {
            fs::remove_dir_all(&stage)?;
        }
        for source in SOURCES {
            take_over(&root.join(source), &stage.join(source))?;
        }
        let mut git = Command::new("git");
        git.arg("apply").arg(patch.canonicalize()?);
        // What does not lie here is no part of the model; nor is this a part of the repository.
        git.arg("--include=src/pool/*").current_dir(&stage);
        done(git.env("GIT_CEILING_DIRECTORIES", folder.canonicalize()?))?;
        for source in SOURCES {
            take_over(&stage.join(source), &folder.join(source))?;
        }
        fs::remove_dir_all(&stage)?;
        let folder = folder.to_owned();
        Ok(Self { folder })
    }

    /// The built model. `like`: a target folder whose dependencies are taken at the first build.
    pub fn build(&self, like: &Path) -> Result<PathBuf> {
        let target = self.folder.join("target");
        if !target.exists() {
            done(Command::new("cp").arg("-a").args([like, &target]))?;
        }
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--quiet", "--release", "--locked"]);
        cargo.current_dir(self.folder.join("ci/model"));
        done(cargo.env("CARGO_TARGET_DIR", &target))?;
        Ok(target.join("release/model"))
    }
}

/// Makes `to` what `from` is, and touches nothing that is so already.
fn take_over(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(to)? {
            let entry = entry?.path();
            let gone = |name| !from.join(name).exists();
            if entry.file_name().is_some_and(gone) && entry.is_file() {
                fs::remove_file(entry)?;
            }
        }
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            take_over(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    let bytes = fs::read(from)?;
    if fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(to, bytes)
}

fn done(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::other(said.into_owned()))
}
