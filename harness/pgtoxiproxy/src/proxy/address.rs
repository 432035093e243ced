//! Where a proxy listens: `host:port`, `[v6]:port`, `:port` for every interface, or nothing for any
//! port of every interface.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, lookup_host};
use tokio::time::timeout;

use super::Error;

/// How many may wait to be accepted; what tokio's own listeners take.
const BACKLOG: u32 = 1024;

/// A name server that does not answer must not hold the API.
const LOOKUP: Duration = Duration::from_secs(5);

/// Whether an address as it was written is the one that a proxy shows.
pub(super) async fn is_same(written: &str, shown: &str) -> Result<bool, Error> {
    if written == shown {
        return Ok(true);
    }
    let places = resolve(written).await?;
    Ok(places.iter().any(|place| place.to_string() == shown))
}

/// A socket at the first place of that address which can be had.
pub(super) async fn bind(listen: &str) -> Result<TcpSocket, Error> {
    let mut failed = None;
    for place in resolve(listen).await? {
        match socket(place) {
            Ok(socket) => return Ok(socket),
            Err(error) => failed = failed.or_else(|| Some(cannot(&place.to_string(), &error))),
        }
    }
    Err(failed.unwrap_or_else(|| unknown(listen, "no such host")))
}

/// Holds a place that was listened at a moment ago, if it can still be had.
pub(super) fn reserve(shown: &str) -> Option<TcpSocket> {
    socket(shown.parse().ok()?).ok()
}

/// Listens, and tells where.
pub(super) fn listen(socket: TcpSocket) -> Result<(TcpListener, String), Error> {
    let place = socket.local_addr().map(|place| place.to_string());
    let place = place.unwrap_or_default();
    let listener = socket.listen(BACKLOG);
    Ok((listener.map_err(|error| cannot(&place, &error))?, place))
}

fn socket(place: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match place {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Connections of an earlier listener that linger in TIME_WAIT must not keep a new one out.
    socket.set_reuseaddr(true)?;
    socket.bind(place)?;
    Ok(socket)
}

/// The places that an address means, in the order to try them. A name has one, an IPv4 one if
/// possible; every interface means both families, or IPv4 where there is no other.
async fn resolve(listen: &str) -> Result<Vec<SocketAddr>, Error> {
    let (host, port) = split(listen).map_err(|reason| unknown(listen, reason))?;
    if host.is_empty() {
        let every: [IpAddr; 2] = [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
        return Ok(every.map(|ip| SocketAddr::new(ip, port)).to_vec());
    }
    let found = timeout(LOOKUP, lookup_host((host, port))).await;
    let mut places: Vec<_> = match found {
        Ok(Ok(places)) => places.collect(),
        Ok(Err(_)) => return Err(unknown(listen, "no such host")),
        Err(_) => return Err(unknown(listen, "the name server does not answer")),
    };
    places.sort_by_key(SocketAddr::is_ipv6);
    places.truncate(1);
    Ok(places)
}

fn split(listen: &str) -> Result<(&str, u16), &'static str> {
    if listen.is_empty() {
        return Ok(("", 0));
    }
    let (host, port) = listen.rsplit_once(':').ok_or("missing port in address")?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    if bare.is_none() && host.contains(':') {
        return Err("too many colons in address");
    }
    let port = if port.is_empty() { "0" } else { port };
    let port = port.parse().map_err(|_| "invalid port")?;
    Ok((bare.unwrap_or(host), port))
}

fn unknown(listen: &str, reason: &str) -> Error {
    Error::Listen(format!("listen tcp: address {listen}: {reason}"))
}

/// In the words of Toxiproxy, without the number that Rust adds.
fn cannot(place: &str, error: &io::Error) -> Error {
    let reason = error.to_string();
    let reason = reason.split(" (os error").next().unwrap_or_default();
    let reason = reason.to_lowercase();
    Error::Listen(format!("listen tcp {place}: bind: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (listen, expected) in [
            ("", Ok(("", 0))),
            (":5432", Ok(("", 5432))),
            ("localhost:", Ok(("localhost", 0))),
            ("127.0.0.1:1", Ok(("127.0.0.1", 1))),
            ("[::1]:65535", Ok(("::1", 65535))),
            ("::1", Err("too many colons in address")),
            ("local373", Err("missing port in address")),
            ("localhost:65536", Err("invalid port")),
            ("localhost:-1", Err("invalid port")),
        ] {
            assert_eq!(split(listen), expected, "{listen}");
        }
    }
}
