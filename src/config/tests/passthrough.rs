//! Files that must start unchanged, in each of their forms.

use super::*;

const GENERAL: &str = r#"
[general]
host = "127.0.0.1"
port = 6432
admin_username = "admin"
admin_password = "admin"
connect_timeout = "3s"
query_wait_timeout = "5s"
idle_timeout = "500ms"
server_lifetime = "5s"
retain_connections_time = "200ms"
server_tls_mode = "prefer"
tls_certificate = "server.crt"
tls_private_key = "server.key"
pg_hba = { content = "host all all 127.0.0.1/32 scram-sha-256" }

[pools.app]
server_host = "127.0.0.1"
server_port = 5432
pool_mode = "transaction"
"#;

const USERS: &str = r#"
[[pools.app.users]]
username = "static_user"
password = "static_pw"
pool_size = 4
"#;

const NUMBERED: &str = r#"
[pools.app.users.0]
username = "static_user"
password = "static_pw"
pool_size = 4
"#;

const AUTH_QUERY: &str = r#"
[pools.app.auth_query]
query = "SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1"
user = "auth"
password = "auth_pw"
pool_size = 8
cache_ttl = "1s"
"#;

const DEDICATED: &str = "server_user = \"app\"\nserver_password = \"app_pw\"\n";

const YAML: &str = r#"
general:
  host: "127.0.0.1"
  port: 6432
  admin_username: "admin"
  admin_password: "admin"
  connect_timeout: "3s"
  query_wait_timeout: "5s"
  idle_timeout: "500ms"
  server_lifetime: "5s"
  retain_connections_time: "200ms"
  server_tls_mode: "prefer"
  tls_certificate: "server.crt"
  tls_private_key: "server.key"
  tls_ca_cert: null
  pg_hba: |
    host all all 127.0.0.1/32 scram-sha-256
pools:
  app:
    server_host: "127.0.0.1"
    server_port: 5432
    pool_mode: "transaction"
    users:
      - { username: "static_user", password: "static_pw", pool_size: 4 }
    auth_query:
      query: "SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1"
      user: "auth"
      password: "auth_pw"
      pool_size: 8
      cache_ttl: "1s"
"#;

#[test]
fn the_passthrough_file_means_what_it_says() {
    let folder = Folder::new();
    let loaded = folder.read("a.toml", &format!("{GENERAL}{USERS}{AUTH_QUERY}"));
    assert_eq!(loaded.warnings, []);
    let general = &loaded.settings.general;
    assert_eq!(
        (general.listen.host.as_str(), general.listen.port),
        ("127.0.0.1", 6432)
    );
    assert_eq!(general.listen.backlog, 8192);
    assert_eq!(general.times.query_wait, Some(Duration::from_secs(5)));
    assert_eq!(general.times.sweep, Duration::from_millis(200));
    assert_eq!(general.times.retain_max, None);
    assert_eq!(general.client_tls.mode, ClientTlsMode::Allow);
    let pair = general.client_tls.pair.as_ref().unwrap();
    assert_eq!(pair.private_key, folder.path("server.key"));
    assert_eq!(general.hba.as_ref().unwrap().len(), 1);
    assert_eq!(general.track_extra_parameters, ["intervalstyle"]);
    assert!(general.log.connections && general.log.disconnections);
    let app = &loaded.settings.databases["app"];
    let tcp = ServerAddress::Tcp {
        host: "127.0.0.1".into(),
        port: 5432,
    };
    assert_eq!(app.server.address, tcp);
    assert_eq!(
        (app.server.database.as_str(), app.mode),
        ("app", PoolMode::Transaction)
    );
    assert_eq!(app.server.tls.mode, ServerTlsMode::Prefer);
    assert_eq!(app.server.times.idle, Some(Duration::from_millis(500)));
    assert_eq!(app.users["static_user"].pool_size, 4);
    assert_eq!(app.users["static_user"].password.expose(), "static_pw");
    let auth_query = app.auth_query.as_ref().unwrap();
    assert_eq!(
        (auth_query.database.as_str(), auth_query.workers),
        ("app", 2)
    );
    assert_eq!((auth_query.pool_size, auth_query.min_pool_size), (8, 0));
    assert_eq!(auth_query.cache_ttl, Duration::from_secs(1));
    assert_eq!(auth_query.dedicated, None);
}

#[test]
fn toml_and_yaml_and_numbered_users_are_one() {
    let folder = Folder::new();
    let toml = folder.read("a.toml", &format!("{GENERAL}{USERS}{AUTH_QUERY}"));
    let yaml = folder.read("a.yaml", YAML);
    let numbered = folder.read("n.toml", &format!("{GENERAL}{NUMBERED}{AUTH_QUERY}"));
    assert_eq!(toml.settings, yaml.settings);
    assert_eq!(toml.settings, numbered.settings);
}

#[test]
fn dedicated_and_static_files_start() {
    let folder = Folder::new();
    let dedicated = folder.read(
        "d.toml",
        &format!("{GENERAL}{USERS}{AUTH_QUERY}{DEDICATED}"),
    );
    let auth_query = dedicated.settings.databases["app"]
        .auth_query
        .clone()
        .unwrap();
    assert_eq!(auth_query.dedicated.unwrap().username, "app");
    let fixed = folder.read("s.toml", &format!("{GENERAL}{USERS}"));
    assert_eq!(fixed.settings.databases["app"].auth_query, None);
    folder.read("none.toml", GENERAL);
    folder.read("empty.toml", &format!("{LEAST}[pools]\n"));
}

