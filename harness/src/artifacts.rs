//! `artifacts/<run>/`: what a run leaves for the one who reads it afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{Error, Result};

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct Artifacts {
    folder: PathBuf,
}

impl Artifacts {
    /// Makes `artifacts/<seconds>-<pid>/logs` in the project's tree, or in the folder that
    /// `ARTIFACTS` names: a run of several suites keeps them together.
    pub fn begin() -> Result<Self> {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |past| past.as_secs());
        let run = format!("{seconds}-{}", std::process::id());
        let made = Self {
            folder: repository().join("artifacts").join(run),
        };
        let logs = made.logs();
        fs::create_dir_all(&logs).map_err(Error::io(logs.display().to_string()))?;
        Ok(made)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// A folder for one scenario: `logs/<feature>-<scenario>`, made now.
    pub fn scenario(&self, feature: &str, scenario: &str) -> Result<PathBuf> {
        let folder = self.logs().join(slug(&format!("{feature} {scenario}")));
        fs::create_dir_all(&folder).map_err(Error::io(folder.display().to_string()))?;
        Ok(folder)
    }

    /// Writes one file of the run, such as `report.json`.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(Error::io(path.display().to_string()))
    }
}

/// The root of the project's tree: the nearest folder upwards with its `Makefile` and `ci`.
pub fn repository() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    here.ancestors()
        .find(|folder| folder.join("Makefile").is_file() && folder.join("ci").is_dir())
        .map_or_else(
            || {
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .parent()
                    .unwrap_or(&here)
                    .to_owned()
            },
            Path::to_owned,
        )
}

/// Lower case letters, digits and dashes, at most 160 of them: the scenarios of an outline differ late.
fn slug(text: &str) -> String {
    let dashed: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-").chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_file_name() {
        assert_eq!(
            slug("A dynamic pool: it's reaped / gone"),
            "a-dynamic-pool-it-s-reaped-gone"
        );
    }
}
