//! What is refused, with exact places and words.

use super::*;

#[test]
fn values_that_do_not_fit() {
    let cases = [
        ("port = 65536", "general.port: must be from 0 to 65535"),
        (
            "  port = \"5\"",
            "general.port: expected a number, found a text",
        ),
        (
            "host = 1",
            "general.host: expected a text, found a number: put it in quotation marks",
        ),
        ("host = \"\"", "general.host: can't be empty"),
        (
            "max_connections = 0",
            "general.max_connections: must be from 1 to 2147483584",
        ),
        (
            "connect_timeout = 0",
            "general.connect_timeout: must be longer than 0",
        ),
        (
            "idle_timeout = -1",
            "general.idle_timeout: a time can't be negative",
        ),
        (
            "idle_timeout = [1]",
            "general.idle_timeout: expected a time such as \"500ms\", found a list",
        ),
        (
            "idle_timeout = 1.5",
            "general.idle_timeout: expected a time such as \"500ms\", found a fraction",
        ),
        (
            "unix_socket_mode = \"1777\"",
            "general.unix_socket_mode: bits above 0777 can't be set",
        ),
        (
            "max_memory_usage = \"0\"",
            "general.max_memory_usage: must be from 1 to 1125899906842624 bytes",
        ),
        (
            "tcp_no_delay = \"yes\"",
            "general.tcp_no_delay: expected true or false, found a text",
        ),
    ];
    assert_refused(&cases);
}

#[test]
fn words_that_are_not_known_or_not_supported() {
    let cases = [
        (
            "tls_mode = \"prefer\"",
            "general.tls_mode: must be one of: disable, allow, require",
        ),
        (
            "tls_mode = \"verify-full\"",
            "general.tls_mode: \"verify-full\" is not supported yet",
        ),
        (
            "tls_mode = \"require\"",
            "general.tls_mode: \"require\" needs tls_certificate and tls_private_key",
        ),
        (
            "server_tls_mode = \"verify-full\"",
            "general.server_tls_mode: needs server_tls_ca_cert",
        ),
        (
            "tls_certificate = \"server.crt\"",
            "general.tls_certificate: needs tls_private_key too",
        ),
        (
            "server_require_auth = []",
            "general.server_require_auth: an empty list would let no server in",
        ),
        (
            "server_require_auth = [\"gss\"]",
            "general.server_require_auth: each must be one of: none, password, md5, scram-sha-256",
        ),
        (
            "cleanup = \"maybe\"",
            "general.cleanup: must be one of: auto, always, never",
        ),
        ("hba = [\"10.0.0.0/8\"]", "general.hba: not supported yet"),
        (
            "tls_ca_cert = \"ca.crt\"",
            "general.tls_ca_cert: not supported yet",
        ),
        (
            "query_timeout = \"5s\"",
            "general.query_timeout: not supported yet",
        ),
        (
            "server_reset_query = \"RESET ALL\"",
            "general.server_reset_query: not supported yet",
        ),
        (
            "patroni_api_urls = [\"http://x\"]",
            "general.patroni_api_urls: failover through Patroni is not supported",
        ),
        (
            "idle_timeuot = 5",
            "general.idle_timeuot: unknown key, did you mean \"idle_timeout\"?",
        ),
        (
            "pool_sizes = 5",
            "general.pool_sizes: unknown key, did you mean \"pool_size\" in pools.<name>.users?",
        ),
        ("colour = \"secret\"", "general.colour: unknown key"),
        (
            "pg_hba = 5",
            "general.pg_hba: expected a text, { path = \"…\" } or { content = \"…\" }, found a number",
        ),
        (
            "pg_hba = {}",
            "general.pg_hba: expected exactly one of path and content",
        ),
        (
            "pg_hba = \"host all all all gss\"",
            "general.pg_hba: line 1, column 18: the method must be one of: trust, reject, md5, scram-sha-256, password",
        ),
    ];
    assert_refused(&cases);
}

/// Each text stands on line 4, in `general`; its one problem is pinned to the key.
fn assert_refused(cases: &[(&str, &str)]) {
    let folder = Folder::new();
    for (text, problem) in cases {
        let column = text.len() - text.trim_start().len() + 1;
        let wanted = format!("f.toml:4:{column}: {problem}");
        assert_eq!(folder.refused("f.toml", &general(text)), [wanted], "{text}");
    }
}

