//! A client of our own making at the other end of a socket pair.

use postgres_protocol::password;
use tokio::net::UnixStream;

use super::*;
use crate::auth::md5;
use crate::auth::scram::client::{Binding, ClientExchange, Credential};
use crate::config::settings::Secret;
use crate::net::buffer::BufferPool;
use crate::net::stream::Stream;
use crate::wire::backend::Authentication;
use crate::wire::request;
use crate::world::Socket;

fn pair() -> (PgStream, PgStream) {
    let (a, b) = UnixStream::pair().unwrap();
    let buffers = BufferPool::new(1 << 20);
    let of = |stream| PgStream::new(Stream::Plain(Socket::Unix(stream)), buffers.clone());
    (of(a), of(b))
}

/// What a client does: the password it knows, and what it says about channel binding.
#[derive(Clone)]
struct Client {
    password: &'static str,
    binding: Binding,
}

fn knows(password: &'static str) -> Client {
    let binding = Binding::Unsupported;
    Client { password, binding }
}

/// What an observer sees of the server's messages: their tags and bodies.
type Seen = Vec<(u8, Vec<u8>)>;

impl Client {
    async fn log_in(self, mut pg: PgStream) -> Seen {
        let mut seen = Seen::new();
        let (mut first, mut last) = (None, None);
        while let Some(frame) = pg.read_frame(4096).await.unwrap() {
            let mut out = Vec::new();
            match Authentication::parse(&frame.body).unwrap() {
                Authentication::Cleartext => request::password(&mut out, self.password),
                Authentication::Md5(salt) => {
                    let stored = md5::hash("al", self.password.as_bytes());
                    request::password(&mut out, &md5::response(&stored, salt));
                }
                Authentication::Sasl(_) => {
                    let password = Credential::Password(Secret::new(self.password));
                    let binding = self.binding.clone();
                    let (next, data) = ClientExchange::start(password, binding, "mine".to_owned());
                    first = Some(next);
                    request::sasl_initial(&mut out, self.binding.mechanism(), &data);
                }
                Authentication::SaslContinue(data) => {
                    let (next, data) = first.take().unwrap().server_first(data).unwrap();
                    last = Some(next);
                    request::sasl_response(&mut out, &data);
                }
                Authentication::SaslFinal(data) => last.take().unwrap().server_final(data).unwrap(),
                other => panic!("{other:?}"),
            }
            pg.send(&out).await.unwrap();
            seen.push((frame.tag, frame.body));
        }
        seen
    }
}

struct Case {
    method: Method,
    secret: Option<StoredSecret>,
    endpoint_hash: Option<Vec<u8>>,
    stand_ins: StandIns,
}

fn case(method: Method, secret: Option<&str>) -> Case {
    Case {
        method,
        secret: secret.map(StoredSecret::parse),
        endpoint_hash: None,
        stand_ins: StandIns::new([5; 32]),
    }
}

impl Case {
    async fn meets<T>(&self, client: impl AsyncFnOnce(PgStream) -> T) -> (Result<Outcome>, T) {
        let (mut ours, theirs) = pair();
        let ask = Ask {
            user: "al",
            method: self.method,
            secret: self.secret.as_ref(),
            stand_ins: &self.stand_ins,
            endpoint_hash: self.endpoint_hash.as_deref(),
        };
        let world = World::new();
        let server = async {
            let outcome = challenge(&mut ours, &world, ask).await;
            drop(ours);
            outcome
        };
        tokio::join!(server, client(theirs))
    }

    async fn lets_in(&self, client: Client) -> (Outcome, Seen) {
        let (outcome, seen) = self.meets(async |pg| client.log_in(pg).await).await;
        (outcome.unwrap(), seen)
    }
}

const METHODS: [Method; 3] = [Method::Cleartext, Method::Md5, Method::Scram];

