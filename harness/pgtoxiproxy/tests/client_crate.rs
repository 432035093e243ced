//! Every call of the client crate `toxiproxy_rust`, against the program and a real server behind it:
//! what it sets is read back past the client, and shown to act.

mod launch;
mod plain;

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use plain::{Program, connect, echo, rest, round_trip, time};
use serde_json::{Value, json};
use toxiproxy_rust::client::Client;
use toxiproxy_rust::proxy::{Proxy, ProxyPack};

const STREAMS: [&str; 2] = ["upstream", "downstream"];

/// What a fault takes at least.
const LATE: Duration = Duration::from_millis(300);

/// What nothing takes that has no fault, however busy the machine is.
const VERY_LATE: Duration = Duration::from_secs(1);

/// A program with the proxy `shop` before an echo server, and its client.
struct Shop {
    program: Program,
    client: Client,
    proxy: Proxy,
}

impl Shop {
    fn open() -> Self {
        let program = Program::start();
        let client = Client::new(program.address);
        let made = client.populate(vec![pack("shop", "127.0.0.1:0", echo())]);
        let proxy = made.expect("populated").remove(0);
        Self {
            program,
            client,
            proxy,
        }
    }

    fn visit(&self) -> TcpStream {
        let listen = self.proxy.proxy_pack.listen.parse();
        connect(listen.expect("an address"))
    }

    fn shown(&self) -> Value {
        self.program.get("/proxies/shop")
    }

    /// The one toxic that is set is this one; takes it away again.
    fn had(&self, kind: &str, stream: &str, toxicity: f64, attributes: &Value) {
        let toxics = self.program.get("/proxies/shop/toxics");
        let expected = json!({
            "name": format!("{kind}_{stream}"), "type": kind, "stream": stream,
            "toxicity": toxicity, "attributes": attributes,
        });
        let expected = expected.as_object().expect("an object");
        let shown = toxics[0].as_object().expect("a toxic");
        for (field, value) in expected {
            // 1 and 1.0 are the same toxicity.
            let same = value.as_f64().is_some() && shown[field].as_f64() == value.as_f64();
            assert!(same || &shown[field] == value, "{field} of {toxics}");
        }
        assert_eq!(toxics.as_array().map(Vec::len), Some(1));
        self.proxy.delete_all_toxics().expect("deleted");
        assert_eq!(self.program.get("/proxies/shop/toxics"), json!([]));
    }
}

fn pack(name: &str, listen: &str, upstream: SocketAddr) -> ProxyPack {
    ProxyPack::new(name.to_owned(), listen.to_owned(), upstream.to_string())
}

#[test]
fn proxies_are_populated_listed_found_and_deleted() {
    let shop = Shop::open();
    assert!(shop.client.is_running());
    let version = shop.client.version().expect("a version");
    assert_eq!(version, "{\"version\": \"2.12.0\"}\n");

    let shown = shop.shown();
    assert_eq!(shown["listen"], shop.proxy.proxy_pack.listen);
    assert_eq!(shown["enabled"], true);
    round_trip(&mut shop.visit(), 5);

    shop.proxy.with_latency("upstream".to_owned(), 1, 0, 1.0);
    let upstream = shop.proxy.proxy_pack.upstream.parse().expect("an address");
    let again = pack("shop", &shop.proxy.proxy_pack.listen, upstream);
    let made = shop
        .client
        .populate(vec![again, pack("bar", "127.0.0.1:0", upstream)])
        .expect("populated");
    let names: Vec<_> = made.iter().map(|one| &one.proxy_pack.name).collect();
    assert_eq!(names, ["shop", "bar"]);
    assert_eq!(made[0].proxy_pack.toxics.len(), 1, "it was left alone");

    let all = shop.client.all().expect("all");
    let mut names: Vec<_> = all.keys().collect();
    names.sort();
    assert_eq!(names, ["bar", "shop"]);
    let bar = shop.client.find_proxy("bar").expect("found");
    assert_eq!(bar.proxy_pack.listen, made[1].proxy_pack.listen);

    bar.delete().expect("deleted");
    assert!(shop.client.find_proxy("bar").is_err());
    let missing = json!({"error": "proxy not found", "status": 404});
    assert_eq!(shop.program.get("/proxies/bar"), missing);
    let taken = pack("bar", &shop.proxy.proxy_pack.listen, upstream);
    assert!(shop.client.populate(vec![taken]).is_err());
}

#[test]
fn down_refuses_clients_and_closes_those_who_are_there() {
    let shop = Shop::open();
    let mut early = shop.visit();
    round_trip(&mut early, 5);
    let down = shop.proxy.with_down(|| {
        assert_eq!(shop.shown()["enabled"], false);
        assert_eq!(rest(&mut early), "");
        TcpStream::connect(&shop.proxy.proxy_pack.listen).expect_err("refused");
    });
    down.expect("down, and up again");
    assert_eq!(shop.shown()["enabled"], true);
    round_trip(&mut shop.visit(), 5);

    shop.proxy.disable().expect("disabled");
    assert_eq!(shop.shown()["enabled"], false);
    shop.proxy.enable().expect("enabled");
    round_trip(&mut shop.visit(), 5);
}

