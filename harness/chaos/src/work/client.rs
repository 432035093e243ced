//! One client's life: sessions, one after the other, until all have to leave.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use harness::client::Failure;

use super::cast::Role;
use super::desk::Desk;
use super::line::{Line, Tongue};
use super::presence::Presence;
use super::scene::{PATIENCE, Scene};
use super::tricks::{self, TO_LEAVE, TRICKS, Trick};
use crate::dice::Dice;
use crate::ground::User;
use crate::history::{Leaving, Password, What};

/// What a client remembers from one session to the next.
struct Client {
    desk: Arc<Desk>,
    user: Arc<User>,
    name: String,
    visitor: bool,
    dice: Dice,
    /// What it has done since the calm began, so that it leaves nothing out; `None` before.
    done: Option<BTreeSet<&'static str>>,
}

/// Plays until all have to leave. Whoever drops this leaves in the middle of it, which is noted.
pub(super) async fn play(desk: Arc<Desk>, role: Role) {
    let user = Arc::clone(&desk.ground.users[role.user]);
    let mut client = Client {
        name: format!("{}#{}", user.name, role.nth),
        user,
        visitor: role.visitor,
        dice: Dice::new(desk.seed, &format!("client {}", role.number)),
        done: None,
        desk,
    };
    let mut rest = client.milliseconds(0, 200);
    loop {
        client.desk.rest(rest).await;
        if client.desk.is_closing() {
            return;
        }
        let desk = Arc::clone(&client.desk);
        rest = match client.log_in().await {
            Some((session, line)) => client.session(&desk, session, line).await,
            None => client.milliseconds(50, 200),
        };
    }
}

impl Client {
    fn milliseconds(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.dice.between(low, high))
    }

    /// The number of the session and its connection, when it was let in with the right password.
    async fn log_in(&mut self) -> Option<(u64, Line)> {
        if self.desk.is_calm() && self.done.is_none() {
            self.done = Some(BTreeSet::new());
        }
        let (password, text) = self.password();
        let tls = self.dice.percent(50);
        let tongue = if self.dice.percent(60) {
            Tongue::Driver
        } else {
            Tongue::Wire
        };
        let session = self.desk.recorder.next_session();
        self.desk.recorder.note(What::Login {
            session,
            client: self.name.clone(),
            user: self.user.name.clone(),
            password,
            tls,
        });
        match self.dial(tongue, tls, text).await {
            Ok(line) if password == Password::Right => Some((session, line)),
            Ok(line) => {
                // That it was let in is for the judges; it has nothing to do here.
                let presence = Presence::begin(&self.desk, session);
                line.leave().await;
                presence.left(Leaving::Polite);
                None
            }
            Err(failure) => {
                self.desk.tally.refused.up();
                self.desk.recorder.note(What::Refused { session, failure });
                None
            }
        }
    }

    async fn dial(&self, tongue: Tongue, tls: bool, password: String) -> Result<Line, Failure> {
        let mut login = self.desk.ground.login(&self.user, tls);
        login.password = Some(password);
        Line::open(tongue, &self.name, &login).await
    }

    fn password(&mut self) -> (Password, String) {
        let chance = self.dice.below(100);
        let old = self.user.old_password();
        match (chance, old) {
            _ if self.done.is_some() => (Password::Right, self.user.password()),
            (0..4, _) => (Password::Wrong, format!("{}_never", self.user.name)),
            (4..12, Some(old)) => (Password::Old, old),
            _ => (Password::Right, self.user.password()),
        }
    }

    /// A whole session; how long to rest after it.
    async fn session(&mut self, desk: &Desk, session: u64, line: Line) -> Duration {
        let presence = Presence::begin(desk, session);
        let mut scene = Scene {
            desk,
            client: &self.name,
            dice: &mut self.dice,
            session,
            line,
            deadline: tokio::time::Instant::now() + PATIENCE,
            over: None,
            well: true,
        };
        let requests = scene.dice.between(1, if self.visitor { 4 } else { 30 });
        for _ in 0..requests {
            // The calm begins with a login of everybody.
            if desk.is_closing() || desk.is_calm() && self.done.is_none() {
                break;
            }
            request(&mut scene, self.done.as_mut()).await;
            if scene.is_over() {
                break;
            }
            let thinks = think(scene.dice);
            desk.rest(thinks).await;
        }
        let polite = self.done.is_some() || desk.is_closing();
        let how = leave(scene, polite).await;
        presence.left(how);
        self.rest_after(how)
    }

    fn rest_after(&mut self, how: Leaving) -> Duration {
        let long = if self.visitor { 60 } else { 6 };
        match how {
            Leaving::Thrown => self.milliseconds(50, 200),
            _ if self.dice.percent(long) => self.milliseconds(700, 1_500),
            _ => self.milliseconds(0, 60),
        }
    }
}

/// Mostly a moment; now and then as long as servers are kept for.
fn think(dice: &mut Dice) -> Duration {
    Duration::from_millis(if dice.percent(1) {
        dice.between(700, 1_500)
    } else {
        dice.between(0, 30)
    })
}

/// Does something; first what it has not done since the calm began.
async fn request(scene: &mut Scene<'_>, done: Option<&mut BTreeSet<&'static str>>) {
    let wait = scene.desk.pace.wait();
    scene.desk.rest(wait).await;
    let tongue = scene.line.tongue();
    let missing: Vec<&Trick> = TRICKS
        .iter()
        .filter(|trick| trick.fits(tongue))
        .filter(|trick| done.as_ref().is_some_and(|done| !done.contains(trick.name)))
        .collect();
    let trick = if missing.is_empty() {
        tricks::choose(scene.dice, tongue)
    } else {
        scene.dice.one_of(&missing)
    };
    scene.well = true;
    (trick.play)(scene).await;
    if let Some(done) = done.filter(|_| scene.well) {
        done.insert(trick.name);
    }
}

/// Goes as the session allows, and as the dice say.
async fn leave(mut scene: Scene<'_>, polite: bool) -> Leaving {
    let how = match scene.over {
        Some(how) => how,
        None if polite => Leaving::Polite,
        None => match scene.dice.below(100) {
            0..70 => Leaving::Polite,
            70..85 => Leaving::Rude,
            _ => leave_in_action(&mut scene).await,
        },
    };
    if how == Leaving::Polite {
        scene.line.leave().await;
    }
    how
}

/// Begins something, and goes before it has ended, if it lasts long enough for that.
async fn leave_in_action(scene: &mut Scene<'_>) -> Leaving {
    let patience = Duration::from_micros(scene.dice.between(200, 15_000));
    let play = scene.dice.one_of(TO_LEAVE);
    tokio::select! {
        () = play(scene) => {}
        () = tokio::time::sleep(patience) => return Leaving::RudeInAction,
    }
    scene.over.unwrap_or(Leaving::Rude)
}
