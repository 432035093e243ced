//! Taking a client's session state off a server before somebody else gets it.

use std::sync::Arc;
use std::time::Duration;

use super::conn::ServerConn;
use super::exchange::{exchange, push_query};
use super::info::ServerState;
use crate::config::settings::Cleanup;
use crate::error::{Error, Result};
use crate::session::dirt::Dirt;
use crate::world::World;

/// All of DISCARD ALL but DEALLOCATE ALL, which would drop the pooler's own prepared statements.
const RESET: &str = "SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *; \
    SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

/// After a PREPARE in SQL, whose name could clash with a client's.
const RESET_PREPARED: &str = "SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *; \
    SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES; DEALLOCATE ALL";

/// Is a reset due under this mode?
pub fn is_due(server: &ServerConn, mode: Cleanup) -> bool {
    match mode {
        Cleanup::Never => false,
        Cleanup::Auto => server.dirt.dirty,
        Cleanup::Always => server.dirt.used,
    }
}

/// Resets a quiet server within `limit`.
///
/// # Errors
/// PostgreSQL's own or 08006; the server is then unfit.
///
/// # Cancel safety
/// A dropped call leaves the server unfit.
pub async fn reset(server: &mut ServerConn, world: &World, limit: Duration) -> Result<()> {
    server.info.set_state(ServerState::Tested);
    server.dirt.dirty = true;
    let sql = if server.dirt.prepared {
        RESET_PREPARED
    } else {
        RESET
    };
    let mut out = Vec::with_capacity(sql.len() + 8);
    push_query(server, sql, &mut out);
    world
        .timeout(limit, exchange(server, &out))
        .await
        .map_err(|_| Error::server("the server did not answer its reset in time"))??;
    server.dirt = Dirt::default();
    server.applied = Arc::default();
    Ok(())
}
