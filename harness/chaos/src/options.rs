//! What the command line and the environment ask for.

use std::fs;
use std::path::PathBuf;

use chaos::defect::{DEFECTS, Defect};
use chaos::plan::{Order, Schedule};
use clap::Parser;
use harness::{Error, PoolerKind, Result};

/// Shakes a pooler with seeded faults, and judges all that happened
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// What everything follows from; the day's number when left out
    #[arg(long, env = "SEED", default_value = "")]
    seed: String,
    /// How long faults happen, in minutes: 1, 0.5, 60
    #[arg(long, env = "MINUTES", default_value = "1")]
    minutes: String,
    /// How many clients
    #[arg(long, env = "CLIENTS", default_value_t = 24)]
    clients: usize,
    /// How many users they come as
    #[arg(long, env = "USERS", default_value_t = 8)]
    users: usize,
    /// Which pooler: pgturnstile, pgbouncer or none
    #[arg(long, env = "POOLER", default_value = "")]
    pooler: String,
    /// auto, container or local: where PostgreSQL comes from
    #[arg(long, env = "PG_PROVIDER", default_value = "auto")]
    pub(crate) provider: String,
    /// Play the schedule.json of an earlier run
    #[arg(long, value_name = "FILE")]
    schedule: Option<PathBuf>,
    /// Only print the schedule
    #[arg(long)]
    pub(crate) plan: bool,
    /// Judge the events.jsonl of an earlier run
    #[arg(long, value_name = "FILE")]
    pub(crate) judge: Option<PathBuf>,
    /// Make a fault of our own making, by name
    #[arg(long, env = "DEFECT", default_value = "")]
    defect: String,
    /// Make every such fault, and fail unless its judge notices
    #[arg(long)]
    pub(crate) judges: bool,
    /// With --judges: only the half that the seed chooses
    #[arg(long)]
    pub(crate) half: bool,
    /// With --judges: only those whose name holds one of these texts
    pub(crate) names: Vec<String>,
    /// Leave a red run as it is
    #[arg(long)]
    pub(crate) no_shrink: bool,
    /// How long a red run may be shrunk, in seconds
    #[arg(long, default_value_t = 300)]
    pub(crate) shrink_seconds: u64,
}

/// A run of more than a day is a slip of the finger.
const MOST_MINUTES: f64 = 1_440.0;
const MOST_CLIENTS: usize = 150;

impl Options {
    /// The schedule that is asked for.
    pub(crate) fn schedule(&self) -> Result<Schedule> {
        if let Some(file) = &self.schedule {
            let text = fs::read_to_string(file).map_err(Error::io(file.display().to_string()))?;
            return serde_json::from_str(&text)
                .map_err(|error| Error::told(format!("{}: {error}", file.display())));
        }
        if !(1..=MOST_CLIENTS).contains(&self.clients) || !(1..=self.clients).contains(&self.users)
        {
            return Err(Error::told(format!(
                "CLIENTS={} USERS={}: from 1 to {MOST_CLIENTS} clients, and no more users than clients",
                self.clients, self.users
            )));
        }
        Ok(Schedule::of(&Order {
            seed: self.seed()?,
            seconds: self.seconds()?,
            clients: self.clients,
            users: self.users,
        }))
    }

    pub(crate) fn seed(&self) -> Result<u64> {
        if self.seed.is_empty() {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            return Ok(now.map_or(0, |past| past.as_secs() / 86_400));
        }
        self.seed
            .parse()
            .map_err(|_| Error::told(format!("SEED={}: it is a whole number", self.seed)))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and a day"
    )]
    fn seconds(&self) -> Result<u64> {
        let minutes: Option<f64> = self.minutes.parse().ok();
        match minutes.filter(|minutes| (0.01..=MOST_MINUTES).contains(minutes)) {
            Some(minutes) => Ok((minutes * 60.0).round().max(1.0) as u64),
            None => Err(Error::told(format!(
                "MINUTES={}: a number of minutes, 0.01 to {MOST_MINUTES}",
                self.minutes
            ))),
        }
    }

    pub(crate) fn pooler(&self) -> Result<PoolerKind> {
        PoolerKind::parse(&self.pooler)
    }

    pub(crate) fn defect(&self) -> Result<Option<&'static Defect>> {
        if self.defect.is_empty() {
            return Ok(None);
        }
        let names: Vec<&str> = DEFECTS.iter().map(|defect| defect.name).collect();
        let found = Defect::find(&self.defect).ok_or_else(|| {
            Error::told(format!(
                "DEFECT={}: there are {}",
                self.defect,
                names.join(", ")
            ))
        })?;
        if found.is_ours() && self.pooler()? != PoolerKind::Pgturnstile {
            return Err(Error::told(format!(
                "DEFECT={}: only pgturnstile can have it",
                self.defect
            )));
        }
        Ok(Some(found))
    }
}
