//! `SSLRequest` and its answer, shared by logins and cancel requests.

use std::io;

use crate::net::pg::PgStream;
use crate::net::stream::Stream;
use crate::net::tls::connect::Connector;
use crate::wire::request;
use crate::world::{Endpoint, Socket};

/// What a server says to `SSLRequest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Willing,
    Unwilling,
}

/// Asks for TLS. A single byte may come back: what follows it was not protected by the handshake
/// and could have been put there by anybody.
///
/// # Cancel safety
/// None: the stream is of no use after a dropped call, but to be closed.
pub(super) async fn ask(pg: &mut PgStream) -> Result<Answer, String> {
    let mut request = Vec::new();
    request::ssl_request(&mut request);
    let lost = |e: io::Error| format!("connection lost while asking for TLS: {e}");
    pg.send(&request).await.map_err(lost)?;
    pg.fill().await.map_err(lost)?;
    let answer = match pg.buffered() {
        b"S" => Answer::Willing,
        b"N" => Answer::Unwilling,
        [] => return Err("the server closed the connection when asked for TLS".to_owned()),
        [b'E', ..] => return Err("the server answered a request for TLS with an error".to_owned()),
        [b'S' | b'N', ..] => {
            return Err("the server sent unprotected data behind its answer about TLS".to_owned());
        }
        _ => return Err("the server's answer to a request for TLS makes no sense".to_owned()),
    };
    pg.inbox.consume(1);
    pg.inbox.release();
    Ok(answer)
}

/// Begins the handshake on a plain socket; unix sockets never get here.
pub(super) fn begin(
    connector: &Connector,
    host: &str,
    socket: Socket,
) -> io::Result<crate::net::tls::connect::Handshake> {
    let Endpoint::Tcp(address) = socket.peer()? else {
        return Err(io::Error::other("TLS is not spoken over a unix socket"));
    };
    connector.handshake(host, address.ip(), socket)
}

/// The socket of a stream that is not encrypted yet.
pub(super) fn plain_socket(stream: Stream) -> io::Result<Socket> {
    match stream {
        Stream::Plain(socket) => Ok(socket),
        Stream::Tls(_) => Err(io::Error::other("the stream is encrypted already")),
    }
}
