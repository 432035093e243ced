//! What PostgreSQL says: how many sessions each user has in the database.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use harness::Result;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_postgres::Client;

use super::{LOOKS_WITHIN, SAMPLES_EVERY};
use crate::ground::{DATABASE, Ground, LOOKUP_ROLE};

/// Counts that are older say nothing of now.
const FRESH: Duration = Duration::from_millis(500);

type Sessions = BTreeMap<String, i64>;

/// The newest counts, shared with whoever writes the samples: a frozen server holds up only us.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts(Arc<Mutex<Option<(Instant, Sessions)>>>);

impl Counts {
    /// Nothing when PostgreSQL has not answered lately.
    pub(super) fn fresh(&self) -> Sessions {
        let newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = newest.as_ref().filter(|(at, _)| at.elapsed() < FRESH);
        fresh
            .map(|(_, sessions)| sessions.clone())
            .unwrap_or_default()
    }

    fn set(&self, sessions: Sessions) {
        let newest = Some((Instant::now(), sessions));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = newest;
    }
}

/// Counts again and again, over one connection as long as it holds. Never ends.
pub(super) async fn keep(ground: Arc<Ground>, counts: Counts) {
    let mut held = None;
    let mut beat = interval(SAMPLES_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        // One that is lost or gets no answer is dropped: the next look opens another.
        let counted = timeout(LOOKS_WITHIN, count(&ground, held.take())).await;
        if let Ok(Ok((client, sessions))) = counted {
            counts.set(sessions);
            held = Some(client);
        }
    }
}

async fn count(ground: &Ground, held: Option<Client>) -> Result<(Client, Sessions)> {
    let client = match held.filter(|client| !client.is_closed()) {
        Some(client) => client,
        None => ground.instance.connect("postgres").await?,
    };
    let rows = client.query(&sql(), &[]).await?;
    let sessions = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    Ok((client, sessions))
}

/// The look-ups are counted under their role, whatever a pooler connects them as; superusers (the
/// harness itself) not at all.
fn sql() -> String {
    format!(
        "SELECT CASE WHEN application_name = 'pgturnstile auth_query' THEN '{LOOKUP_ROLE}'
                     ELSE usename::text END AS who, count(*)
         FROM pg_stat_activity
         WHERE datname = '{DATABASE}' AND backend_type = 'client backend'
             AND usename <> current_user
         GROUP BY who"
    )
}
