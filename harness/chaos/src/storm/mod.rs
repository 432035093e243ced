//! One run from its beginning to its verdicts.
//!
//! ```text
//!   prepare ─▶ warm-up ─▶ storm ─▶ calm ─▶ quiet ─▶ leaving ─▶ audit ─▶ judges
//!              no faults   faults   until all   nothing   clients go   what is left over?
//!                                   recovered   may fail
//! ```

mod live;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use harness::audit::{self, Footprint, Kept, Subject};
use harness::{PoolerKind, Result};
use tokio_util::sync::CancellationToken;

use crate::coverage::{self, Coverage};
use crate::defect::Defect;
use crate::ground::{self, Changes, Ground, Site};
use crate::history::{History, Phase, Recorder, Setting, What};
use crate::judge::{self, Verdict};
use crate::plan::Schedule;
use crate::report::Progress;
use crate::watch::Watch;

/// What a run is.
#[derive(Debug, Clone)]
pub struct Run {
    pub schedule: Schedule,
    pub provider: harness::Provider,
    pub kind: PoolerKind,
    /// A fault of our own making, when the judges are what is tested.
    pub defect: Option<&'static Defect>,
    /// Where its artefacts go.
    pub folder: PathBuf,
    /// How long there is work before the first fault.
    pub warm_up: Duration,
    /// How long nothing may fail after everything has recovered.
    pub quiet: Duration,
}

impl Run {
    /// How long it takes from its first login to the last, as far as that is known before.
    pub fn lasts(&self) -> Duration {
        self.warm_up + Duration::from_secs(self.schedule.order.seconds) + self.quiet
    }
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    pub history: History,
    pub verdicts: Vec<Verdict>,
    pub coverage: Coverage,
}

impl Ended {
    /// Whether no judge complains and at least one had something to judge.
    pub fn is_good(&self) -> bool {
        self.verdicts.iter().all(Verdict::is_content)
            && self.verdicts.iter().any(|verdict| !verdict.is_skipped())
    }

    /// The judges that complain.
    pub fn complaining(&self) -> Vec<&str> {
        let complaining = self.verdicts.iter().filter(|verdict| !verdict.is_content());
        complaining.map(|verdict| &*verdict.judge).collect()
    }
}

/// The usual lengths around a storm.
pub const WARM_UP: Duration = Duration::from_secs(2);
pub const QUIET: Duration = Duration::from_secs(2);
/// Clients that do not leave within this are pushed out.
const LEAVES_WITHIN: Duration = Duration::from_secs(20);

/// Does it all. `stop` cuts the storm short: what has happened by then is judged.
pub async fn run(run: &Run, progress: &Progress, stop: &CancellationToken) -> Result<Ended> {
    write(&run.folder, "schedule.json", &run.schedule.text())?;
    let recorder = Recorder::begin(&run.folder.join("events.jsonl"))?;
    progress.phase("preparing");
    let site = Site {
        provider: run.provider,
        kind: run.kind,
        changes: run.defect.map_or_else(Changes::default, Defect::changes),
        folder: run.folder.join("logs"),
    };
    let ground = Arc::new(Ground::prepare(site, &run.schedule.order).await?);
    let told = through(run, &ground, &recorder, progress, stop).await;
    let cleared = match Arc::try_unwrap(ground) {
        Ok(ground) => ground.clear().await,
        // Somebody still holds it: processes end with their handles, containers by the sweep.
        Err(_) => Ok(()),
    };
    told?;
    cleared?;
    progress.phase("judging");
    let history = History::of(recorder.take_events());
    let verdicts = judge::all_of(&history);
    let coverage = coverage::of(&history);
    progress.finish();
    Ok(Ended {
        history,
        verdicts,
        coverage,
    })
}

async fn through(
    run: &Run,
    ground: &Arc<Ground>,
    recorder: &Recorder,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<()> {
    let before = footprint(ground).await?;
    recorder.note(What::Began(setting(run, ground)));
    let watch = Watch::begin(Arc::clone(ground), recorder.clone());
    live::live(run, ground, recorder, progress, stop).await?;
    watch.end().await;
    recorder.note(What::Phase {
        phase: Phase::Audit,
    });
    progress.phase("audit");
    let leaks = audit(ground, &before).await;
    recorder.note(What::Audit { leaks });
    crate::watch::log_lines(ground, recorder).await;
    recorder.note(What::Final(ground.contents().await?));
    Ok(())
}

fn setting(run: &Run, ground: &Ground) -> Setting {
    let order = &run.schedule.order;
    let users = ground.users.iter();
    Setting {
        seed: order.seed,
        pooler: run.kind.name().to_owned(),
        provider: run.provider.name().to_owned(),
        clients: order.clients,
        users: users
            .map(|user| (user.name.clone(), user.method.encryption().to_owned()))
            .collect(),
        pool_size: ground::POOL_SIZE,
        accounts: ground::ACCOUNTS,
        opening_balance: ground::OPENING_BALANCE,
        storm_ms: order.seconds * 1_000,
        client_login_timeout_ms: millis(ground::CLIENT_LOGIN_TIMEOUT),
        query_wait_timeout_ms: millis(ground::QUERY_WAIT_TIMEOUT),
        cache_ttl_ms: millis(ground::CACHE_TTL),
        defect: run.defect.map(|defect| defect.name.to_owned()),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

async fn subject(ground: &Ground) -> Subject {
    let ours = ground.site.kind == PoolerKind::Pgturnstile;
    let console = ground.console().await.filter(|_| ours);
    Subject {
        pid: ground.pooler().await.as_ref().and_then(|pooler| pooler.pid),
        console,
        admin: Some(ground.superuser("postgres")),
        databases: vec![ground::DATABASE.to_owned()],
    }
}

async fn footprint(ground: &Ground) -> Result<Footprint> {
    let settled = Footprint::settled(&subject(ground).await).await;
    settled.map_err(|failure| harness::Error::told(format!("before the run: {failure}")))
}

async fn audit(ground: &Ground, before: &Footprint) -> Vec<String> {
    match audit::left_over(&subject(ground).await, before, Kept::default()).await {
        Ok(leaks) => leaks,
        Err(failure) => vec![format!("the audit could not look: {failure}")],
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, text))
        .map_err(harness::Error::io(path.display().to_string()))
}
