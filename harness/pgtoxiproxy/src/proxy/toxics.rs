//! The toxics of a proxy, as its users change them.

use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value};

use super::{Error, Proxy};
use crate::toxic::Toxic;

/// More would only slow every connection down.
pub const MAX_TOXICS: usize = 256;

impl Proxy {
    pub fn toxic(&self, name: &str) -> Result<Arc<Toxic>, Error> {
        self.faults().toxic(name).ok_or(Error::NoToxic)
    }

    pub fn add_toxic(&self, toxic: Toxic) -> Result<Arc<Toxic>, Error> {
        let _one = self.toxics.lock().unwrap_or_else(PoisonError::into_inner);
        if self.faults().toxics().len() >= MAX_TOXICS {
            return Err(Error::refused(format!(
                "this proxy has {MAX_TOXICS} toxics already, and can't have more"
            )));
        }
        self.faults().add(toxic).map_err(|_| Error::ToxicExists)
    }

    /// Changes what the body names of a toxic.
    pub fn patch_toxic(&self, name: &str, body: &Map<String, Value>) -> Result<Arc<Toxic>, Error> {
        let _one = self.toxics.lock().unwrap_or_else(PoisonError::into_inner);
        let patched = self.toxic(name)?.patched(body)?;
        if self.faults().change(patched) {
            self.toxic(name)
        } else {
            Err(Error::NoToxic)
        }
    }

    pub fn remove_toxic(&self, name: &str) -> Result<(), Error> {
        let _one = self.toxics.lock().unwrap_or_else(PoisonError::into_inner);
        let removed = self.faults().remove(name);
        removed.then_some(()).ok_or(Error::NoToxic)
    }
}
