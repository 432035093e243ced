//! `/metrics`: the bytes of every proxy, and the process, in Prometheus' text format.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::State;
use crate::proxy::{Proxies, Proxy};

/// Which metrics there are; with none, there is no `/metrics`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Metrics {
    /// The bytes of every proxy.
    pub proxy: bool,
    /// The process.
    pub runtime: bool,
}

impl Metrics {
    pub(super) fn any(self) -> bool {
        self.proxy || self.runtime
    }
}

pub(super) async fn all(extract::State(state): extract::State<State>) -> Response {
    let mut text = String::new();
    if state.metrics.proxy {
        bytes(&mut text, &state.proxies);
    }
    if state.metrics.runtime {
        process(&mut text);
    }
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, text).into_response()
}

fn bytes(text: &mut String, proxies: &Proxies) {
    let proxies = proxies.all();
    metric(text, "toxiproxy_proxy_received_bytes_total", "counter");
    for proxy in &proxies {
        let traffic = proxy.traffic();
        let (up, down) = (&traffic.upstream_received, &traffic.downstream_received);
        both(
            text,
            "toxiproxy_proxy_received_bytes_total",
            proxy,
            [up, down],
        );
    }
    metric(text, "toxiproxy_proxy_sent_bytes_total", "counter");
    for proxy in &proxies {
        let traffic = proxy.traffic();
        let (up, down) = (&traffic.upstream_sent, &traffic.downstream_sent);
        both(text, "toxiproxy_proxy_sent_bytes_total", proxy, [up, down]);
    }
}

/// One line for each direction.
fn both(text: &mut String, name: &str, proxy: &Proxy, counts: [&AtomicU64; 2]) {
    let spec = proxy.spec();
    let [proxy, listener, upstream] =
        [&spec.name, &spec.listen, &spec.upstream].map(|label| escaped(label));
    for (direction, count) in ["upstream", "downstream"].into_iter().zip(counts) {
        let count = count.load(Ordering::Relaxed);
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{name}{{direction=\"{direction}\",listener=\"{listener}\",proxy=\"{proxy}\",\
             upstream=\"{upstream}\"}} {count}"
        );
    }
}

/// What Linux tells of the process; elsewhere only the build.
fn process(text: &mut String) {
    metric(text, "pgtoxiproxy_build_info", "gauge");
    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(text, "pgtoxiproxy_build_info{{version=\"{version}\"}} 1");
    let descriptors = std::fs::read_dir("/proc/self/fd").map(Iterator::count);
    if let Ok(descriptors) = descriptors {
        metric(text, "process_open_fds", "gauge");
        let _ = writeln!(text, "process_open_fds {descriptors}");
    }
    if let Some(bytes) = resident() {
        metric(text, "process_resident_memory_bytes", "gauge");
        let _ = writeln!(text, "process_resident_memory_bytes {bytes}");
    }
}

fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

fn metric(text: &mut String, name: &str, kind: &str) {
    let _ = writeln!(text, "# TYPE {name} {kind}");
}

fn escaped(label: &str) -> String {
    let label = label.replace('\\', "\\\\").replace('"', "\\\"");
    label.replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn labels_can_hold_anything() {
        assert_eq!(super::escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }
}
