//! A made-up run: the schedule of a seed over several hundred requests, some of which fail.

use chaos::dice::Dice;
use chaos::history::{
    Answer, Effect, Event, How, Leaving, Micros, Origin, Outcome, Password, Phase, Row, Sample,
    Setting, What, Work,
};
use chaos::plan::{Order, Schedule};
use harness::client::Failure;

/// Would run if the page did not escape it, and would fetch something.
pub(crate) const HOSTILE: &str = "<script>document.title='broken in'</script><img src=http://127.0.0.1:9/x onerror=console.error('ran')> & \"'";

pub(crate) const SEED: u64 = 7;
const SECONDS: u64 = 20;
const CLIENTS: usize = 24;
const USERS: usize = 8;
const WARM_UP: Micros = 2_000_000;
const STORM_ENDS: Micros = WARM_UP + SECONDS * 1_000_000;

/// Events that are put down as they come to mind.
pub(crate) struct Story {
    pub(crate) events: Vec<Event>,
    dice: Dice,
    ops: u64,
    sessions: u64,
}

impl Story {
    /// Nothing has happened but the beginning.
    pub(crate) fn begin() -> Self {
        let users = (0..USERS).map(|user| {
            let stored = if user % 2 == 0 {
                "md5"
            } else {
                "scram-sha-256"
            };
            (format!("user{user}"), stored.to_owned())
        });
        let mut story = Self {
            events: Vec::new(),
            dice: Dice::new(SEED, "story"),
            ops: 0,
            sessions: 0,
        };
        let setting = Setting {
            seed: SEED,
            pooler: "pgturnstile".to_owned(),
            provider: "local".to_owned(),
            clients: CLIENTS,
            users: users.collect(),
            pool_size: 3,
            storm_ms: SECONDS * 1_000,
            ..Setting::default()
        };
        story.say(0, What::Began(setting));
        story
    }

    /// The whole run, in which `hostile` words come back from everywhere.
    pub(crate) fn whole() -> Self {
        let mut story = Self::begin();
        story.phases();
        let order = Order {
            seed: SEED,
            seconds: SECONDS,
            clients: CLIENTS,
            users: USERS,
        };
        let troubles = story.faults(&Schedule::of(&order));
        story.clients(&troubles);
        story.samples(&troubles);
        story.events.sort_by_key(|event| event.at);
        story
    }

    pub(crate) fn say(&mut self, at: Micros, what: What) {
        self.events.push(Event { at, what });
    }

    fn phases(&mut self) {
        let calm = STORM_ENDS;
        for (phase, at) in [
            (Phase::WarmUp, 0),
            (Phase::Storm, WARM_UP),
            (Phase::Calm, calm),
            (Phase::Quiet, calm + 2_600_000),
            (Phase::Leaving, calm + 4_600_000),
            (Phase::Audit, calm + 5_200_000),
        ] {
            self.say(at, What::Phase { phase });
        }
        let at = calm + 6_000_000;
        self.say(at, What::Audit { leaks: Vec::new() });
    }

    /// Plays the schedule; tells when faults that hurt were there.
    pub(crate) fn faults(&mut self, schedule: &Schedule) -> Vec<(Micros, Micros)> {
        let mut troubles = Vec::new();
        for (number, planned) in (1..).zip(&schedule.faults) {
            let from = WARM_UP + planned.at * 1_000;
            let to = from + planned.length * 1_000;
            let fault = planned.fault.clone();
            self.say(from, What::FaultBegan { number, fault });
            let hits = self.dice.below(9);
            let trouble = (number == 5).then(|| format!("the proxy said {HOSTILE}"));
            self.say(
                to,
                What::FaultEnded {
                    number,
                    hits: Some(hits),
                    trouble,
                },
            );
            if hits > 4 {
                troubles.push((from, to));
            }
        }
        troubles
    }

    fn clients(&mut self, troubles: &[(Micros, Micros)]) {
        for client in 0..CLIENTS {
            let mut at = 10_000 + 7_000 * client as u64;
            while at < STORM_ENDS + 4_600_000 {
                at = self.session(client, at, troubles);
            }
        }
    }

