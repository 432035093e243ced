//! Where the pooler is built with a fault: one copy of the tree, with a target folder of its own.
//!
//! The copy and the target stay from run to run, and only files that differ are written, so each
//! build compiles no more than the pooler itself. What was built is put aside before the next
//! fault is made.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use harness::{Error, Result};
use tokio::process::Command;

/// Folders that are none of the source.
const NOT_SOURCE: [&str; 4] = [".git", ".run", "artifacts", "target"];

/// A patch's files, after it was applied.
pub(crate) type Changed = BTreeMap<PathBuf, Vec<u8>>;

/// A built pooler, with its failpoints, and its unit tests.
#[derive(Debug, Clone)]
pub(crate) struct Build {
    pub(crate) pooler: PathBuf,
    pub(crate) unit_tests: PathBuf,
}

impl Build {
    pub(crate) fn discard(&self) {
        for file in [&self.pooler, &self.unit_tests] {
            // The next run replaces what could not be removed.
            let _ = fs::remove_file(file);
        }
    }
}

#[derive(Debug)]
pub(crate) struct Workshop {
    root: PathBuf,
    folder: PathBuf,
}

impl Workshop {
    /// `folder` becomes the workshop for the tree at `root`.
    pub(crate) fn open(root: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(io(folder))?;
        let folder = folder.canonicalize().map_err(io(folder))?;
        let root = root.canonicalize().map_err(io(root))?;
        Ok(Self { root, folder })
    }

    /// Applies a patch to nothing but the files that it names, and returns these.
    pub(crate) async fn mutate(&self, patch: &Path) -> Result<Changed> {
        let stage = self.folder.join("stage");
        let _ = fs::remove_dir_all(&stage);
        fs::create_dir_all(&stage).map_err(io(&stage))?;
        let text = fs::read_to_string(patch).map_err(io(patch))?;
        let names = text.lines().filter_map(|line| line.strip_prefix("+++ b/"));
        let files: Vec<PathBuf> = names.map(PathBuf::from).collect();
        for file in &files {
            write(&stage.join(file), &read(&self.root.join(file))?)?;
        }
        let mut git = Command::new("git");
        git.arg("apply")
            .arg(patch.canonicalize().map_err(io(patch))?);
        // Not a part of the repository that it may lie in.
        git.current_dir(&stage)
            .env("GIT_CEILING_DIRECTORIES", &self.folder);
        let name = patch.display();
        done(&mut git, &format!("{name} no longer applies")).await?;
        let mutated = |file: PathBuf| {
            let bytes = read(&stage.join(&file))?;
            Ok((file, bytes))
        };
        files.into_iter().map(mutated).collect()
    }

    /// Builds the tree with `changed` files in place of its own, and puts the result aside.
    pub(crate) async fn build(&self, name: &str, changed: &Changed) -> Result<Build> {
        self.lay_out(changed)?;
        let mut cargo = self.cargo(&["build", "--bin", "pgturnstile-failpoints"]);
        done(&mut cargo, &format!("{name} does not build")).await?;
        let mut cargo = self.cargo(&["test", "--lib", "--no-run", "--message-format=json"]);
        let output = done(&mut cargo, &format!("the tests of {name} do not build")).await?;
        let fresh = self.target().join("debug/pgturnstile-failpoints");
        let build = Build {
            pooler: self.folder.join(format!("{name}.pooler")),
            unit_tests: self.folder.join(format!("{name}.tests")),
        };
        copy(&fresh, &build.pooler)?;
        copy(&executable(&output.stdout)?, &build.unit_tests)?;
        Ok(build)
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Behind the scenarios that run meanwhile: these have clocks in them.
    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("nice");
        command
            .args(["cargo", arguments[0], "--quiet", "--locked"])
            .args(["--features", "failpoints"])
            .args(&arguments[1..])
            .current_dir(self.folder.join("tree"))
            .env("CARGO_TARGET_DIR", self.target());
        command
    }

    /// Makes the copy what the tree is, but for `changed`.
    fn lay_out(&self, changed: &Changed) -> Result<()> {
        let copy = self.folder.join("tree");
        let source = self.files(&self.root)?;
        for file in &source {
            let bytes = match changed.get(file) {
                Some(bytes) => bytes.clone(),
                None => read(&self.root.join(file))?,
            };
            let path = copy.join(file);
            if fs::read(&path).ok().as_ref() != Some(&bytes) {
                write(&path, &bytes)?;
            }
        }
        for file in self.files(&copy)?.difference(&source) {
            fs::remove_file(copy.join(file)).map_err(io(file))?;
        }
        Ok(())
    }

    /// All source files below `root`, relative to it.
    fn files(&self, root: &Path) -> Result<BTreeSet<PathBuf>> {
        let mut files = BTreeSet::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.map_err(io(&folder))?.path();
                let name = path.file_name().unwrap_or_default();
                let source = NOT_SOURCE.iter().all(|other| name != *other);
                if path.is_dir() && source && path != self.folder {
                    folders.push(path);
                } else if path.is_file() {
                    files.extend(path.strip_prefix(root).map(Path::to_owned));
                }
            }
        }
        Ok(files)
    }
}

/// The test binary, as cargo's messages name it.
fn executable(messages: &[u8]) -> Result<PathBuf> {
    let messages = String::from_utf8_lossy(messages);
    let path = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    path.ok_or_else(|| Error::told("cargo names no test binary"))
}

/// Runs a program to its end; what it said belongs to the failure.
async fn done(command: &mut Command, failure: &str) -> Result<Output> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = output.await.map_err(Error::io(failure))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::told(format!("{failure}: {}", said.trim())))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    // A binary that still runs can't be written to, but it can be replaced.
    let _ = fs::remove_file(to);
    fs::copy(from, to).map(drop).map_err(io(from))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(io(path))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(io(folder))?;
    }
    fs::write(path, bytes).map_err(io(path))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    Error::io(path.display().to_string())
}
