//! The faults of `ci/mutants` that touch the shipped files: the model has to notice each by itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::runner::in_parallel;
use crate::workshop::Workshop;

/// For one mutant's run.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Verdict {
    pub name: String,
    pub killed: bool,
}

/// Tries those that touch a shipped file.
pub fn all(root: &Path, target: &Path) -> Vec<Verdict> {
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for patch in patches(&root.join("ci/mutants")) {
        if touches_shipped(&patch) {
            ours.push(patch);
        } else {
            others.push(name(&patch));
        }
    }
    println!("not in these files: {}", others.join(", "));
    let verdicts = Mutex::new(Vec::new());
    in_parallel(ours.len(), |n| {
        let start = Instant::now();
        let name = name(&ours[n]);
        let (killed, by) = match attempt(root, target, &ours[n]) {
            Ok(Some(by)) => (true, by),
            Ok(None) => (false, "SURVIVED: no property was violated".to_owned()),
            Err(error) => (false, format!("NOT TRIED: {error}")),
        };
        println!("{:5.1} s  {name}: {by}", start.elapsed().as_secs_f64());
        let mut verdicts = verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        verdicts.push(Verdict { name, killed });
    });
    verdicts
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
}

/// What killed it.
fn attempt(root: &Path, target: &Path, patch: &Path) -> std::io::Result<Option<String>> {
    let folder = target.join("mutants").join(name(patch));
    fs::create_dir_all(&folder)?;
    let model = Workshop::open(root, &folder, patch)?.build(&target.join("model"))?;
    let mut command = Command::new(model);
    command
        .arg("until-red")
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    within(LIMIT, command.spawn()?)
}

/// Its first line if it failed. One that takes too long was not killed.
fn within(limit: Duration, mut child: Child) -> std::io::Result<Option<String>> {
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let red = output.status.code() == Some(1);
    Ok(red.then(|| said.lines().next().unwrap_or_default().to_owned()))
}

fn patches(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut patches: Vec<_> = entries.map(|entry| entry.path()).collect();
    patches.retain(|path| path.extension().is_some_and(|ending| ending == "patch"));
    patches.sort();
    patches
}

fn name(patch: &Path) -> String {
    let stem = patch.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// `shipped.rs` is the list of the files that are compiled here.
fn touches_shipped(patch: &Path) -> bool {
    let text = fs::read_to_string(patch).unwrap_or_default();
    let mut files = text.lines().filter_map(|line| line.strip_prefix("+++ b/"));
    files.any(|file| include_str!("shipped.rs").contains(&format!("/{file}\"")))
}