    /// A login, some requests, and the end; tells when the next may come.
    fn session(&mut self, client: usize, at: Micros, troubles: &[(Micros, Micros)]) -> Micros {
        self.sessions += 1;
        let session = self.sessions;
        let password = match self.dice.below(12) {
            0 => Password::Wrong,
            1 => Password::Old,
            _ => Password::Right,
        };
        self.login(session, client, at, password);
        let decided = at + self.takes(3_000, 9_000);
        let bad = hurts(troubles, at);
        if password != Password::Right || (bad && self.dice.percent(70)) {
            let sqlstate = if bad { "57P03" } else { "28P01" };
            let failure = failure(Some(sqlstate), "auth_query: no answer within 5 s");
            self.say(decided, What::Refused { session, failure });
            return decided + self.takes(50_000, 400_000);
        }
        self.say(decided, What::LoggedIn { session });
        let mut now = decided;
        for _ in 0..self.dice.between(2, 12) {
            now = self.request(session, now, troubles) + self.takes(10_000, 300_000);
        }
        let how = Leaving::Polite;
        self.say(now, What::Left { session, how });
        now + self.takes(20_000, 400_000)
    }

    fn login(&mut self, session: u64, client: usize, at: Micros, password: Password) {
        self.say(
            at,
            What::Login {
                session,
                client: format!("client {client}"),
                user: format!("user{}", client % USERS),
                password,
                tls: client.is_multiple_of(3),
            },
        );
    }

    /// A request and its end; tells when that was.
    fn request(&mut self, session: u64, at: Micros, troubles: &[(Micros, Micros)]) -> Micros {
        self.ops += 1;
        let op = self.ops;
        let work = self.work();
        self.say(at, What::Asked { op, session, work });
        let bad = hurts(troubles, at);
        let mut ended = at + self.takes(400, 4_000);
        if bad {
            ended += self.takes(5_000, 900_000);
        }
        if self.dice.percent(1) {
            return ended;
        }
        let outcome = self.outcome(bad);
        let answer = Answer {
            outcome,
            held: None,
        };
        self.say(ended, What::Answered { op, answer });
        ended
    }

    fn work(&mut self) -> Work {
        let token = format!("{}-{HOSTILE}", self.ops);
        match self.dice.below(5) {
            0 => Work::Total,
            1 => Work::CopyIn { token, rows: 10 },
            2 => Work::Mail { token },
            3 => Work::Transfer {
                token,
                from: 1,
                to: 2,
                amount: 5,
            },
            _ => Work::Ask {
                token,
                rows: 1,
                how: How::Simple,
            },
        }
    }

    fn outcome(&mut self, bad: bool) -> Outcome {
        let failure = match self.dice.below(if bad { 6 } else { 120 }) {
            0 => failure(
                Some("57P01"),
                "terminating connection due to administrator command",
            ),
            1 => failure(None, HOSTILE),
            2 if bad => failure(Some("08006"), &"a server that went away ".repeat(12)),
            3 if bad => return Outcome::Abandoned,
            _ => return self.rows(),
        };
        let effect = Effect::None;
        Outcome::Failed { failure, effect }
    }

    fn rows(&mut self) -> Outcome {
        let origin = Origin {
            user: "user1".to_owned(),
            session_user: "user1".to_owned(),
            backend: 4_242,
            mark: String::new(),
        };
        let number = self.ops;
        let token = HOSTILE.to_owned();
        Outcome::Rows {
            rows: vec![Row {
                origin,
                token,
                number,
            }],
        }
    }

    /// A look every half a second, but none at a moment of trouble.
    fn samples(&mut self, troubles: &[(Micros, Micros)]) {
        for half in 0..52 {
            let at = half * 500_000 + 1_000;
            let mut sample = Sample::default();
            if !hurts(troubles, at) {
                for (key, most) in [("servers", 20), ("leases", 9), ("waiters", 4)] {
                    let count = i64::try_from(self.dice.below(most)).expect("small");
                    sample.internals.insert(key.to_owned(), count);
                }
            }
            self.say(at, What::Seen(sample));
        }
    }

    /// Between these, the shorter ones more often.
    fn takes(&mut self, least: Micros, most: Micros) -> Micros {
        let long = self.dice.between(least, most);
        let short = self.dice.between(least, long);
        self.dice.between(least, short)
    }
}

fn hurts(troubles: &[(Micros, Micros)], at: Micros) -> bool {
    troubles.iter().any(|(from, to)| (*from..*to).contains(&at))
}

pub(crate) fn failure(sqlstate: Option<&str>, message: &str) -> Failure {
    Failure {
        sqlstate: sqlstate.map(str::to_owned),
        fatal: false,
        ..Failure::local(message)
    }
}
