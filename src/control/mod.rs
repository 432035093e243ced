//! What an operator can have done to the running pooler, by console or by signal.

pub mod configure;
mod pause;
mod reload;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::client::around::Around;
use crate::config::Identity;

/// A handle for those who pass an operator's wishes on; clones are the same one.
#[derive(Clone)]
pub struct Control(Arc<Inner>);

struct Inner {
    around: Arc<Around>,
    /// The configuration file.
    path: PathBuf,
    /// One reload at a time; what the file was when it was last taken.
    loaded: Mutex<Identity>,
}

impl Control {
    pub fn new(around: Arc<Around>, path: PathBuf, identity: Identity) -> Self {
        let loaded = Mutex::new(identity);
        Self(Arc::new(Inner {
            around,
            path,
            loaded,
        }))
    }

    pub fn around(&self) -> &Arc<Around> {
        &self.0.around
    }
}
