//! A client's startup parameters, tried on a server before the client is told that it is in.
//!
//! A login that asks for nothing new needs no server. Parameters that no server of the pool has
//! taken yet are applied to one, so that PostgreSQL itself refuses what it does not know, with its
//! own SQLSTATE; and what it reports for them is what the client is told.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::pool::pool::Pool;
use crate::server::exchange::{apply_parameters, exchange};
use crate::session::params::ParamSet;

/// What the client reads after its login: names and values.
pub type Reported = Vec<(String, String)>;

/// The parameters that have to be applied at all, and what to report to the client.
///
/// # Errors
/// PostgreSQL's own for a parameter that it does not take; those of a checkout.
///
/// # Cancel safety
/// A dropped call leaves nothing behind.
pub async fn vet(pool: &Arc<Pool>, mut asked: ParamSet) -> Result<(ParamSet, Reported)> {
    let Some(defaults) = pool.parameters.known() else {
        return Err(Error::server("the server's parameters are not known"));
    };
    asked.drop_defaults(&defaults);
    let untried = asked
        .iter()
        .any(|(name, value)| pool.parameters.vetted(name, value).is_none());
    if untried {
        try_on_server(pool, &asked).await?;
    }
    let reported = defaults.iter().map(|(name, value)| {
        let lower = name.to_ascii_lowercase();
        let own = asked
            .get(&lower)
            .and_then(|value| pool.parameters.vetted(&lower, value));
        let value = own.flatten().unwrap_or_else(|| value.clone());
        (name.clone(), value)
    });
    let reported = reported.collect();
    Ok((asked, reported))
}

async fn try_on_server(pool: &Arc<Pool>, asked: &ParamSet) -> Result<()> {
    let lease = pool.checkout(0, None).await;
    let mut lease = lease.map_err(|error| error.for_client(pool))?;
    let server = lease.server();
    let mut out = Vec::new();
    apply_parameters(server, asked, &mut out);
    server.applied = Arc::new(asked.clone());
    if let Err(mut error) = exchange(server, &out).await {
        if error.kind == ErrorKind::ServerRefused {
            error.kind = ErrorKind::Parameter;
        }
        return Err(error); // a set that was applied in part: the lease is dropped
    }
    for (name, value) in asked.iter() {
        let reported = server
            .reported
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        let reported = reported.map(|(_, value)| value.clone());
        pool.parameters.vet(name, value, reported);
    }
    lease.release().await;
    Ok(())
}
