//! Debian's PgBouncer, with its ini files written from the [`PoolerSpec`].

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::{PooledDatabase, Pooler, PoolerKind, PoolerSpec, await_listening, log_end, log_path};
use crate::process::{Launch, find, give_to, unprivileged_user};
use crate::{Error, Result, ports};

/// Another process may take the port that we found free.
const TRIES: usize = 5;

pub(super) async fn start(spec: &PoolerSpec, folder: &Path) -> Result<Pooler> {
    let program = program()?;
    let mut tries = TRIES;
    loop {
        let port = ports::free()?;
        match start_on(&program, spec, folder, port).await {
            Err(Error::EndedEarly { log, .. }) if tries > 1 && log.contains("in use") => tries -= 1,
            other => return other,
        }
    }
}

async fn start_on(program: &Path, spec: &PoolerSpec, folder: &Path, port: u16) -> Result<Pooler> {
    let config = write(spec, folder, port)?;
    let mut launch = Launch::new(program, log_path(folder)).arguments([config.as_os_str()]);
    // It refuses to run as root.
    launch.user = unprivileged_user();
    launch.environment.clone_from(&spec.environment);
    let from = log_end(folder);
    let child = launch.start().await?;
    let wanted = format!("listening on 127.0.0.1:{port}");
    let listening = |log: &str| log.contains(&wanted).then_some(port);
    await_listening(&child, folder, from, listening).await?;
    Ok(Pooler {
        kind: PoolerKind::Pgbouncer,
        host: "127.0.0.1".to_owned(),
        port,
        pid: Some(child.pid()),
        folder: folder.to_owned(),
        config,
        child: Some(child),
    })
}

fn program() -> Result<PathBuf> {
    let debian = PathBuf::from("/usr/sbin/pgbouncer");
    find("pgbouncer")
        .or_else(|| debian.is_file().then_some(debian))
        .ok_or_else(|| Error::told("there is no pgbouncer: apt-get install pgbouncer"))
}

/// Writes `pgbouncer.ini` and `userlist.txt`, readable by the user that it runs as.
pub(super) fn write(spec: &PoolerSpec, folder: &Path, port: u16) -> Result<PathBuf> {
    let config = folder.join("pgbouncer.ini");
    let users = folder.join("userlist.txt");
    if let Some(hba) = &spec.hba {
        let rules = rules_path(folder);
        fs::write(&rules, hba).map_err(Error::io(rules.display().to_string()))?;
    }
    let text = text(spec, folder, port);
    fs::write(&config, text).map_err(Error::io(config.display().to_string()))?;
    fs::write(&users, userlist(spec)).map_err(Error::io(users.display().to_string()))?;
    give_to(folder, unprivileged_user().as_deref())?;
    Ok(config)
}

fn rules_path(folder: &Path) -> PathBuf {
    folder.join("pgbouncer_hba.conf")
}

/// What is in `pgbouncer.ini`.
pub(super) fn text(spec: &PoolerSpec, folder: &Path, port: u16) -> String {
    let mut text = String::from("[databases]\n");
    for database in &spec.databases {
        let _ = writeln!(text, "{}", database_line(database));
    }
    let _ = writeln!(text, "\n[pgbouncer]");
    for (key, value) in keys(spec, folder, port) {
        let _ = writeln!(text, "{key} = {value}");
    }
    if spec.hba.is_some() {
        let rules = rules_path(folder);
        let _ = writeln!(text, "auth_type = hba\nauth_hba_file = {}", rules.display());
    }
    text
}

fn database_line(database: &PooledDatabase) -> String {
    let mut line = format!(
        "{} = host={} port={} dbname={}",
        database.name,
        database.host,
        database.port,
        database.at_server()
    );
    let size = database.auth_query.as_ref().map(|auth| auth.pool_size);
    if let Some(size) = size.or_else(|| database.users.iter().map(|user| user.pool_size).max()) {
        let _ = write!(line, " pool_size={size}");
    }
    if let Some(auth) = &database.auth_query {
        let _ = write!(line, " auth_user={}", auth.user);
    }
    line
}

fn keys(spec: &PoolerSpec, folder: &Path, port: u16) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    let mut set = |key: &str, value: String| keys.insert(key.to_owned(), value);
    set("listen_addr", "127.0.0.1".to_owned());
    set("listen_port", port.to_string());
    set("unix_socket_dir", String::new());
    set("auth_type", "md5".to_owned());
    set(
        "auth_file",
        folder.join("userlist.txt").display().to_string(),
    );
    set("admin_users", "admin".to_owned());
    set("pool_mode", "transaction".to_owned());
    set("max_client_conn", "1000".to_owned());
    set("ignore_startup_parameters", "extra_float_digits".to_owned());
    if let Some((chain, key)) = &spec.certificate {
        set("client_tls_sslmode", "allow".to_owned());
        set("client_tls_cert_file", chain.display().to_string());
        set("client_tls_key_file", key.display().to_string());
    }
    let tls = spec
        .databases
        .iter()
        .find_map(|database| database.server_tls.as_ref());
    if let Some(tls) = tls {
        set("server_tls_sslmode", tls.mode.clone());
        if let Some(ca) = &tls.ca {
            set("server_tls_ca_file", ca.display().to_string());
        }
    }
    if let Some(auth) = spec
        .databases
        .iter()
        .find_map(|database| database.auth_query.as_ref())
    {
        set("auth_query", auth.text().to_owned());
    }
    for (key, value) in &spec.settings {
        if let Some((key, value)) = translated(key, value) {
            set(key, value);
        }
    }
    keys
}

/// The keys that both have, and its unit for them (seconds). What it lacks is left out: a feature
/// that needs it is not portable.
fn translated(key: &str, value: &str) -> Option<(&'static str, String)> {
    let same = match key {
        "query_wait_timeout" => "query_wait_timeout",
        "connect_timeout" => "server_connect_timeout",
        "idle_timeout" => "server_idle_timeout",
        "server_lifetime" => "server_lifetime",
        "client_login_timeout" => "client_login_timeout",
        "max_connections" => return Some(("max_client_conn", value.to_owned())),
        _ => return None,
    };
    Some((same, seconds(value)?))
}

/// `200ms`, `5s`, `1m` or plain milliseconds, as seconds.
fn seconds(text: &str) -> Option<String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.parse().ok()?;
    let scale = match &text[digits.len()..] {
        "" | "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    Some(format!("{}", number * scale))
}

fn userlist(spec: &PoolerSpec) -> String {
    let mut users = BTreeMap::from([("admin".to_owned(), "admin".to_owned())]);
    for database in &spec.databases {
        for user in &database.users {
            users.insert(user.name.clone(), user.password.clone());
        }
        if let Some(auth) = &database.auth_query {
            users.insert(auth.user.clone(), auth.password.clone());
        }
    }
    let quoted = |text: &str| text.replace('"', "\"\"");
    let line = |(name, password): (&String, &String)| {
        format!("\"{}\" \"{}\"", quoted(name), quoted(password))
    };
    let lines: Vec<String> = users.iter().map(line).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_seconds() {
        assert_eq!(seconds("200ms").as_deref(), Some("0.2"));
        assert_eq!(seconds("5s").as_deref(), Some("5"));
        assert_eq!(seconds("1500").as_deref(), Some("1.5"));
        assert_eq!(seconds("x"), None);
    }
}
