//! One line of HBA text to one rule.

use std::net::IpAddr;

use regex::RegexBuilder;

use super::token::{Line, Word};
use super::{
    AddressMask, AddressMatch, ConnectionType, HbaMethod, HbaRule, NameMatch, Pattern, own_networks,
};

/// A column and a sentence.
type Fault = (u32, String);

/// The size of a compiled expression; a name needs little.
const PATTERN_SIZE: usize = 1 << 20;

/// `local` rules have no address: type, databases, users, then the address, then the method.
pub(super) fn rule(line: &Line) -> Result<HbaRule, Fault> {
    let connection = connection(line)?;
    let databases = names(line, 1, database)?;
    let users = names(line, 2, user)?;
    let (addresses, next) = match connection {
        ConnectionType::Local => (AddressMatch::Any, 3),
        _ => addresses(line)?,
    };
    let method = method(line, next)?;
    if line.fields.len() > next + 1 {
        let reason = "options behind the method are not supported".to_owned();
        return Err((line.column(next + 1), reason));
    }
    Ok(HbaRule {
        line: line.number,
        connection,
        databases,
        users,
        addresses,
        method,
    })
}

fn connection(line: &Line) -> Result<ConnectionType, Fault> {
    match line.single(0) {
        Some("local") => Ok(ConnectionType::Local),
        Some("host") => Ok(ConnectionType::Host),
        Some("hostssl") => Ok(ConnectionType::HostSsl),
        Some("hostnossl") => Ok(ConnectionType::HostNoSsl),
        _ => Err((
            line.column(0),
            "the type must be one of: local, host, hostssl, hostnossl".to_owned(),
        )),
    }
}

fn names(
    line: &Line,
    field: usize,
    name: fn(&Word) -> Result<NameMatch, String>,
) -> Result<Vec<NameMatch>, Fault> {
    let what = ["", "database", "user"][field];
    let Some(words) = line.fields.get(field).map(|field| &field.words) else {
        return Err((line.column(0), format!("the line ends before the {what}")));
    };
    let names: Result<Vec<NameMatch>, String> = words.iter().map(name).collect();
    names.map_err(|reason| (line.column(field), reason))
}

fn database(word: &Word) -> Result<NameMatch, String> {
    match word.text.as_str() {
        "sameuser" if !word.quoted => Ok(NameMatch::SameUser),
        "replication" if !word.quoted => Ok(NameMatch::Replication),
        "samerole" | "samegroup" if !word.quoted => Err(format!(
            "{} is not supported: the pooler does not know who is a member of which role",
            word.text
        )),
        _ => name(word),
    }
}

fn user(word: &Word) -> Result<NameMatch, String> {
    if word.text.starts_with('+') && !word.quoted {
        let reason = "members of a role (+) are not supported: the pooler does not know them";
        return Err(reason.to_owned());
    }
    name(word)
}

fn name(word: &Word) -> Result<NameMatch, String> {
    match word.text.as_str() {
        "" => Err("a name can't be empty".to_owned()),
        "all" if !word.quoted => Ok(NameMatch::All),
        text if text.starts_with('@') && !word.quoted => {
            Err("lists in files (@) are not supported: use include".to_owned())
        }
        text => match text.strip_prefix('/') {
            Some(pattern) => RegexBuilder::new(pattern)
                .size_limit(PATTERN_SIZE)
                .build()
                .map(|regex| NameMatch::Pattern(Pattern(regex)))
                .map_err(|_| "the regular expression can't be read".to_owned()),
            None => Ok(NameMatch::Exact(text.to_owned())),
        },
    }
}

/// The addresses, and the number of the field behind them.
fn addresses(line: &Line) -> Result<(AddressMatch, usize), Fault> {
    let column = line.column(3);
    let fault = |reason: &str| (column, reason.to_owned());
    if line.fields.len() < 4 {
        return Err((
            line.column(0),
            "the line ends before the address".to_owned(),
        ));
    }
    let Some(text) = line.single(3) else {
        return Err(fault("only one address is allowed in a line"));
    };
    let own = || own_networks().map_err(|_| fault("can't list this machine's addresses"));
    match line.word(3) {
        Some("all") => return Ok((AddressMatch::Any, 4)),
        Some("samehost") => {
            let exact = |a: AddressMask| AddressMask::with_prefix(a.address, width(a.address));
            let hosts = own()?.into_iter().filter_map(exact).collect();
            return Ok((AddressMatch::Networks(hosts), 4));
        }
        Some("samenet") => return Ok((AddressMatch::Networks(own()?), 4)),
        _ => {}
    }
    let (host, prefix) = match text.split_once('/') {
        Some((host, prefix)) => (host, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = host
        .parse()
        .map_err(|_| fault("not an IP address (host names are not supported)"))?;
    let (network, next) = match prefix {
        Some(prefix) => {
            let digits = prefix.bytes().all(|b| b.is_ascii_digit());
            let prefix = prefix.parse().ok().filter(|_| digits);
            let network = prefix.and_then(|prefix| AddressMask::with_prefix(address, prefix));
            (
                network.ok_or_else(|| fault("the prefix length does not fit the address"))?,
                4,
            )
        }
        None => (masked(line, address)?, 5),
    };
    Ok((AddressMatch::Networks(vec![network]), next))
}

/// An address whose mask is a field of its own.
fn masked(line: &Line, address: IpAddr) -> Result<AddressMask, Fault> {
    let mask: Option<IpAddr> = line.single(4).and_then(|text| text.parse().ok());
    match mask {
        Some(mask) if mask.is_ipv4() == address.is_ipv4() => Ok(AddressMask { address, mask }),
        Some(_) => Err((
            line.column(4),
            "address and mask are of different kinds".to_owned(),
        )),
        None => {
            let reason = "the address needs a prefix length (/32) or a mask behind it";
            Err((line.column(3), reason.to_owned()))
        }
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn method(line: &Line, field: usize) -> Result<HbaMethod, Fault> {
    if line.fields.len() <= field {
        return Err((line.column(0), "the line ends before the method".to_owned()));
    }
    match line.single(field) {
        Some("trust") => Ok(HbaMethod::Trust),
        Some("reject") => Ok(HbaMethod::Reject),
        Some("md5") => Ok(HbaMethod::Md5),
        Some("scram-sha-256" | "scram_sha_256" | "scramsha256") => Ok(HbaMethod::ScramSha256),
        Some("password") => Ok(HbaMethod::Password),
        _ => Err((
            line.column(field),
            "the method must be one of: trust, reject, md5, scram-sha-256, password".to_owned(),
        )),
    }
}
