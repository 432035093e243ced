//! HBA rules: who may come from where, and how they prove themselves (PostgreSQL documentation,
//! chapter "The `pg_hba.conf` File").
//!
//! A rule that PostgreSQL would read and we can't obey (group roles, host names, options, other
//! methods) is a problem with its line, never passed over: the rules behind it would then decide.

mod line;
mod token;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;

use nix::ifaddrs::getifaddrs;
use regex::Regex;

use super::problem::{Place, Problem};
use super::reader::{Reader, relative_to};
pub use super::settings::AddressMask;
use token::Line;

/// Deeper includes are a circle (PostgreSQL's `CONF_FILE_MAX_DEPTH` in guc.h).
const INCLUDE_DEPTH: usize = 10;
/// Each login walks the list.
const RULES: usize = 10_000;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HbaRule {
    /// The line of its file, for logs.
    pub line: u32,
    pub connection: ConnectionType,
    pub databases: Vec<NameMatch>,
    pub users: Vec<NameMatch>,
    pub addresses: AddressMatch,
    pub method: HbaMethod,
}

impl HbaRule {
    /// Whether the rule has this database by its own name; only such a rule may open the console
    /// without a password.
    pub fn names_database(&self, database: &str) -> bool {
        let is_named = |name: &NameMatch| matches!(name, NameMatch::Exact(n) if n == database);
        self.databases.iter().any(is_named)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionType {
    /// Unix sockets.
    Local,
    /// TCP, with or without TLS.
    Host,
    HostSsl,
    HostNoSsl,
}

/// One name of a list of databases or users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameMatch {
    All,
    /// The database has the user's name.
    SameUser,
    Exact(String),
    Pattern(Pattern),
    /// `replication`: such connections are refused before any rule is asked.
    Replication,
}

/// A regular expression that need not match the whole name; equal when written alike.
#[derive(Clone)]
pub struct Pattern(Regex);

impl Pattern {
    pub fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.0.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressMatch {
    /// `all`, and every `local` rule.
    Any,
    /// One of these; `samehost` and `samenet` are put in place when the file is read.
    Networks(Vec<AddressMask>),
}

impl AddressMask {
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, self.mask, address) {
            (IpAddr::V4(a), IpAddr::V4(m), IpAddr::V4(b)) => {
                a.to_bits() & m.to_bits() == b.to_bits() & m.to_bits()
            }
            (IpAddr::V6(a), IpAddr::V6(m), IpAddr::V6(b)) => {
                a.to_bits() & m.to_bits() == b.to_bits() & m.to_bits()
            }
            _ => false,
        }
    }

    /// The mask with this many leading ones.
    fn with_prefix(address: IpAddr, prefix: u32) -> Option<Self> {
        let mask = match address {
            IpAddr::V4(_) if prefix <= 32 => IpAddr::V4(Ipv4Addr::from_bits(
                u32::MAX.checked_shl(32 - prefix).unwrap_or(0),
            )),
            IpAddr::V6(_) if prefix <= 128 => IpAddr::V6(Ipv6Addr::from_bits(
                u128::MAX.checked_shl(128 - prefix).unwrap_or(0),
            )),
            _ => return None,
        };
        Some(Self { address, mask })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HbaMethod {
    Trust,
    Reject,
    /// MD5, or SCRAM where the secret is a SCRAM verifier.
    Md5,
    ScramSha256,
    /// Cleartext.
    Password,
}

/// Where a text of rules comes from, which decides how its problems are named.
pub enum Source<'a> {
    /// A file of its own: problems have its lines.
    File(&'a Path),
    /// A text inside the configuration: problems stand at the key and tell the line.
    Inline(&'a Place),
}

/// Reads the rules of a text, includes and all; problems go to the reader's report under `key`.
pub fn parse(reader: &Reader<'_>, source: &Source<'_>, key: &str, text: &str) -> Vec<HbaRule> {
    let mut rules = Vec::new();
    let parser = Parser { reader, key };
    parser.text(source, text, 0, &mut rules);
    if rules.len() > RULES {
        parser.problem(source, 1, 1, &format!("more than {RULES} rules"));
    }
    rules
}

struct Parser<'a> {
    reader: &'a Reader<'a>,
    key: &'a str,
}

impl Parser<'_> {
    fn text(&self, source: &Source<'_>, text: &str, depth: usize, rules: &mut Vec<HbaRule>) {
        for line in token::lines(text) {
            let line = match line {
                Ok(line) => line,
                Err(fault) => {
                    self.problem(source, fault.line, fault.column, fault.reason);
                    continue;
                }
            };
            if rules.len() > RULES {
                return;
            }
            if line.word(0).is_some_and(|word| word.starts_with("include")) {
                self.include(source, &line, depth, rules);
                continue;
            }
            match line::rule(&line) {
                Ok(rule) => rules.push(rule),
                Err((column, reason)) => self.problem(source, line.number, column, &reason),
            }
        }
    }

    fn include(&self, source: &Source<'_>, line: &Line, depth: usize, rules: &mut Vec<HbaRule>) {
        let problem = |reason: &str| self.problem(source, line.number, line.column(0), reason);
        let may_miss = match line.word(0) {
            Some("include") => false,
            Some("include_if_exists") => true,
            _ => return problem("only include and include_if_exists are supported"),
        };
        let (Some(name), 2) = (line.single(1), line.fields.len()) else {
            return problem("expected one file name after include");
        };
        if depth == INCLUDE_DEPTH {
            return problem("files include each other too deeply");
        }
        let base = match source {
            Source::File(path) => path,
            Source::Inline(place) => &*place.file,
        };
        let path = relative_to(base, name);
        if may_miss && matches!(path.try_exists(), Ok(false)) {
            return;
        }
        match self.reader.text(&path) {
            Ok(text) => self.text(&Source::File(&path), &text, depth + 1, rules),
            Err(reason) => problem(&format!("{}: {reason}", path.display())),
        }
    }

    fn problem(&self, source: &Source<'_>, line: u32, column: u32, reason: &str) {
        let (place, reason) = match source {
            Source::File(path) => {
                let file: Arc<Path> = (*path).into();
                (Place::in_file(&file, line, column), reason.to_owned())
            }
            Source::Inline(place) => (
                (*place).clone(),
                format!("line {line}, column {column}: {reason}"),
            ),
        };
        let key = self.key.to_owned();
        self.reader.problems([Problem { place, key, reason }]);
    }
}

/// The addresses of this machine with the masks of their networks.
fn own_networks() -> io::Result<Vec<AddressMask>> {
    let ip = |address: Option<nix::sys::socket::SockaddrStorage>| {
        let address = address?;
        let v4 = address.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|a| IpAddr::V6(a.ip())))
    };
    let network = |interface: nix::ifaddrs::InterfaceAddress| {
        Some(AddressMask {
            address: ip(interface.address)?,
            mask: ip(interface.netmask)?,
        })
    };
    Ok(getifaddrs()?.filter_map(network).collect())
}

#[cfg(test)]
mod tests;