#[tokio::test]
async fn every_secret_that_a_method_can_use_lets_its_owner_in() {
    let (scram, md5) = (password::scram_sha_256(b"pw"), password::md5(b"pw", "al"));
    for method in METHODS {
        for stored in ["pw", &md5, &scram] {
            let case = case(method, Some(stored));
            let (right, _) = case.lets_in(knows("pw")).await;
            let (wrong, _) = case.lets_in(knows("px")).await;
            assert!(wrong.into_proof("al").is_err(), "{method:?} {stored}");
            let usable = method != Method::Scram || stored != md5;
            let Outcome::Proven(proof) = right else {
                assert!(!usable, "{method:?} {stored}");
                continue;
            };
            assert!(usable, "{method:?} {stored}");
            // A plain password does SCRAM too, but with a verifier that PostgreSQL doesn't know.
            assert_eq!(proof.keys.is_some(), stored == scram, "{method:?} {stored}");
        }
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let scram = password::scram_sha_256(b"pw");
    for method in METHODS {
        let mut lengths = Vec::new();
        for stored in [None, Some(""), Some(&*scram)] {
            let (outcome, seen) = case(method, stored).lets_in(knows("px")).await;
            let error = outcome.into_proof("al").unwrap_err();
            let of = |(tag, body): &(u8, Vec<u8>)| (*tag, body.len());
            lengths.push((seen.iter().map(of).collect::<Vec<_>>(), error.to_string()));
        }
        assert_eq!(lengths[0], lengths[1], "{method:?}");
        assert_eq!(lengths[0], lengths[2], "{method:?}");
    }
}

#[tokio::test]
async fn the_salt_of_an_unknown_user_stays() {
    for (method, stored) in [(Method::Scram, Some("pw")), (Method::Md5, None)] {
        let mut salts = Vec::new();
        for _ in 0..2 {
            let (_, seen) = case(method, stored).lets_in(knows("px")).await;
            let (_, server_first) = &seen[1];
            let server_first = String::from_utf8_lossy(&server_first[4..]).into_owned();
            salts.push(server_first.split_once(',').unwrap().1.to_owned());
        }
        assert_eq!(salts[0], salts[1]);
        let mock = StandIns::new([5; 32]).mock("al");
        assert!(salts[0].ends_with(&format!(",i={}", mock.iterations())));
    }
}

#[tokio::test]
async fn a_wrong_md5_answer_can_be_tried_on_a_newer_hash() {
    let old = password::md5(b"old", "al");
    let (outcome, _) = case(Method::Md5, Some(&old)).lets_in(knows("new")).await;
    let Outcome::WrongMd5(answer) = outcome else {
        panic!("{outcome:?}")
    };
    let new = StoredSecret::parse(&password::md5(b"new", "al"));
    assert!(answer.fits("al", &new).is_some());
    assert!(answer.fits("al", &StoredSecret::parse(&old)).is_none());
}

#[tokio::test]
async fn trust_asks_nothing() {
    let (outcome, seen) = case(Method::Trust, None).lets_in(knows("")).await;
    assert!(matches!(outcome, Outcome::Proven(_)));
    assert!(seen.is_empty());
}

#[tokio::test]
async fn channel_binding_is_offered_and_checked() {
    let bound = |hash: &[u8]| Binding::EndPoint(hash.to_vec());
    for (binding, expected) in [
        (bound(b"hash"), None),
        (Binding::Unsupported, None),
        (bound(b"theirs"), Some("28000")),
        (Binding::Unoffered, Some("28000")),
    ] {
        let mut case = case(Method::Scram, Some(&password::scram_sha_256(b"pw")));
        case.endpoint_hash = Some(b"hash".to_vec());
        let client = Client {
            password: "pw",
            binding: binding.clone(),
        };
        let (outcome, seen) = case.meets(async |pg| client.log_in(pg).await).await;
        assert_eq!(
            seen[0].1,
            b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"
        );
        let code = outcome.err().map(|error| error.sqlstate.to_string());
        assert_eq!(code.as_deref(), expected, "{binding:?}");
    }
}

/// Sends `bytes` at once, whatever it is asked.
async fn blurts(case: &Case, bytes: &[u8]) -> Result<Outcome> {
    let client = async |mut pg: PgStream| {
        // The other side may hang up before it has read everything.
        let _ = pg.send(bytes).await;
        while let Ok(Some(_)) = pg.read_frame(4096).await {}
    };
    case.meets(client).await.0
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[tag], &length[..], body].concat()
}

