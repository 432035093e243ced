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

#[derive(Debug, Clone)]
pub struct Scenario {
    pub how: How,
    pub parts: Vec<Part>,
}

impl Scenario {
    fn new(how: How, parts: impl IntoIterator<Item = Part>) -> Self {
        let parts = parts.into_iter().collect();
        Self { how, parts }
    }
}

/// Schedules of each of the four that shuttle chooses: 100,000 in all.
const SCHEDULES: usize = 25_000;
const PREEMPTIONS: usize = 4;

/// All of them. Their number in this list is their name for a child process.
pub fn all() -> Vec<Scenario> {
    let mut all = Vec::new();
    for need in [Need::Server, Need::Cancel, Need::Waiter] {
        let parts = [leaves_behind(need), SECOND, Part::Sweep];
        all.push(Scenario::new(How::Exhaustive, parts));
    }
    for (threads, how) in [
        (3, How::Exhaustive),
        (4, How::Bounded(PREEMPTIONS)),
    ] {
        for parts in casts(threads) {
            all.push(Scenario::new(how, parts));
        }
    }
    for (crowd, how) in [
        (crowd(0), How::Pct(SCHEDULES)),
        (crowd(0), How::Random(SCHEDULES)),
        (crowd(1), How::Pct(SCHEDULES)),
        (crowd(1), How::Random(SCHEDULES)),
    ] {
        all.push(Scenario::new(how, crowd));
    }
    all
}

/// Each choice of `threads` among {good, second good, failing, sweep, reload}, with each way to fail.
fn casts(threads: u32) -> Vec<Vec<Part>> {
    let mut casts = Vec::new();
    for chosen in 0_u32..32 {
        if chosen.count_ones() != threads {
            continue;
        }
        for dial in FAILURES {
            let roles = [GOOD, SECOND, failing(dial), Part::Sweep, Part::Reload];
            let with = |(n, part): (usize, Part)| (chosen >> n & 1 == 1).then_some(part);
            let cast: Vec<_> = roles.into_iter().enumerate().filter_map(with).collect();
            if !casts.contains(&cast) {
                casts.push(cast);
            }
        }
    }
    casts
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
            Self::Login(Login { need: Some(need), .. }) => write!(f, "good+{need:?}"),
            Self::Login(Login { dial, .. }) if *dial == Dial::Works => f.write_str("good"),
            Self::Login(Login { dial, .. }) => write!(f, "{dial:?}"),
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
