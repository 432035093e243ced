//! The server's configuration files, the same text for both providers.

use std::fmt::Write as _;

use crate::names::literal;

/// Where a provider keeps what the configuration names.
pub(super) struct Places<'a> {
    pub(super) listen: &'a str,
    pub(super) port: u16,
    pub(super) sockets: &'a str,
    pub(super) hba: &'a str,
    /// Certificate chain and key, when TLS is on.
    pub(super) tls: Option<(&'a str, &'a str)>,
}

/// `postgresql.conf`. What the scenario asks for comes last and so wins.
pub(super) fn configuration(places: &Places<'_>, asked: &[(String, String)]) -> String {
    let port = places.port.to_string();
    let mut lines: Vec<(&str, &str)> = vec![
        ("listen_addresses", places.listen),
        ("port", &port),
        ("unix_socket_directories", places.sockets),
        ("hba_file", places.hba),
        ("max_connections", "200"),
        ("shared_buffers", "32MB"),
        // Files of the data directory: nothing is left of them after a crash and a removal.
        ("dynamic_shared_memory_type", "mmap"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("log_line_prefix", "%m [%p] %q%u@%d %a "),
        ("log_connections", "on"),
        ("log_disconnections", "on"),
        // Killing a process loses nothing that the kernel has; only a power cut would.
        ("fsync", "off"),
        ("full_page_writes", "off"),
        // Its workers would show up among the connections that the audit counts.
        ("autovacuum", "off"),
        ("client_min_messages", "notice"),
    ];
    if let Some((chain, key)) = places.tls {
        lines.extend([
            ("ssl", "on"),
            ("ssl_cert_file", chain),
            ("ssl_key_file", key),
        ]);
    }
    let mut text = String::new();
    let asked = asked
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in lines.into_iter().chain(asked) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} = {}", literal(value));
    }
    text
}

/// `pg_hba.conf`: the harness's own superuser always gets in, the rest as asked.
///
/// The method `md5` takes a SCRAM secret too, so roles of both kinds log in by default.
pub(super) fn hba(superuser: &str, asked: Option<&str>) -> String {
    let rest = asked.unwrap_or("host all all all md5");
    format!(
        "local all {superuser} trust\nhost all {superuser} all scram-sha-256\nlocal all all md5\n{rest}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_comes_last() {
        let places = Places {
            listen: "*",
            port: 5432,
            sockets: "/tmp",
            hba: "/hba",
            tls: None,
        };
        let text = configuration(&places, &[("max_connections".into(), "500".into())]);
        let last = text.rfind("max_connections = '500'").unwrap();
        assert!(last > text.find("max_connections = '200'").unwrap());
        assert!(!text.contains("ssl = "));
    }
}