#[test]
fn pools_override_general_values() {
    let folder = Folder::new();
    let loaded = folder.read(
        "o.toml",
        &format!(
            "{LEAST}{}",
            r#"
idle_timeout = "0s"
client_anonymous_prepared_cache_size = 0
cleanup = "always"
server_require_auth = ["scram-sha-256"]
startup_parameters = { Work_Mem = "4MB", lock_timeout = "1s" }
[pools.a]
server_host = "/run/postgresql"
server_port = 5433
server_database = "real"
idle_timeout = 90000
cleanup = "never"
server_tls_mode = "REQUIRE"
server_require_auth = ["none", "password"]
startup_parameters = { work_mem = "8MB" }
[pools.a.auth_query]
query = "select passwd from u($1)"
user = "u"
[pools.b]
cleanup_server_connections = false
[[pools.b.users]]
username = "u"
password = ""
pool_size = 3
min_pool_size = 3
server_lifetime = 0
server_username = "v"
"#
        ),
    );
    assert_eq!(loaded.settings.general.limits.client_statements, usize::MAX);
    let a = &loaded.settings.databases["a"];
    assert_eq!(
        a.server.address,
        ServerAddress::Unix("/run/postgresql/.s.PGSQL.5433".into())
    );
    assert_eq!(a.auth_query.as_ref().unwrap().database, "real");
    assert_eq!(a.server.times.idle, Some(Duration::from_secs(90)));
    assert_eq!(
        (a.cleanup, a.server.tls.mode),
        (Some(Cleanup::Never), ServerTlsMode::Require)
    );
    assert_eq!(a.server.require_auth.password, CleartextRule::Protected);
    assert!(!a.server.require_auth.md5);
    let parameters: Vec<_> = a.server.startup_parameters.iter().collect();
    let pair = |(name, value): &(&String, &String)| format!("{name}={value}");
    assert_eq!(
        parameters.iter().map(pair).collect::<Vec<_>>(),
        ["lock_timeout=1s", "work_mem=8MB"]
    );
    let b = &loaded.settings.databases["b"];
    assert_eq!(b.server.times.idle, None);
    assert_eq!(b.cleanup, Some(Cleanup::Never));
    assert_eq!(b.server.require_auth.password, CleartextRule::Never);
    let user = &b.users["u"];
    assert_eq!((user.lifetime, user.min_pool_size), (Some(None), 3));
    assert_eq!(user.server_login.as_ref().unwrap().password.expose(), "");
}

#[test]
fn secrets_come_from_elsewhere_and_stay_hidden() {
    let folder = Folder::new();
    folder.write("secret", "of the file\n");
    let text = LEAST.replace("\"b\"", "{ env = \"SECRET\" }")
        + "[pools.a]\n[[pools.a.users]]\nusername = \"u\"\npool_size = 1\n\
           password = { file = \"secret\" }\n";
    let loaded = folder.read("s.toml", &text);
    assert_eq!(
        loaded.settings.general.console.password.expose(),
        "from the environment"
    );
    let password = &loaded.settings.databases["a"].users["u"].password;
    assert_eq!(password.expose(), "of the file");
    let shown = format!("{loaded:?}");
    assert!(!shown.contains("of the file") && !shown.contains("from the environment"));
}

#[test]
fn files_are_merged() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("sub")).unwrap();
    folder.write("sub/hba.conf", "local all all md5\n");
    folder.write(
        "sub/more.yaml",
        "general:\n  port: 7\n  pg_hba: { path: hba.conf }\npools:\n  a:\n    users:\n    \
         - { username: v, password: '1', pool_size: 2 }\n",
    );
    let include = format!(
        "[include]\nfiles = [\"{}\"]\n",
        folder.path("sub/more.yaml").display()
    );
    let text = format!(
        "{LEAST}port = 5\n{include}[[pools.a.users]]\nusername = \"u\"\npassword = \"\"\npool_size = 1\n"
    );
    let loaded = folder.read("m.toml", &text);
    assert_eq!(loaded.settings.general.listen.port, 7);
    assert_eq!(loaded.settings.general.hba.as_ref().unwrap().len(), 1);
    assert_eq!(loaded.settings.databases["a"].users.len(), 2);
}

#[test]
fn the_identity_follows_everything_that_is_read() {
    let folder = Folder::new();
    folder.write("hba.conf", "local all all md5\n");
    let text = format!("{GENERAL}{USERS}").replace(
        "content = \"host all all 127.0.0.1/32 scram-sha-256\"",
        "path = \"hba.conf\"",
    );
    let first = folder.read("i.toml", &text).identity;
    assert_eq!(first, folder.load("i.toml").ok().unwrap().identity);
    folder.write("hba.conf", "local all all trust\n");
    let second = folder.load("i.toml").ok().unwrap().identity;
    assert_ne!(first, second);
    let pair = Folder::new();
    for name in ["server.crt", "server.key"] {
        std::fs::copy(pair.path(name), folder.path(name)).unwrap();
    }
    assert_ne!(second, folder.load("i.toml").ok().unwrap().identity);
}
