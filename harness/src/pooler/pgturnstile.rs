//! The built `pgturnstile`, with a TOML file written from the [`PoolerSpec`].

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{PooledDatabase, Pooler, PoolerKind, PoolerSpec, await_listening, log_end, log_path};
use crate::process::Launch;
use crate::{Error, Result};

/// The binary: `POOLER_BIN`, else the one in the folder of this very build.
pub fn binary() -> Result<PathBuf> {
    find("POOLER_BIN", "pgturnstile", "")
}

/// The one with failpoints: `POOLER_FAILPOINTS_BIN`, else the one of this very build.
fn binary_with_failpoints() -> Result<PathBuf> {
    let name = "pgturnstile-failpoints";
    find("POOLER_FAILPOINTS_BIN", name, "--features failpoints ")
}

fn find(variable: &str, name: &str, features: &str) -> Result<PathBuf> {
    if let Some(asked) = env::var_os(variable).filter(|path| !path.is_empty()) {
        return Ok(PathBuf::from(asked));
    }
    let here = env::current_exe().map_err(Error::io("this program's own path"))?;
    // A test binary lies one folder deeper, in `deps`.
    here.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| {
            Error::told(format!(
                "{name} is not built: cargo build {features}--bin {name}"
            ))
        })
}

pub(super) async fn start(spec: &PoolerSpec, folder: &Path) -> Result<Pooler> {
    let config = write(spec, folder)?;
    let binary = if spec.failpoints.is_empty() {
        binary()?
    } else {
        binary_with_failpoints()?
    };
    let mut launch = Launch::new(binary, log_path(folder))
        .arguments(&spec.arguments)
        .arguments([config.as_os_str()]);
    launch.environment = vec![("NO_COLOR".to_owned(), "1".to_owned())];
    launch.environment.extend(armed(&spec.failpoints));
    launch.environment.extend(spec.environment.iter().cloned());
    launched(launch, config, folder).await
}

/// The variable that arms failpoints; where none are asked for, this run's own is left alone.
fn armed(failpoints: &[(String, String)]) -> Option<(String, String)> {
    let pairs: Vec<String> = failpoints
        .iter()
        .map(|(name, action)| format!("{name}={action}"))
        .collect();
    (!pairs.is_empty()).then(|| ("PGTURNSTILE_FAILPOINTS".to_owned(), pairs.join(";")))
}

/// Serves a file where it lies, in the current folder: its paths mean what they say there.
pub(super) async fn serve(config: &Path, folder: &Path) -> Result<Pooler> {
    let mut launch = Launch::new(binary()?, log_path(folder)).arguments([config.as_os_str()]);
    launch.folder = env::current_dir().map_err(Error::io("the current folder"))?;
    launched(launch, config.to_owned(), folder).await
}

async fn launched(launch: Launch, config: PathBuf, folder: &Path) -> Result<Pooler> {
    let from = log_end(folder);
    let child = launch.start().await?;
    let port = await_listening(&child, folder, from, listening).await?;
    Ok(Pooler {
        kind: PoolerKind::Pgturnstile,
        host: "127.0.0.1".to_owned(),
        port,
        pid: Some(child.pid()),
        folder: folder.to_owned(),
        config,
        child: Some(child),
    })
}

/// The port in the log line `listening on ADDR`.
pub(super) fn listening(log: &str) -> Option<u16> {
    let after = log.split("listening on ").skip(1);
    after
        .filter_map(|rest| rest.split([' ', '\n', '"', ',']).next())
        .find_map(|address| address.rsplit_once(':')?.1.parse().ok())
}

/// Writes the configuration file and says where.
pub(super) fn write(spec: &PoolerSpec, folder: &Path) -> Result<PathBuf> {
    let ending = spec.whole.as_ref().map_or("toml", |file| &file.ending);
    let path = folder.join(format!("pgturnstile.{ending}"));
    fs::write(&path, text(spec)).map_err(Error::io(path.display().to_string()))?;
    Ok(path)
}

/// What is in the configuration file.
pub(super) fn text(spec: &PoolerSpec) -> String {
    let whole = spec.whole.as_ref().map(|file| file.text.clone());
    whole.unwrap_or_else(|| render(spec))
}

