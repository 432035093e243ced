//! What the parts of the resolver share: the report, and the one way to what lies outside the file.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::problem::{Place, Problem, Report};

/// The largest file that is read: configuration, HBA rules, PEM files and secrets are far smaller.
const LARGEST: u64 = 16 << 20;

/// Looks up a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A hash over everything that went into a configuration: equal = nothing at all has changed, the
/// certificates and secret files that it names included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity([u8; 32]);

/// Collects findings and reads other files.
pub struct Reader<'e> {
    environment: Environment<'e>,
    report: RefCell<Report>,
    digest: RefCell<Sha256>,
}

impl<'e> Reader<'e> {
    pub fn new(environment: Environment<'e>) -> Self {
        Self {
            environment,
            report: RefCell::default(),
            digest: RefCell::default(),
        }
    }

    pub fn problem(&self, place: &Place, key: &str, reason: impl Into<String>) {
        self.report
            .borrow_mut()
            .problem(finding(place, key, reason));
    }

    pub fn problems(&self, problems: impl IntoIterator<Item = Problem>) {
        let mut report = self.report.borrow_mut();
        problems.into_iter().for_each(|p| report.problem(p));
    }

    pub fn warn(&self, place: &Place, key: &str, reason: impl Into<String>) {
        self.report.borrow_mut().warn(finding(place, key, reason));
    }

    /// A whole file, at most 16 MiB of it; the error is a sentence without the path.
    pub fn bytes(&self, path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
        let bytes = read(path).map_err(|error| format!("cannot read: {error}"))?;
        if bytes.len() as u64 > LARGEST {
            return Err(format!("cannot read: larger than {LARGEST} bytes"));
        }
        self.note(path.as_os_str().as_encoded_bytes(), &bytes);
        Ok(bytes)
    }

    pub fn text(&self, path: &Path) -> Result<Zeroizing<String>, String> {
        let mut bytes = self.bytes(path)?;
        match String::from_utf8(std::mem::take(&mut *bytes)) {
            Ok(text) => Ok(Zeroizing::new(text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                drop(Zeroizing::new(error.into_bytes()));
                Err(format!("cannot read: byte {at} is not UTF-8"))
            }
        }
    }

    pub fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        let value = Zeroizing::new((self.environment)(name)?);
        self.note(name.as_bytes(), value.as_bytes());
        Some(value)
    }

    pub fn finish(self) -> (Report, Identity) {
        let identity = Identity(self.digest.into_inner().finalize().into());
        (self.report.into_inner(), identity)
    }

    /// Lengths first, so that no two different inputs make the same stream.
    fn note(&self, name: &[u8], content: &[u8]) {
        let mut digest = self.digest.borrow_mut();
        for part in [name, content] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
    }
}

/// A path as the file that names it means it.
pub fn relative_to(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(path)
}

fn read(path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let file = File::open(path)?;
    // Room for the whole file at once: a growing buffer would leave copies of secrets behind.
    let size = file.metadata()?.len().min(LARGEST);
    bytes.reserve(usize::try_from(size).unwrap_or(0) + 1);
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn finding(place: &Place, key: &str, reason: impl Into<String>) -> Problem {
    Problem {
        place: place.clone(),
        key: key.to_owned(),
        reason: reason.into(),
    }
}