#[test]
fn resets_enable_a_proxy_and_take_its_toxics_away() {
    let shop = Shop::open();
    let spoil = || {
        for stream in STREAMS {
            shop.proxy.with_latency(stream.to_owned(), 60_000, 0, 1.0);
        }
        assert_eq!(shop.proxy.toxics().expect("toxics").len(), 2);
        shop.proxy.disable().expect("disabled");
    };
    spoil();
    shop.client.reset().expect("reset");
    assert_eq!(shop.shown()["enabled"], true);
    assert_eq!(shop.shown()["toxics"], json!([]));
    round_trip(&mut shop.visit(), 5);

    spoil();
    let found = shop.client.find_and_reset_proxy("shop").expect("reset");
    assert!(found.toxics().expect("toxics").is_empty());
    assert_eq!(shop.shown()["enabled"], true);
    round_trip(&mut shop.visit(), 5);
}

#[test]
fn toxics_are_applied_for_a_while() {
    let shop = Shop::open();
    let mut visitor = shop.visit();
    let faults = shop
        .proxy
        .with_latency("downstream".to_owned(), 1000, 0, 1.0)
        .with_slicer("downstream".to_owned(), 2, 1, 0, 1.0)
        .with_limit_data("upstream".to_owned(), 1000, 0.5);
    let applied = faults.apply(|| {
        assert_eq!(shop.shown()["toxics"].as_array().map(Vec::len), Some(3));
        assert!(time(|| round_trip(&mut visitor, 5)) >= VERY_LATE);
    });
    applied.expect("applied, and taken away");
    assert_eq!(shop.shown()["toxics"], json!([]));
    assert!(time(|| round_trip(&mut visitor, 5)) < VERY_LATE);
}

#[test]
fn latency_delays_each_stream() {
    let shop = Shop::open();
    for stream in STREAMS {
        shop.proxy.with_latency(stream.to_owned(), 300, 0, 1.0);
        assert!(time(|| round_trip(&mut shop.visit(), 5)) >= LATE);
        shop.had(
            "latency",
            stream,
            1.0,
            &json!({"latency": 300, "jitter": 0}),
        );
    }
}

#[test]
fn bandwidth_slows_each_stream() {
    let shop = Shop::open();
    for stream in STREAMS {
        shop.proxy.with_bandwidth(stream.to_owned(), 100, 1.0);
        let taken = time(|| round_trip(&mut shop.visit(), 40_000));
        assert!(taken >= LATE, "40 kB at 100 kB/s took {taken:?}");
        shop.had("bandwidth", stream, 1.0, &json!({"rate": 100}));
    }
}

#[test]
fn slow_close_delays_the_end_and_nothing_else() {
    let shop = Shop::open();
    for stream in STREAMS {
        shop.proxy.with_slow_close(stream.to_owned(), 1000, 1.0);
        let mut visitor = shop.visit();
        assert!(time(|| round_trip(&mut visitor, 5)) < VERY_LATE);
        visitor.shutdown(Shutdown::Write).expect("finished");
        assert!(time(|| assert_eq!(rest(&mut visitor), "")) >= VERY_LATE);
        shop.had("slow_close", stream, 1.0, &json!({"delay": 1000}));
    }
}

#[test]
fn timeout_drops_everything_and_closes() {
    let shop = Shop::open();
    for stream in STREAMS {
        shop.proxy.with_timeout(stream.to_owned(), 300, 1.0);
        let taken = time(|| {
            let mut visitor = shop.visit();
            visitor.write_all(b"anybody?").expect("sent");
            assert_eq!(rest(&mut visitor), "");
        });
        assert!(taken >= LATE, "{taken:?}");
        shop.had("timeout", stream, 1.0, &json!({"timeout": 300}));
    }
}

#[test]
fn slicer_spreads_the_bytes() {
    let shop = Shop::open();
    for stream in STREAMS {
        // Ten slices, nine pauses.
        let proxy = &shop.proxy;
        proxy.with_slicer(stream.to_owned(), 10, 0, 40_000, 1.0);
        let taken = time(|| round_trip(&mut shop.visit(), 100));
        assert!(taken >= LATE, "{taken:?}");
        let attributes = json!({"average_size": 10, "size_variation": 0, "delay": 40_000});
        shop.had("slicer", stream, 1.0, &attributes);
    }
}

#[test]
fn limit_data_closes_after_so_many_bytes() {
    let shop = Shop::open();
    for stream in STREAMS {
        shop.proxy.with_limit_data(stream.to_owned(), 5, 1.0);
        let mut visitor = shop.visit();
        round_trip(&mut visitor, 4);
        visitor.write_all(b"wonder").expect("sent");
        // The server may have had the fifth byte, and no time left to answer it.
        let more = rest(&mut visitor);
        assert!(
            more == "w" || more.is_empty() && stream == "upstream",
            "{more}"
        );
        shop.had("limit_data", stream, 1.0, &json!({"bytes": 5}));
    }
}

/// Which of forty visitors get nothing back.
fn spoilt(shop: &Shop) -> Vec<bool> {
    let visit = |_| {
        let mut visitor = shop.visit();
        visitor.write_all(b"hello").expect("sent");
        visitor.shutdown(Shutdown::Write).expect("finished");
        rest(&mut visitor) != "hello"
    };
    (0..40).map(visit).collect()
}

#[test]
fn toxicity_picks_a_part_of_the_connections() {
    let shop = Shop::open();
    for stream in STREAMS {
        for (toxicity, sound) in [(0.0, 40..=40), (1.0, 0..=0), (0.5, 8..=32)] {
            shop.proxy.with_limit_data(stream.to_owned(), 0, toxicity);
            let spoilt = spoilt(&shop);
            let heard = spoilt.iter().filter(|spoilt| !**spoilt).count();
            assert!(sound.contains(&heard), "{heard} of 40 at {toxicity}");
            shop.had("limit_data", stream, toxicity.into(), &json!({"bytes": 0}));
        }
    }
}