/// What a program that runs to its end has said.
#[derive(Debug, Clone)]
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the pooler's binary to its end, such as with `-t FILE`.
pub async fn run_to_end(arguments: &[String], folder: &Path) -> Result<Answer> {
    let mut command = tokio::process::Command::new(binary()?);
    command
        .args(arguments)
        .current_dir(folder)
        .kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(10), command.output())
        .await
        .map_err(|_| Error::told("the pooler did not end within 10 s"))?
        .map_err(Error::io("pgturnstile"))?;
    Ok(Answer {
        code: crate::process::code(output.status),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn render(spec: &PoolerSpec) -> String {
    let mut text = String::from("[general]\n");
    let mut general: Vec<(&str, String)> = vec![
        ("host", quoted("127.0.0.1")),
        ("port", "0".to_owned()),
        ("admin_username", quoted("admin")),
        ("admin_password", quoted("admin")),
    ];
    if let Some((chain, key)) = &spec.certificate {
        general.push(("tls_certificate", quoted(&chain.display().to_string())));
        general.push(("tls_private_key", quoted(&key.display().to_string())));
    }
    if let Some(hba) = &spec.hba {
        general.push(("pg_hba", format!("{{ content = {} }}", quoted(hba))));
    }
    general.retain(|(key, _)| spec.settings.iter().all(|(asked, _)| asked != key));
    general.extend(
        spec.settings
            .iter()
            .map(|(key, text)| (key.as_str(), value(text))),
    );
    lines(&mut text, &general);
    if spec.databases.is_empty() {
        text.push_str("\n[pools]\n");
    }
    for database in &spec.databases {
        pool(&mut text, database);
    }
    text
}

fn pool(text: &mut String, database: &PooledDatabase) {
    let name = quoted(&database.name);
    let _ = writeln!(text, "\n[pools.{name}]");
    let mut keys = vec![
        ("server_host", quoted(&database.host)),
        ("server_port", database.port.to_string()),
    ];
    if let Some(server) = &database.server_database {
        keys.push(("server_database", quoted(server)));
    }
    if let Some(tls) = &database.server_tls {
        keys.push(("server_tls_mode", quoted(&tls.mode)));
        if let Some(ca) = &tls.ca {
            keys.push(("server_tls_ca_cert", quoted(&ca.display().to_string())));
        }
    }
    keys.extend(
        database
            .settings
            .iter()
            .map(|(key, text)| (key.as_str(), value(text))),
    );
    lines(text, &keys);
    for user in &database.users {
        let _ = writeln!(text, "\n[[pools.{name}.users]]");
        let mut keys = vec![
            ("username", quoted(&user.name)),
            ("password", quoted(&user.password)),
            ("pool_size", user.pool_size.to_string()),
        ];
        keys.extend(
            user.settings
                .iter()
                .map(|(key, text)| (key.as_str(), value(text))),
        );
        lines(text, &keys);
    }
    if let Some(auth) = &database.auth_query {
        let _ = writeln!(text, "\n[pools.{name}.auth_query]");
        let mut keys = vec![
            ("query", quoted(auth.text())),
            ("user", quoted(&auth.user)),
            ("password", quoted(&auth.password)),
            ("pool_size", auth.pool_size.to_string()),
        ];
        keys.extend(
            auth.settings
                .iter()
                .map(|(key, text)| (key.as_str(), value(text))),
        );
        lines(text, &keys);
    }
}

fn lines(text: &mut String, keys: &[(&str, String)]) {
    for (key, value) in keys {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{key} = {value}");
    }
}

/// Numbers, booleans, tables and lists stand as they are; anything else is a string.
fn value(text: &str) -> String {
    let number = text.parse::<i64>().is_ok();
    if number || matches!(text, "true" | "false") || text.starts_with(['{', '[', '"']) {
        return text.to_owned();
    }
    quoted(text)
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_log() {
        let log = "2026 INFO starting\n2026 INFO listening on 127.0.0.1:40123\n";
        assert_eq!(listening(log), Some(40123));
        assert_eq!(listening("listening on 127.0.0.1:40"), Some(40));
        assert_eq!(listening("2026 INFO listening on /tmp/.s.PGSQL.0\n"), None);
        assert_eq!(
            listening(r#"{"message":"listening on 127.0.0.1:7"}"#),
            Some(7)
        );
    }

    #[test]
    fn what_is_asked_replaces_the_default() {
        let settings = vec![("port".to_owned(), "6432".to_owned())];
        let text = render(&PoolerSpec {
            settings,
            ..PoolerSpec::default()
        });
        assert!(text.contains("port = 6432"));
        assert!(!text.contains("port = 0"));
    }

    #[test]
    fn strings_are_escaped() {
        assert_eq!(quoted("a\"b\\\n"), r#""a\"b\\\n""#);
        assert_eq!(value("200ms"), "\"200ms\"");
        assert_eq!(value("5"), "5");
    }
}
