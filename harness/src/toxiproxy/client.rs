//! The part of the API that `toxiproxy_rust` has no words for: toxics with any attributes, what
//! they did, who is held, what happened. Every answer that is no success is an error here.

use std::fmt::Debug;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Error, Result};

const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Speaks to one server's API.
#[derive(Debug, Clone)]
pub struct Client {
    address: String,
    http: reqwest::Client,
}

/// A toxic that is asked for.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewToxic {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// `upstream` or `downstream`; left out, it follows from the point, or is downstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    pub attributes: Map<String, Value>,
}

/// A toxic as the server has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Toxic {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub attributes: Map<String, Value>,
    /// How often it has acted. A genuine Toxiproxy does not count.
    pub hits: Option<u64>,
}

/// A connection that waits at a hold.
#[derive(Debug, Clone, Deserialize)]
pub struct Held {
    /// The hold's name.
    pub name: String,
    /// The message it waits at.
    pub message: String,
    /// Known once its StartupMessage has come by.
    pub user: Option<String>,
}

#[derive(Deserialize)]
struct Opened {
    listen: String,
}

#[derive(Deserialize)]
struct Released {
    released: usize,
}

impl Client {
    pub fn new(address: &str) -> Result<Self> {
        // A proxy of the environment's would stand between us and the loopback interface.
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWERS_WITHIN)
            .build()
            .map_err(|error| Error::told(format!("the HTTP client: {error}")))?;
        Ok(Self {
            address: address.to_owned(),
            http,
        })
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub async fn version(&self) -> Result<String> {
        self.text(Method::GET, "version", None).await
    }

    /// Makes a proxy, as the object says, and tells where it listens.
    pub async fn open(&self, proxy: &Value) -> Result<String> {
        let opened: Opened = self.json(Method::POST, "proxies", Some(proxy)).await?;
        Ok(opened.listen)
    }

    pub async fn close(&self, proxy: &str) -> Result<()> {
        let path = format!("proxies/{proxy}");
        self.text(Method::DELETE, &path, None).await.map(drop)
    }

    /// Up or down; down, it refuses connections and has cut those that were there.
    pub async fn enable(&self, proxy: &str, enabled: bool) -> Result<()> {
        let (path, body) = (format!("proxies/{proxy}"), json!({ "enabled": enabled }));
        self.text(Method::POST, &path, Some(&body)).await.map(drop)
    }

    /// Sends what comes from now on to another upstream; connections that are there are closed.
    pub async fn redirect(&self, proxy: &str, upstream: &str) -> Result<()> {
        let (path, body) = (format!("proxies/{proxy}"), json!({ "upstream": upstream }));
        self.text(Method::POST, &path, Some(&body)).await.map(drop)
    }

    pub async fn add(&self, proxy: &str, toxic: &NewToxic) -> Result<Toxic> {
        let body = serde_json::to_value(toxic).map_err(|error| Error::told(error.to_string()))?;
        let path = format!("proxies/{proxy}/toxics");
        self.json(Method::POST, &path, Some(&body)).await
    }

    pub async fn remove(&self, proxy: &str, toxic: &str) -> Result<()> {
        let path = format!("proxies/{proxy}/toxics/{toxic}");
        self.text(Method::DELETE, &path, None).await.map(drop)
    }

    pub async fn toxics(&self, proxy: &str) -> Result<Vec<Toxic>> {
        let path = format!("proxies/{proxy}/toxics");
        self.json(Method::GET, &path, None).await
    }

    pub async fn holds(&self, proxy: &str) -> Result<Vec<Held>> {
        let path = format!("proxies/{proxy}/holds");
        self.json(Method::GET, &path, None).await
    }

    /// Lets the first `count` who wait at a hold go on; how many there were.
    pub async fn release(&self, proxy: &str, hold: &str, count: usize) -> Result<usize> {
        let path = format!("proxies/{proxy}/holds/{hold}/release");
        let body = json!({ "count": count });
        let released: Released = self.json(Method::POST, &path, Some(&body)).await?;
        Ok(released.released)
    }

    /// What toxics did on a proxy's connections behind event number `after`.
    pub async fn fired_after(&self, proxy: &str, after: u64) -> Result<String> {
        let path = format!("proxies/{proxy}/events?after={after}&fired=true");
        self.text(Method::GET, &path, None).await
    }

    /// Everything that happened on a proxy's connections, one JSON object a line.
    pub async fn events(&self, proxy: &str) -> Result<String> {
        let path = format!("proxies/{proxy}/events");
        self.text(Method::GET, &path, None).await
    }

    async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T> {
        let text = self.text(method, path, body).await?;
        serde_json::from_str(&text)
            .map_err(|error| Error::told(format!("fault proxy: {path}: {error} in {text}")))
    }

    async fn text(&self, method: Method, path: &str, body: Option<&Value>) -> Result<String> {
        let (status, text) = self
            .exchange(method, path, body)
            .await
            .map_err(|error| Error::told(format!("fault proxy: {path}: {error}")))?;
        if status.is_success() {
            return Ok(text);
        }
        Err(Error::told(format!(
            "fault proxy: {path}: {status}: {text}"
        )))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<(StatusCode, String)> {
        let url = format!("http://{}/{path}", self.address);
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        Ok((answer.status(), answer.text().await?))
    }
}
