//! The scenario's fault proxy: between pooler and PostgreSQL, with names as the feature says them.

use harness::toxiproxy::Proxy;
use serde_json::{Map, Value};

use super::Scene;
use crate::surprise::{Step, Surprise};

/// Attributes that hold a name of the scenario's.
const NAMES: [&str; 2] = ["user", "database"];
/// Attributes that are texts, also when they look like a number: the code 28000, the bytes 0000.
const TEXTS: [&str; 5] = ["sqlstate", "hex", "text", "message", "sql"];

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

    /// Sets a toxic at a point; the attributes are the API's, as a table has them.
    pub async fn place_fault(&mut self, kind: &str, attributes: &[(&str, &str)]) -> Step {
        let mut given = Map::new();
        for (name, text) in attributes {
            let value = if NAMES.contains(name) {
                Value::from(self.names.own(text))
            } else {
                value(name, text)
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

fn value(name: &str, text: &str) -> Value {
    let bare = || serde_json::from_str(text).ok();
    let bare = bare().filter(|value: &Value| value.is_u64() || value.is_boolean());
    match bare {
        Some(value) if !TEXTS.contains(&name) => value,
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::value;

    #[test]
    fn cells_become_what_the_api_takes() {
        assert_eq!(value("bytes", "7"), json!(7));
        assert_eq!(value("raw", "true"), json!(true));
        assert_eq!(value("sqlstate", "28000"), json!("28000"));
        assert_eq!(value("at", "Query"), json!("Query"));
    }
}
