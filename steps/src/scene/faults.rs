//! The scenario's fault proxy: between pooler and PostgreSQL, with names as the feature says them.

use harness::toxiproxy::Proxy;
use serde_json::{Map, Value};

use super::Scene;
use crate::surprise::{Step, Surprise};

/// Attributes that hold a name of the scenario's.
const NAMES: [&str; 2] = ["user", "database"];

impl Scene {
    /// Before the pooler is started: its servers are reached through the proxy, every message of
    /// whose connections is a point.
    pub async fn put_proxy(&mut self) -> Step {
        let upstream = self.superuser_login().endpoint;
        let server = self.stage.toxiproxy().await?;
        let proxy = Proxy::open(server, &upstream, self.instance().certificate()).await?;
        self.reach_through(proxy)
    }

    /// Likewise, through `toxiproxy_rust`: TLS is not opened, so only bytes and time can be changed.
    pub async fn put_plain_proxy(&mut self) -> Step {
        let upstream = self.superuser_login().endpoint;
        let proxy = Proxy::open_plain(self.stage.toxiproxy().await?, &upstream).await?;
        self.reach_through(proxy)
    }

    fn reach_through(&mut self, proxy: Proxy) -> Step {
        let database = self.database()?;
        "127.0.0.1".clone_into(&mut database.host);
        database.port = proxy.port();
        self.proxy = Some(proxy);
        Ok(())
    }

    pub fn proxy(&mut self) -> Step<&mut Proxy> {
        self.proxy
            .as_mut()
            .ok_or_else(|| Surprise::new("there is no fault proxy before PostgreSQL"))
    }

    /// Sets a toxic at a point; the attributes are the API's, texts and numbers as a table has them.
    pub async fn place_fault(&mut self, kind: &str, attributes: &[(&str, &str)]) -> Step {
        let mut given = Map::new();
        for (name, text) in attributes {
            let value = match text.parse::<u64>() {
                // A code such as 28000 looks like a number and is none.
                Ok(number) if *name != "sqlstate" => Value::from(number),
                _ if NAMES.contains(name) => Value::from(self.names.own(text)),
                _ => Value::from(*text),
            };
            given.insert((*name).to_owned(), value);
        }
        Ok(self.proxy()?.add(kind, given).await?)
    }

    /// Fails with the names of the faults that have not acted.
    pub async fn faults_have_fired(&mut self) -> Step {
        let hits = self.proxy()?.hits().await?;
        let idle = hits.iter().filter(|(_, hits)| *hits == 0);
        let idle: Vec<String> = idle.map(|(name, _)| self.names.tidy(name)).collect();
        if idle.is_empty() {
            return Ok(());
        }
        Err(Surprise::new(format!("never fired: {}", idle.join(", "))))
    }

    /// At a scenario's end: whoever is held goes on, and a fault that never fired is a complaint,
    /// because then nothing was tried.
    pub async fn end_faults(&mut self) -> Step {
        if self.proxy.is_none() {
            return Ok(());
        }
        self.proxy()?.lift(None).await?;
        if self.spare_faults {
            return Ok(());
        }
        self.faults_have_fired().await
    }
}
