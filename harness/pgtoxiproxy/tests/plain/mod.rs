//! The program and a server for it to stand before, on plain threads, for clients that block.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::launch::launch;

/// No answer and no close takes longer.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// The program, on a port of its own; killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Program {
    pub(crate) fn start() -> Self {
        let (child, address) = launch(&["-seed=7"], Stdio::null());
        Self { child, address }
    }

    /// What the API says, past any client.
    pub(crate) fn get(&self, path: &str) -> Value {
        let mut stream = connect(self.address);
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("asked");
        let answer = rest(&mut stream);
        let (_, body) = answer.split_once("\r\n\r\n").expect("an answer");
        serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {answer}"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that sends back what it is sent, and finishes when its client has.
pub(crate) fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || std::io::copy(&mut &client, &mut &client));
        }
    });
    address
}

/// A connection on which nothing waits for ever.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, SOON).expect("it listens");
    let bounded = stream
        .set_read_timeout(Some(SOON))
        .and_then(|()| stream.set_write_timeout(Some(SOON)));
    bounded.expect("bounded");
    stream
}

/// Sends so many bytes and reads them back.
pub(crate) fn round_trip(stream: &mut TcpStream, size: usize) {
    let word = vec![b'w'; size];
    let mut sender = stream.try_clone().expect("a second handle");
    let sent = word.clone();
    let sending = thread::spawn(move || sender.write_all(&sent));
    let mut back = vec![0; size];
    stream.read_exact(&mut back).expect("an answer");
    assert_eq!(back, word);
    sending.join().expect("joined").expect("sent");
}

/// Everything up to the end of a stream.
pub(crate) fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an end in time");
    String::from_utf8(bytes).expect("a text")
}

/// How long that took.
pub(crate) fn time(what: impl FnOnce()) -> Duration {
    let start = Instant::now();
    what();
    start.elapsed()
}