#[test]
fn pools_that_do_not_fit() {
    let cases = [
        (
            pool("pool_mode = \"session\""),
            "5:1: pools.p.pool_mode: only \"transaction\" is supported yet",
        ),
        (
            pool("max_db_connections = 5"),
            "5:1: pools.p.max_db_connections: not supported yet",
        ),
        (
            pool("min_guaranteed_pool_size = 1"),
            "5:1: pools.p.min_guaranteed_pool_size: not supported yet",
        ),
        (
            pool("server_port = 0"),
            "5:1: pools.p.server_port: must be from 1 to 65535",
        ),
        (
            pool("startup_parameters = { a = \"1\", Role = \"x\" }"),
            "5:33: pools.p.startup_parameters.Role: can't be set this way",
        ),
        (
            pool("startup_parameters = { \"a b\" = \"1\" }"),
            "5:24: pools.p.startup_parameters.a b: not the name of a parameter: letters, digits, _ and . only",
        ),
        (
            pool("startup_parameters = { a = 1 }"),
            "5:24: pools.p.startup_parameters.a: expected a text, found a number: put it in quotation marks",
        ),
        (
            pool("startup_parameters = { a = \"1\", A = \"2\" }"),
            "5:33: pools.p.startup_parameters.A: given twice: case does not matter here",
        ),
        (
            pool("users = 5"),
            "5:1: pools.p.users: expected a list of tables, found a number",
        ),
        (
            pool("users = { x = {} }"),
            "5:11: pools.p.users.x: the key of a user must be a number",
        ),
        (
            user("min_pool_size = 6"),
            "9:1: pools.p.users.0.min_pool_size: more than pool_size, which is 5",
        ),
        (
            user("auth_pam_service = \"x\""),
            "9:1: pools.p.users.0.auth_pam_service: PAM is not supported",
        ),
        (
            user("server_password = \"x\""),
            "9:1: pools.p.users.0.server_password: needs server_username too",
        ),
        (
            user("[[pools.p.users]]\nusername = \"u\"\npassword = \"\"\npool_size = 1"),
            "10:1: pools.p.users.1.username: this user is there twice, first on line 6",
        ),
        (
            user("[[pools.p.users]]\nusername = \"v\"\npool_size = 1"),
            "9:1: pools.p.users.1.password: required, but missing",
        ),
        (
            auth_query("server_password = \"x\""),
            "8:1: pools.p.auth_query.server_password: needs server_user too",
        ),
        (
            auth_query("min_pool_size = 41"),
            "8:1: pools.p.auth_query.min_pool_size: more than pool_size, which is 40",
        ),
        (
            auth_query("workers = 0"),
            "8:1: pools.p.auth_query.workers: must be from 1 to 262143",
        ),
        (
            auth_query("").replace("q $1", "q"),
            "6:1: pools.p.auth_query.query: must have $1 in it, the name of the user",
        ),
        (
            auth_query("").replace("user = \"u\"", ""),
            "5:10: pools.p.auth_query.user: required, but missing",
        ),
    ];
    let folder = Folder::new();
    for (text, problem) in cases {
        let wanted = format!("f.toml:{problem}");
        assert_eq!(folder.refused("f.toml", &text), [wanted], "{text}");
    }
}

#[test]
fn all_problems_at_once_in_the_order_of_the_file() {
    let text = "[general]\nadmin_username = \"a\"\nprot = 1\nidle_timeout = \"x\"\n\
                [pools.p]\npool_mode = \"session\"\n[pools.p.auth_query]\nuser = 5\n[extra]\n";
    assert_eq!(
        Folder::new().refused("f.toml", text),
        [
            "f.toml:1:2: general.admin_password: required, but missing",
            "f.toml:3:1: general.prot: unknown key, did you mean \"port\"?",
            "f.toml:4:1: general.idle_timeout: expected a time such as 500, \"500ms\", \"30s\", \"5m\", \"1h\" or \"1d\"",
            "f.toml:6:1: pools.p.pool_mode: only \"transaction\" is supported yet",
            "f.toml:7:10: pools.p.auth_query.query: required, but missing",
            "f.toml:8:1: pools.p.auth_query.user: expected a text, found a number: put it in quotation marks",
            "f.toml:9:2: extra: unknown key",
        ]
    );
}

#[test]
fn yaml_has_the_same_words_and_its_own_places() {
    let text = "general:\n  admin_username: a\n  admin_password: b\n  idle_timeuot: 5\npools:\n  \
                p:\n    users:\n      - username: u\n        password: x\n        pool_size: many\n";
    assert_eq!(
        Folder::new().refused("f.yml", text),
        [
            "f.yml:4:3: general.idle_timeuot: unknown key, did you mean \"idle_timeout\"?",
            "f.yml:10:9: pools.p.users.0.pool_size: expected a number, found a text",
        ]
    );
    let empty = Folder::new().refused("e.yaml", "");
    assert_eq!(
        empty,
        [
            "e.yaml:1:1: general: required, but missing",
            "e.yaml:1:1: pools: required, but missing",
        ]
    );
}

#[test]
fn startup_parameters_have_an_end() {
    let value = "x".repeat(9_486);
    let folder = Folder::new();
    folder.read(
        "f.toml",
        &pool(&format!(
            "startup_parameters = {{ a = \"{}\" }}",
            &value[1..]
        )),
    );
    let said = folder.refused(
        "l.toml",
        &pool(&format!("startup_parameters = {{ a = \"{value}\" }}")),
    );
    assert_eq!(
        said,
        [
            "l.toml:5:1: pools.p.startup_parameters: 9489 bytes with the general ones, at most 9488 fit"
        ]
    );
}
