//! A prepared ground, and short words for what tests do on it.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::Arc;
use std::time::Duration;

use chaos::faults::{self, Current};
use chaos::ground::{Changes, Ground, Site, User};
use chaos::history::{Event, History, Recorder, What};
use chaos::plan::{Order, Planned, Schedule};
use harness::client::{Driver, Failure, Session};
use harness::{PoolerKind, Provider};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// After a fault has been taken away a login and a query work within this.
const WORKS_WITHIN: Duration = Duration::from_secs(5);

pub(crate) struct Scene {
    pub(crate) ground: Arc<Ground>,
    pub(crate) recorder: Recorder,
    pub(crate) current: Current,
    folder: tempfile::TempDir,
}

/// What became of a fault.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) hits: Option<u64>,
    pub(crate) trouble: Option<String>,
}

impl Scene {
    pub(crate) async fn prepare() -> Self {
        let wish = std::env::var("PG_PROVIDER").unwrap_or_else(|_| "local".to_owned());
        let (provider, _) = Provider::choose(&wish).await.expect("a provider");
        let folder = tempfile::tempdir().expect("a folder");
        let site = Site {
            provider,
            kind: PoolerKind::Pgturnstile,
            changes: Changes::default(),
            folder: folder.path().to_owned(),
        };
        let ground = Ground::prepare(site, &order()).await.expect("a ground");
        let recorder = Recorder::begin(&folder.path().join("events.jsonl")).expect("a file");
        Self {
            ground: Arc::new(ground),
            recorder,
            current: Current::default(),
            folder,
        }
    }

    pub(crate) fn user(&self, number: usize) -> &User {
        &self.ground.users[number]
    }

    /// Logs in through everything.
    pub(crate) async fn login(&self, user: usize) -> Result<Session, Failure> {
        let login = self.ground.login(self.user(user), user.is_multiple_of(3));
        Ok(Session::Driver(Box::pin(Driver::connect(&login)).await?))
    }

    /// A session that has had an answer.
    pub(crate) async fn session(&self, user: usize) -> Session {
        let mut session = self.login(user).await.expect("a login");
        session.run("SELECT 1").await.expect("an answer");
        session
    }

    /// Plays one fault, beginning now, in the background.
    pub(crate) fn play(&self, fault: &str, length: u64) -> JoinHandle<()> {
        self.play_all(&[(0, length, fault)])
    }

    pub(crate) fn play_all(&self, faults: &[(u64, u64, &str)]) -> JoinHandle<()> {
        let (ground, recorder) = (Arc::clone(&self.ground), self.recorder.clone());
        let (current, schedule) = (self.current.clone(), schedule(faults));
        tokio::spawn(async move { faults::play(&ground, &recorder, &schedule, &current).await })
    }

    /// Waits until this fault is in place: the list of the current ones has it.
    pub(crate) async fn is_there(&self, fault: &str) {
        let there = || self.current.words().iter().any(|words| words == fault);
        until(there).await;
    }

    /// How the last fault that ended did.
    pub(crate) fn ended(&self) -> Ended {
        let events = self.recorder.events();
        let last = events.iter().rev().find_map(|event| match &event.what {
            What::FaultEnded { hits, trouble, .. } => Some(Ended {
                hits: *hits,
                trouble: trouble.clone(),
            }),
            _ => None,
        });
        last.expect("a fault that ended")
    }

    /// Each user logs in, and a query works.
    pub(crate) async fn works(&self) {
        let deadline = Instant::now() + WORKS_WITHIN;
        for user in 0..self.ground.users.len() {
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                let Ok(tried) = timeout(left, self.once(user)).await else {
                    panic!("nothing works within {WORKS_WITHIN:?}");
                };
                let Err(failure) = tried else { break };
                assert!(Instant::now() < deadline, "{failure}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    async fn once(&self, user: usize) -> Result<(), Failure> {
        let mut session = self.login(user).await?;
        session.run("SELECT 1").await?;
        session.leave().await;
        Ok(())
    }

    pub(crate) async fn pid(&self) -> Option<i32> {
        self.ground.pooler().await.as_ref().and_then(|p| p.pid)
    }

    pub(crate) fn history(&self) -> History {
        History::of(self.recorder.events())
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.recorder.events()
    }

    pub(crate) async fn clear(self) {
        let ground = Arc::try_unwrap(self.ground).expect("nobody else holds it");
        ground.clear().await.expect("cleared");
        drop(self.folder);
    }
}

/// Waits for something that comes soon.
pub(crate) async fn until(mut there: impl FnMut() -> bool) {
    let deadline = Instant::now() + WORKS_WITHIN;
    while !there() {
        assert!(Instant::now() < deadline, "it does not come");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Whether nothing comes for so long.
pub(crate) async fn is_silent<T>(work: impl Future<Output = T>, milliseconds: u64) -> bool {
    timeout(Duration::from_millis(milliseconds), work)
        .await
        .is_err()
}

fn order() -> Order {
    Order {
        seed: 1,
        seconds: 1,
        clients: 4,
        users: 4,
    }
}

pub(crate) fn schedule(faults: &[(u64, u64, &str)]) -> Schedule {
    let planned = |&(at, length, fault): &(u64, u64, &str)| Planned {
        at,
        length,
        fault: fault.parse().expect(fault),
    };
    Schedule {
        order: order(),
        faults: faults.iter().map(planned).collect(),
    }
}