#[tokio::test]
async fn an_empty_password_is_refused() {
    for stored in [None, Some(""), Some("pw")] {
        let outcome = blurts(&case(Method::Cleartext, stored), &message(b'p', b"\0")).await;
        assert!(matches!(outcome, Ok(Outcome::Refused)));
    }
}

#[tokio::test]
async fn what_is_no_answer_is_a_protocol_violation() {
    let long = [b"x".repeat(MAX_PASSWORD), vec![0]].concat();
    for method in METHODS {
        for bytes in [
            message(b'Q', b"SELECT 1\0"),
            message(b'p', b""),
            message(b'p', b"no zero"),
            message(b'p', b"SCRAM-SHA-1\0\0\0\0\x0cn,,n=,r=abcd"),
            message(b'p', b"SCRAM-SHA-256-PLUS\0\0\0\0\x0cn,,n=,r=abcd"),
            message(b'p', b"SCRAM-SHA-256\0\0\0\0\x04abcd"),
            message(b'p', &long),
            b"p\xff\xff\xff\xff".to_vec(),
        ] {
            let scram = password::scram_sha_256(b"pw");
            let stored = if method == Method::Md5 { "pw" } else { &scram };
            let outcome = blurts(&case(method, Some(stored)), &bytes).await;
            match outcome {
                Err(error) => assert_eq!(error.sqlstate.as_str(), "08P01", "{bytes:?}"),
                Ok(outcome) => panic!("{method:?} {bytes:?}: {outcome:?}"),
            }
        }
    }
    let sasl = message(b'p', &[b'x'; MAX_SASL + 1]);
    let error = blurts(&case(Method::Scram, None), &sasl).await.unwrap_err();
    assert_eq!(error.sqlstate.as_str(), "08P01");
}

#[tokio::test]
async fn a_client_that_leaves_is_gone() {
    for method in METHODS {
        let client = async |mut pg: PgStream| {
            pg.read_frame(4096).await.unwrap();
            pg.send(b"p\0\0\0\x08abc").await.unwrap();
        };
        let (outcome, ()) = case(method, None).meets(client).await;
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::Protocol, "{method:?}");
        let (outcome, ()) = case(method, None).meets(async |pg| drop(pg)).await;
        assert_eq!(
            outcome.unwrap_err().kind,
            ErrorKind::ClientGone,
            "{method:?}"
        );
    }
}

#[tokio::test]
async fn a_client_may_wait_to_be_asked_for_its_first_message() {
    let waits = message(b'p', b"SCRAM-SHA-256\0\xff\xff\xff\xff");
    let then = message(b'p', b"n,,n=,r=abcd");
    let nonsense = message(b'p', b"nonsense");
    let seen = case(Method::Scram, None)
        .meets(async |mut pg: PgStream| {
            pg.send(&[waits, then, nonsense].concat()).await.unwrap();
            let mut bodies = Vec::new();
            while let Ok(Some(frame)) = pg.read_frame(4096).await {
                bodies.push(frame.body);
            }
            bodies
        })
        .await
        .1;
    assert_eq!(seen[1], b"\0\0\0\x0b");
    assert!(seen[2].starts_with(b"\0\0\0\x0br=abcd"));
    assert_eq!(seen.len(), 3);
}

#[test]
fn methods_fit_secrets() {
    let md5 = StoredSecret::parse(&password::md5(b"pw", "al"));
    let scram = StoredSecret::parse(&password::scram_sha_256(b"pw"));
    let (plain, empty) = (StoredSecret::parse("pw"), StoredSecret::Empty);
    for (secret, under_md5, without_rules) in [
        (Some(&md5), Method::Md5, Method::Md5),
        (Some(&plain), Method::Md5, Method::Scram),
        (Some(&scram), Method::Scram, Method::Scram),
        (Some(&empty), Method::Scram, Method::Scram),
        (None, Method::Scram, Method::Scram),
    ] {
        assert_eq!(Method::Md5.fit(secret), under_md5);
        assert_eq!(Method::of_secret(secret), without_rules);
        for other in [Method::Trust, Method::Cleartext, Method::Scram] {
            assert_eq!(other.fit(secret), other);
        }
    }
}
