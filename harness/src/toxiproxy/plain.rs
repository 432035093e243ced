//! What `toxiproxy_rust` can say, said with it: a proxy, and latency on it.
//!
//! It blocks, it panics where it cannot connect, and it takes an answer that is no success for one.
//! So it gets a thread of its own, and what was set is read back.

use toxiproxy_rust::client::Client;
use toxiproxy_rust::proxy::{Proxy, ProxyPack};

use crate::{Error, Result};

/// Makes a proxy on any free port of the loopback interface, and tells where it listens.
pub async fn open(server: &str, name: &str, upstream: &str) -> Result<String> {
    let listen = "127.0.0.1:0".to_owned();
    let asked = ProxyPack::new(name.to_owned(), listen, upstream.to_owned());
    let (server, name) = (server.to_owned(), name.to_owned());
    blocking(move || {
        let made = Client::new(&*server).populate(vec![asked])?;
        let made = made.into_iter().find(|proxy| proxy.proxy_pack.name == name);
        let made = made.ok_or_else(|| format!("there is no proxy {name}"))?;
        Ok(made.proxy_pack.listen)
    })
    .await
}

/// Every chunk from PostgreSQL comes so many milliseconds later. Only on a proxy that has no toxic
/// with words in its attributes: the client can't read those.
pub async fn add_latency(server: &str, proxy: &str, milliseconds: u32) -> Result<()> {
    let (server, proxy) = (server.to_owned(), proxy.to_owned());
    blocking(move || {
        let proxy = Client::new(&*server).find_proxy(&proxy)?;
        proxy.with_latency("downstream".to_owned(), milliseconds, 0, 1.0);
        let set = latency_of(&proxy)?;
        if set == Some(milliseconds) {
            return Ok(());
        }
        Err(format!("asked for {milliseconds} ms, read back {set:?}"))
    })
    .await
}

fn latency_of(proxy: &Proxy) -> Result<Option<u32>, String> {
    let toxics = proxy.toxics()?;
    let latency = toxics.iter().find(|toxic| toxic.r#type == "latency");
    Ok(latency.and_then(|toxic| toxic.attributes.get("latency").copied()))
}

async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T> {
    let told = |text: String| Error::told(format!("toxiproxy_rust: {text}"));
    match tokio::task::spawn_blocking(act).await {
        Ok(done) => done.map_err(told),
        Err(panicked) => Err(told(panicked.to_string())),
    }
}
