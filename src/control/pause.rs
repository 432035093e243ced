//! PAUSE and RESUME, of one database or of all.

use std::sync::Arc;
use std::time::Duration;

use super::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::pool::pool::Pool;
use crate::wire::SqlState;

/// How often PAUSE looks whether the servers are gone: they end at the end of turns, in tasks that
/// do not know of it.
const LOOK: Duration = Duration::from_millis(10);

impl Control {
    /// Lets no new turn get a server, and returns when every server is released and closed.
    /// Repeating it is no error.
    ///
    /// # Errors
    /// 08P01 for a database that is not there.
    ///
    /// # Cancel safety
    /// A dropped call leaves the database paused.
    pub async fn pause(&self, database: Option<&str>) -> Result<()> {
        let names = self.names(database)?;
        for name in &names {
            self.0.around.pools.registry.pause(name);
            tracing::info!(database = %name, "paused");
        }
        loop {
            let pools = self.pools(&names);
            for pool in &pools {
                pool.end_idle().await;
            }
            let resumed = |name: &String| !self.0.around.pools.registry.is_paused(name);
            if pools.iter().all(|pool| pool.servers() == 0) || names.iter().all(resumed) {
                return Ok(());
            }
            self.0.around.world.sleep(LOOK).await;
        }
    }

    /// Lets turns begin again; whether anything was paused.
    ///
    /// # Errors
    /// 08P01 for a database that is not there.
    pub fn resume(&self, database: Option<&str>) -> Result<bool> {
        let mut any = false;
        for name in self.names(database)? {
            if self.0.around.pools.registry.resume(&name) {
                any = true;
                tracing::info!(database = %name, "resumed");
            }
        }
        Ok(any)
    }

    fn names(&self, database: Option<&str>) -> Result<Vec<String>> {
        let current = self.0.around.current();
        match database {
            None => Ok(current.databases.keys().cloned().collect()),
            Some(name) if current.databases.contains_key(name) => Ok(vec![name.to_owned()]),
            Some(name) => {
                let message = format!("no such database: {name}");
                let (kind, code) = (ErrorKind::NoDatabase, SqlState::PROTOCOL_VIOLATION);
                Err(Error::new(kind, code, message))
            }
        }
    }

    fn pools(&self, databases: &[String]) -> Vec<Arc<Pool>> {
        let listed = self.0.around.pools.registry.list().into_iter();
        let wanted = listed.filter(|(key, _)| databases.iter().any(|name| **name == *key.database));
        wanted.map(|(_, listed)| listed.pool).collect()
    }
}
