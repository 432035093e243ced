//! Whole files: what starts unchanged, what is refused, and with which words.

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::settings::{
    Cleanup, CleartextRule, ClientTlsMode, PoolMode, ServerAddress, ServerTlsMode,
};
use super::*;

mod example;
mod faults;
mod files;
mod passthrough;
mod warnings;

/// A folder with a certificate and its key in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        folder.write("server.crt", &pair.cert.pem());
        folder.write("server.key", &pair.signing_key.serialize_pem());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn load(&self, name: &str) -> Result<Loaded, Vec<Problem>> {
        load(&self.path(name), &|variable| {
            (variable == "SECRET").then(|| "from the environment".to_owned())
        })
    }

    fn read(&self, name: &str, text: &str) -> Loaded {
        self.write(name, text);
        match self.load(name) {
            Ok(loaded) => loaded,
            Err(problems) => panic!("{name}: {}", self.lines(&problems).join("\n")),
        }
    }

    /// The problems of a text, without the folder's path.
    fn refused(&self, name: &str, text: &str) -> Vec<String> {
        self.write(name, text);
        self.lines(&self.load(name).expect_err(text))
    }

    fn warned(&self, name: &str, text: &str) -> Vec<String> {
        let warnings = self.read(name, text).warnings;
        let problems: Vec<Problem> = warnings.into_iter().map(|warning| warning.0).collect();
        self.lines(&problems)
    }

    fn lines(&self, problems: &[Problem]) -> Vec<String> {
        let folder = format!("{}/", self.0.path().display());
        problems
            .iter()
            .map(|p| p.to_string().replace(&folder, ""))
            .collect()
    }
}

/// The least that starts; what is under test follows.
const LEAST: &str = "[general]\nadmin_username = \"a\"\nadmin_password = \"b\"\n";

/// A `general` section that goes on with `text`, and no pools.
fn general(text: &str) -> String {
    format!("{LEAST}{text}\n[pools]\n")
}

/// A pool that goes on with `text`, which begins on line 5.
fn pool(text: &str) -> String {
    format!("{LEAST}[pools.p]\n{text}\n")
}

/// A user who goes on with `text`, on line 9.
fn user(text: &str) -> String {
    format!(
        "{LEAST}[pools.p]\n[[pools.p.users]]\nusername = \"u\"\npassword = \"\"\npool_size = 5\n{text}\n"
    )
}

/// An `auth_query` block that goes on with `text`, on line 8.
fn auth_query(text: &str) -> String {
    format!("{LEAST}[pools.p]\n[pools.p.auth_query]\nquery = \"q $1\"\nuser = \"u\"\n{text}\n")
}
