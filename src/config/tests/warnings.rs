//! What is warned of, and what passes in silence.

use super::*;

#[test]
fn warnings() {
    let cases = [
        (
            general("worker_threads = 4"),
            "4:1: general.worker_threads: more than one is not supported yet: one thread runs",
        ),
        (
            general("daemon_pid_file = \"x\""),
            "4:1: general.daemon_pid_file: has no effect here",
        ),
        (
            general("max_packet_size = 5"),
            "4:1: general.max_packet_size: not supported yet, has no effect",
        ),
        (
            general("pool_mode = \"session\""),
            "4:1: general.pool_mode: has no effect here, it belongs in pools.<name>",
        ),
        (
            general("admin_users = [\"x\"]"),
            "4:1: general.admin_users: no pool has a static user \"x\"",
        ),
        (
            general("[web]\nenabled = true"),
            "5:1: web.enabled: not supported yet: no metrics are served",
        ),
        (
            format!("{LEAST}[pools.pgbouncer]\n"),
            "4:8: pools.pgbouncer: can't be reached: the admin console has this name",
        ),
        (
            pool("cleanup_server_connections = false"),
            "5:1: pools.p.cleanup_server_connections: false means cleanup = \"never\": clients see what others left in a session",
        ),
        (
            pool("scaling_fast_retries = 3\n[pools.q]\nscaling_fast_retries = 3"),
            "5:1: pools.p.scaling_fast_retries: has no effect here",
        ),
        (
            auth_query("").replace(
                "[pools.p]",
                "pg_hba = \"host all all all trust\"\n[pools.p]",
            ),
            "4:1: general.pg_hba: the trust rule on line 1 lets clients of p in without a proof: where PostgreSQL asks for SCRAM there are no keys to log in with (SQLSTATE 28000)",
        ),
    ];
    let folder = Folder::new();
    for (text, warning) in cases {
        assert_eq!(
            folder.warned("w.toml", &text),
            [format!("w.toml:{warning}")],
            "{text}"
        );
    }
}

#[test]
fn what_asks_for_nothing_passes() {
    let text = concat!(
        "hba = []\ntls_ca_cert = \"\"\nquery_timeout = 0\nclient_idle_timeout = \"0s\"\n",
        "server_reset_query = \"DISCARD ALL\"\npatroni_api_urls = []\n",
    );
    assert_eq!(Folder::new().warned("n.toml", &general(text)), [""; 0]);
    let text = "max_db_connections = 0\nreserve_pool_size = 0\n";
    assert_eq!(Folder::new().warned("n.toml", &pool(text)), [""; 0]);
}
