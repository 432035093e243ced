//! A race that is run again and again: a login against the sweep that reaps its pool.
//!
//! Nothing of PostgreSQL's conversation lies between the two, so no hold can place it. The rounds
//! aim instead: the login comes later after a round in which it found the old pool, earlier after
//! one in which the sweep was first, by less and less. So they close in on the instant.

use std::time::Duration;

use cucumber::when;
use harness::client::{Session, Wire};
use tokio::time::{Instant, sleep};

use crate::Turnstile;
use crate::surprise::{Step, Surprise, expect};
use crate::words::{ClientName, Manner};

/// How often each side must have been first.
const EACH: i64 = 5;
/// For all rounds; a busy machine makes them slow.
const LIMIT: Duration = Duration::from_secs(180);
/// By how much the aim moves after the first round, and after the late ones.
const COARSE: Duration = Duration::from_millis(64);
const FINE: Duration = Duration::from_millis(4);

/// The client has been the pooler's only one from the start. It stays after the last round.
#[when(expr = "{client} leaves and comes back when its pool is being reaped, {int} times and more")]
async fn race_the_sweep(world: &mut Turnstile, client: ClientName, least: i64) -> Step {
    let start = Instant::now();
    let mut aim = Aim::default();
    let mut pools = counter(world, "dynamic_pools_created").await?;
    while aim.rounds() < least || aim.login.min(aim.sweep) < EACH {
        if start.elapsed() > LIMIT {
            return Err(Surprise::new(format!("after {LIMIT:?}: {aim:?}")));
        }
        let next = at_the_door(world, &client).await?;
        world.take_client(&client)?.leave().await;
        // Nothing is waited for here: this is the aim.
        sleep(aim.after).await;
        come_in(world, &client, next).await?;
        let before = pools;
        pools = counter(world, "dynamic_pools_created").await?;
        if pools == before {
            aim.later();
        } else {
            aim.earlier();
        }
    }
    // Every pool that was reaped was followed by one other, and no login made two.
    expect("reaped", &counter(world, "pools_reaped").await?, &aim.sweep)?;
    expect("made", &pools, &(aim.sweep + 1))
}

/// When the login comes, and how often who was first.
#[derive(Debug)]
struct Aim {
    after: Duration,
    correction: Duration,
    was_later: bool,
    login: i64,
    sweep: i64,
}

impl Default for Aim {
    fn default() -> Self {
        Self {
            after: Duration::ZERO,
            correction: COARSE,
            was_later: true,
            login: 0,
            sweep: 0,
        }
    }
}

impl Aim {
    fn rounds(&self) -> i64 {
        self.login + self.sweep
    }

    fn later(&mut self) {
        self.login += 1;
        self.refine(true);
        self.after += self.correction;
    }

    fn earlier(&mut self) {
        self.sweep += 1;
        self.refine(false);
        self.after = self.after.saturating_sub(self.correction);
    }

    /// The instant lies between two rounds of which each had another first.
    fn refine(&mut self, later: bool) {
        if self.was_later != later {
            self.correction = FINE.max(self.correction / 2);
        }
        self.was_later = later;
    }
}

/// Connected, and has said nothing: what it says is all that is still to travel.
async fn at_the_door(world: &mut Turnstile, client: &ClientName) -> Step<Wire> {
    let endpoint = world.scene()?.login(client, &Manner::default())?.endpoint;
    Ok(Wire::dial(client.as_str(), &endpoint, &world.trace).await?)
}

/// Logs in and is served.
async fn come_in(world: &mut Turnstile, client: &ClientName, mut wire: Wire) -> Step {
    let login = world.scene()?.login(client, &Manner::default())?;
    wire.log_in(&login).await?;
    let mut session = Session::Wire(Box::new(wire));
    let answer = session.run("select current_user").await?;
    expect("who is served", &answer.cell()?, &login.user.as_str())?;
    world.enter(client.clone(), session);
    Ok(())
}

async fn counter(world: &mut Turnstile, name: &str) -> Step<i64> {
    let table = world.scene()?.console()?.ask("SHOW AUTH_QUERY").await?;
    let row = table.rows.first();
    let cell = row.and_then(|row| table.cell(row, name));
    let number = cell.and_then(|cell| cell.parse().ok());
    number.ok_or_else(|| Surprise::new(format!("SHOW AUTH_QUERY has no number {name}")))
}
