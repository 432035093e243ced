//! A run in slices of equal length: what came of requests and logins in each, and who was there.

use serde::{Deserialize, Serialize};

use super::latency::Times;
use crate::history::{History, Micros, Outcome, Password, Sample};

/// Slices in their order, without gaps, from the run's first moment to its last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// How long each is.
    pub bucket_ms: u64,
    pub buckets: Vec<Bucket>,
}

/// What happened in one slice. Requests and logins count where they ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its beginning, in milliseconds since the run began.
    pub at_ms: u64,
    /// Requests that got what they asked for.
    pub ok: u64,
    /// Requests that failed, with an SQLSTATE or without; abandoned ones are in neither.
    pub failed: u64,
    pub logins_ok: u64,
    /// Logins with the right password that failed: a wrong one has to.
    pub logins_refused: u64,
    /// How long requests took that ended here, failed ones included.
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// Clients that are logged in at its end.
    pub clients: u64,
    /// What the pooler said of itself, the last that was seen here.
    pub servers: Option<i64>,
    pub leases: Option<i64>,
    pub waiters: Option<i64>,
}

/// The lengths that a slice may have, in milliseconds: the shortest that gives no more than
/// [`AT_MOST`] slices, which is what a screen can show.
const LENGTHS: [u64; 10] = [
    250, 500, 1_000, 2_000, 5_000, 6_000, 10_000, 15_000, 30_000, 60_000,
];
const AT_MOST: u64 = 600;

impl Timeline {
    pub(super) fn of(history: &History) -> Self {
        let end_ms = history.end() / 1_000 + 1;
        let fits = |length: &&u64| end_ms.div_ceil(**length) <= AT_MOST;
        let bucket_ms = LENGTHS.iter().find(fits).copied();
        let bucket_ms = bucket_ms.unwrap_or_else(|| end_ms.div_ceil(AT_MOST));
        let buckets = (0..end_ms.div_ceil(bucket_ms)).map(|number| Bucket {
            at_ms: number * bucket_ms,
            ..Bucket::default()
        });
        let mut timeline = Self {
            bucket_ms,
            buckets: buckets.collect(),
        };
        timeline.requests(history);
        timeline.logins(history);
        timeline.clients(history);
        timeline.samples(history);
        timeline
    }

    fn requests(&mut self, history: &History) {
        let mut times: Vec<Option<Times>> = vec![None; self.buckets.len()];
        for op in &history.ops {
            let Some((at, answer)) = &op.answer else {
                continue;
            };
            let place = self.place(*at);
            match answer.outcome {
                Outcome::Abandoned => continue,
                Outcome::Failed { .. } => self.buckets[place].failed += 1,
                _ => self.buckets[place].ok += 1,
            }
            let times = times[place].get_or_insert_with(Times::new);
            times.take(op.asked, *at);
        }
        for (bucket, times) in self.buckets.iter_mut().zip(&times) {
            if let Some(times) = times {
                (bucket.p50_ms, bucket.p99_ms) = (times.percentile(50.0), times.percentile(99.0));
            }
        }
    }

    fn logins(&mut self, history: &History) {
        for session in history.sessions.values() {
            match &session.login {
                Some((at, Ok(()))) => self.at(*at).logins_ok += 1,
                Some((at, Err(_))) if session.password == Password::Right => {
                    self.at(*at).logins_refused += 1;
                }
                _ => {}
            }
        }
    }

    /// Who comes and who goes in each slice, added up.
    fn clients(&mut self, history: &History) {
        let mut came = vec![0_u64; self.buckets.len()];
        let mut left = vec![0_u64; self.buckets.len()];
        for session in history.sessions.values() {
            if let Some((at, Ok(()))) = session.login {
                came[self.place(at)] += 1;
                if let Some((at, _)) = session.left {
                    left[self.place(at)] += 1;
                }
            }
        }
        let mut there = 0_u64;
        for (bucket, (came, left)) in self.buckets.iter_mut().zip(came.iter().zip(&left)) {
            there = (there + came).saturating_sub(*left);
            bucket.clients = there;
        }
    }

    fn samples(&mut self, history: &History) {
        for (at, sample) in &history.samples {
            let bucket = self.at(*at);
            bucket.servers = said(sample, "servers", |p| p.sv_active + p.sv_idle + p.sv_login);
            bucket.leases = said(sample, "leases", |pool| pool.sv_active);
            bucket.waiters = said(sample, "waiters", |pool| pool.cl_waiting);
        }
    }

    fn at(&mut self, at: Micros) -> &mut Bucket {
        let place = self.place(at);
        &mut self.buckets[place]
    }

    /// The slice that a moment lies in.
    fn place(&self, at: Micros) -> usize {
        let place = usize::try_from(at / 1_000 / self.bucket_ms).unwrap_or(usize::MAX);
        place.min(self.buckets.len() - 1)
    }
}

/// SHOW INTERNALS where the pooler has it, else the sum over SHOW POOLS; `None` when it was silent.
fn said(
    sample: &Sample,
    key: &str,
    of_pool: impl Fn(&crate::history::PoolRow) -> i64,
) -> Option<i64> {
    let told = sample.internals.get(key).copied();
    let some = !sample.pools.is_empty();
    told.or_else(|| some.then(|| sample.pools.iter().map(of_pool).sum()))
}
