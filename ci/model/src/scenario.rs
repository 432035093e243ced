//! Who takes part.

use std::fmt;

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Login(Login),
    Sweep,
    /// Drops every pool.
    Reload,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login {
    pub user: &'static str,
    /// Whose keys it brings.
    pub epoch: u8,
    /// What becomes of its probe, if it is the one that probes.
    pub dial: Dial,
    /// What stays for a while after the client has left.
    pub need: Option<Need>,
    /// Is a client to the end.
    pub stays: bool,
    /// Looks the pool up while it has it.
    pub looks: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dial {
    Works,
    ServerDown,
    KeysRefused,
    ClientGone,
    /// Gone as soon as it would have to wait.
    LeavesTheQueue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Server,
    Cancel,
    Waiter,
}

impl Part {
    pub fn need(&self) -> Option<Need> {
        match self {
            Self::Login(login) => login.need,
            Self::Sweep | Self::Reload => None,
        }
    }
}

const fn login(epoch: u8, dial: Dial) -> Login {
    Login {
        user: "u",
        epoch,
        dial,
        need: None,
        stays: true,
        looks: false,
    }
}

const GOOD: Part = Part::Login(login(1, Dial::Works));
/// The second good login of the same user.
const SECOND: Part = Part::Login(login(2, Dial::Works));

const fn failing(dial: Dial) -> Part {
    Part::Login(login(1, dial))
}

const FAILURES: [Dial; 4] = [
    Dial::ServerDown,
    Dial::KeysRefused,
    Dial::ClientGone,
    Dial::LeavesTheQueue,
];

const fn leaves_behind(need: Need) -> Part {
    let mut good = login(1, Dial::Works);
    good.need = Some(need);
    good.stays = false;
    Part::Login(good)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Every interleaving.
    Exhaustive,
    /// Every one with at most so many preemptions.
    Bounded(usize),
    Pct(usize),
    Random(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    pub how: How,
    pub parts: Vec<Part>,
}

impl Scenario {
    fn new(how: How, parts: impl IntoIterator<Item = Part>) -> Self {
        let parts = parts.into_iter().collect();
        Self { how, parts }
    }

    /// How long it takes, roughly.
    fn weight(&self) -> usize {
        let logins = self
            .parts
            .iter()
            .filter(|part| matches!(part, Part::Login(_)));
        match (self.how, logins.count()) {
            (How::Exhaustive, 0 | 1) => 0,
            (How::Bounded(_), _) => 1,
            (How::Pct(_), _) => 2,
            (How::Random(_), _) => 3,
            (How::Exhaustive, logins) if !self.parts.contains(&Part::Reload) => 2 * logins,
            (How::Exhaustive, _) => 5,
        }
    }
}

/// Schedules of each of the four that shuttle chooses: 100,000 in all.
const SCHEDULES: usize = 25_000;
/// For four threads.
const PREEMPTIONS: usize = 3;
/// For three, where every interleaving would take too long for each way to fail.
const MANY_PREEMPTIONS: usize = 5;

/// All of them, the quick ones first. Their number in this list is their name.
pub fn all() -> Vec<Scenario> {
    let mut all = Vec::new();
    for need in [Need::Server, Need::Cancel, Need::Waiter] {
        let parts = [leaves_behind(need), Part::Sweep, Part::Sweep];
        all.push(Scenario::new(How::Exhaustive, parts));
    }
    let parts = [leaves_behind(Need::Server), SECOND, Part::Sweep];
    all.push(Scenario::new(How::Exhaustive, parts));
    for dial in FAILURES {
        for cast in casts(3, dial) {
            all.push(Scenario::new(how_three(dial, &cast), cast));
        }
        for cast in casts(4, dial) {
            all.push(Scenario::new(How::Bounded(PREEMPTIONS), cast));
        }
    }
    for shift in [0, 1] {
        for how in [How::Pct(SCHEDULES), How::Random(SCHEDULES)] {
            all.push(Scenario::new(how, crowd(shift)));
        }
    }
    all.sort_by_key(Scenario::weight);
    let mut once: Vec<Scenario> = Vec::new();
    for scenario in all {
        // Casts in which nobody fails come with each way to fail.
        if !once.contains(&scenario) {
            once.push(scenario);
        }
    }
    once
}

/// Each choice of `threads` among {good, second good, failing, sweep, reload}.
fn casts(threads: u32, dial: Dial) -> Vec<Vec<Part>> {
    let roles = [GOOD, SECOND, failing(dial), Part::Sweep, Part::Reload];
    let with = |chosen: u32| {
        let roles = roles.into_iter().enumerate();
        roles.filter_map(move |(n, part)| (chosen >> n & 1 == 1).then_some(part))
    };
    let mut casts: Vec<Vec<_>> = (0_u32..32)
        .filter(|chosen| chosen.count_ones() == threads)
        .map(|chosen| with(chosen).collect())
        .collect();
    // Without another good login the second is only its keys, and these matter to a refusal only.
    let is_double = |cast: &Vec<Part>| cast.contains(&GOOD) != cast.contains(&SECOND);
    casts.retain(|cast| dial == Dial::KeysRefused || !is_double(cast) || cast.contains(&GOOD));
    casts
}

/// Each cast of three is tried in every interleaving with one way to fail: refused keys, after
/// which some are told and some are handed the probe. `FULL=1`: with every way.
fn how_three(dial: Dial, cast: &[Part]) -> How {
    let costly = cast.contains(&Part::Reload) || (cast.contains(&GOOD) && cast.contains(&SECOND));
    let same_keys = cast.contains(&GOOD) && !cast.contains(&SECOND);
    let chosen = dial == Dial::KeysRefused && !same_keys;
    let fails = cast.contains(&failing(dial));
    if !fails || !costly || chosen || std::env::var("FULL").is_ok_and(|full| full == "1") {
        How::Exhaustive
    } else {
        How::Bounded(MANY_PREEMPTIONS)
    }
}

/// Twelve logins of two users, with sweeps and reloads. The shift tells which of them fail.
fn crowd(shift: usize) -> Vec<Part> {
    let logins = (0..12).map(|n| {
        let dials = [
            Dial::Works,
            Dial::Works,
            Dial::ServerDown,
            Dial::Works,
            Dial::KeysRefused,
            Dial::ClientGone,
            Dial::LeavesTheQueue,
        ];
        Part::Login(Login {
            user: if n % 3 == 0 { "v" } else { "u" },
            epoch: u8::from(n % 2 == 0),
            dial: dials[(n * 3 + shift) % dials.len()],
            need: (n % 4 == 0).then_some(Need::Server),
            stays: n % 4 == 3,
            looks: true,
        })
    });
    let rest = [Part::Sweep, Part::Reload, Part::Sweep, Part::Sweep];
    logins.chain(rest).collect()
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhaustive => f.write_str("loom, exhaustive"),
            Self::Bounded(n) => write!(f, "loom, {n} preemptions"),
            Self::Pct(_) => f.write_str("shuttle, PCT"),
            Self::Random(_) => f.write_str("shuttle, random"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login(Login {
                need: Some(need), ..
            }) => write!(f, "good+{need:?}"),
            Self::Login(login) if login.dial == Dial::Works => write!(f, "good{}", login.epoch),
            Self::Login(login) => write!(f, "{:?}{}", login.dial, login.epoch),
            Self::Sweep => f.write_str("sweep"),
            Self::Reload => f.write_str("reload"),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.how)?;
        if self.parts.len() > 5 {
            return write!(f, "{} threads", self.parts.len());
        }
        let parts: Vec<_> = self.parts.iter().map(Part::to_string).collect();
        f.write_str(&parts.join(", "))
    }
}

/// By its number in the list.
pub fn named(number: &str) -> Option<Scenario> {
    all().into_iter().nth(number.parse().ok()?)
}
