//! The patches of `ci/mutants`, applied.

use std::collections::BTreeMap;
use std::path::Path;

use harness::{Error, Result};

use super::table::{Fault, How};
use super::workshop::{Changed, Workshop};

/// By name; or why it does not apply.
pub(crate) type Patches = BTreeMap<String, Result<Changed, String>>;

pub(crate) async fn apply_all(folder: &Path, workshop: &Workshop) -> Result<Patches> {
    let mut patches = Patches::new();
    let entries = std::fs::read_dir(folder).map_err(Error::io(folder.display().to_string()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == "patch") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let changed = workshop.mutate(&path).await;
            patches.insert(
                name.into_owned(),
                changed.map_err(|error| error.to_string()),
            );
        }
    }
    Ok(patches)
}

/// What is wrong with patches that this run does not try: none may fall behind the code unseen.
pub(crate) fn complaints(patches: &Patches, chosen: &[Fault], left_out: &[Fault]) -> Vec<String> {
    let is_of = |name: &str, faults: &[Fault]| {
        let mut mutants = faults.iter().filter(|fault| fault.how == How::Patch);
        mutants.any(|fault| fault.name == name)
    };
    let complaint = |(name, patch): (&String, &Result<Changed, String>)| {
        if is_of(name, chosen) {
            None
        } else if is_of(name, left_out) {
            patch.clone().err()
        } else {
            Some(format!("nobody has to notice {name}.patch"))
        }
    };
    patches.iter().filter_map(complaint).collect()
}
