//! What happens to PostgreSQL itself.

use std::time::Duration;

use harness::{Error, Instance, Mode, Result};
use tokio::time::{Instant, sleep};

use crate::ground::DATABASE;
use crate::plan::Stop;

/// From the first try to the first login.
const STARTS_WITHIN: Duration = Duration::from_secs(25);

/// Settings that PostgreSQL reports to its clients, each with a value that no server begins with.
const REPORTED: [(&str, &str); 3] = [
    ("TimeZone", "Asia/Kathmandu"),
    ("DateStyle", "German"),
    ("IntervalStyle", "iso_8601"),
];

pub(super) async fn stop(instance: &Instance, stop: Stop) -> Result<()> {
    match stop {
        Stop::Fast => instance.stop(Mode::Fast).await,
        Stop::Immediate => instance.stop(Mode::Immediate).await,
        Stop::Kill => instance.kill9().await,
    }
}

/// Starts it, again and again for a while: the children of a postmaster that was killed keep its
/// shared memory until they notice, and a server that is still stopping is in the way.
pub(super) async fn start(instance: &Instance) -> Result<()> {
    let deadline = Instant::now() + STARTS_WITHIN;
    loop {
        match instance.start_again().await {
            Err(refused) if Instant::now() > deadline => return Err(refused),
            Err(_) => sleep(Duration::from_millis(50)).await,
            Ok(()) => return Ok(()),
        }
    }
}

/// Ends sessions in the clients' database, look-ups included, our own not; how many.
pub(super) async fn terminate(instance: &Instance, all: bool) -> Result<u64> {
    // One that works is a better choice than one that rests.
    let limit = if all {
        ""
    } else {
        "ORDER BY state = 'idle', random() LIMIT 1"
    };
    let sql = format!(
        "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM (
             SELECT pid FROM pg_stat_activity
             WHERE datname = '{DATABASE}' AND backend_type = 'client backend'
                 AND usename <> current_user {limit}) AS sessions"
    );
    let client = instance.connect("postgres").await?;
    let ended: i64 = client.query_one(&sql, &[]).await?.get(0);
    Ok(ended.unsigned_abs())
}

/// Changes one of the reported settings, another one for the next fault.
pub(super) async fn report_another(instance: &Instance, number: usize) -> Result<()> {
    let (name, value) = reported(number);
    let setting = (name.to_owned(), value.to_owned());
    instance.reload_with(&[setting]).await
}

pub(super) async fn report_as_before(instance: &Instance, number: usize) -> Result<()> {
    let (name, _) = reported(number);
    let sql = format!("ALTER SYSTEM RESET \"{name}\"");
    instance.execute_sql("postgres", &sql).await?;
    instance.reload_with(&[]).await
}

/// Takes back whatever ALTER SYSTEM has set.
pub(super) async fn forget_settings(instance: &Instance) -> Result<()> {
    let client = instance.connect("postgres").await?;
    let sql = "SELECT count(*) FROM pg_file_settings WHERE sourcefile LIKE '%postgresql.auto.conf'";
    let set: i64 = client.query_one(sql, &[]).await?.get(0);
    if set == 0 {
        return Ok(());
    }
    client.batch_execute("ALTER SYSTEM RESET ALL").await?;
    instance.reload_with(&[]).await
}

fn reported(number: usize) -> (&'static str, &'static str) {
    REPORTED[number % REPORTED.len()]
}

/// Starts it only if it has ended, and wakes it if it stands still.
pub(super) async fn revive(instance: &Instance) -> Result<()> {
    instance.thaw().await?;
    if instance.is_running().await? {
        return Ok(());
    }
    let told = |error| Error::told(format!("PostgreSQL does not start: {error}"));
    start(instance).await.map_err(told)
}
