//! The end of a scenario: the audit, what a red one leaves, and the clearing up.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::audit;
use harness::names::identifier;

use super::{DATABASE, LOOKUP_ROLE, Scene};
use crate::surprise::{Step, Surprise};

impl Scene {
    /// Compares what is held now with what was held when the pooler had just started.
    pub async fn audit(&self) -> Step {
        if self.pooler.is_none() {
            return Ok(());
        }
        Ok(audit::settle(&self.subject()?, &self.before, self.kept).await?)
    }

    /// Puts configuration, logs and the wire trace into the scenario's folder of artefacts.
    pub async fn keep(&self, feature: &str, scenario: &str, trace: &str) -> Step<PathBuf> {
        let folder = self.stage.artifacts.scenario(feature, scenario)?;
        fs::write(folder.join("wire.txt"), self.names.tidy(trace))?;
        let files = self.folder.join("pooler");
        for entry in fs::read_dir(&files).into_iter().flatten().flatten() {
            copy_file(&entry.path(), &folder)?;
        }
        if let Some(proxy) = &self.proxy {
            proxy.keep(&folder).await?;
        }
        let log = fs::read_to_string(self.instance().log_path().await?)?;
        fs::write(folder.join("postgresql.log"), self.own_lines(&log))?;
        Ok(folder)
    }

    /// Of a shared server's log only the lines of this scenario's database and roles.
    fn own_lines(&self, log: &str) -> String {
        if self.own.is_some() {
            return log.to_owned();
        }
        let own = log
            .split_inclusive('\n')
            .filter(|line| line.contains(self.names.suffix()));
        own.collect()
    }

    /// Ends the pooler and the fault proxy, drops database and roles, and removes the scenario's files.
    pub async fn strike(mut self) -> Step {
        if let Some(pooler) = self.pooler.take() {
            pooler.kill9()?;
            pooler.wait_exit(Duration::from_secs(5)).await;
        }
        if let Some(proxy) = self.proxy.take() {
            proxy.close().await?;
        }
        match self.own.take() {
            Some(instance) => instance.remove().await?,
            None => self.drop_all().await?,
        }
        fs::remove_dir_all(&self.folder)?;
        Ok(())
    }

    async fn drop_all(&self) -> Step {
        let instance = self.instance();
        instance.drop_database(&self.names.own(DATABASE)).await?;
        let roles: Vec<String> = self
            .names
            .users()
            .chain([LOOKUP_ROLE])
            .map(|user| identifier(&self.names.own(user)))
            .collect();
        let sql = format!("DROP ROLE IF EXISTS {}", roles.join(", "));
        Ok(instance.execute_sql("postgres", &sql).await?)
    }
}

/// A configuration may name a secret, but the ones here are the harness's own.
fn copy_file(path: &Path, folder: &Path) -> Step {
    let Some(name) = path.file_name().filter(|_| path.is_file()) else {
        return Ok(());
    };
    fs::copy(path, folder.join(name))
        .map_err(|error| Surprise::new(format!("{}: {error}", path.display())))?;
    Ok(())
}
