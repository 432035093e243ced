//! Files that a configuration names, and secrets that no message may quote.

use super::*;

#[test]
fn files_that_can_not_be_read() {
    let folder = Folder::new();
    let gone = folder.lines(&folder.load("gone.toml").err().unwrap());
    assert_eq!(gone.len(), 1);
    assert!(gone[0].starts_with("gone.toml: cannot read: "), "{gone:?}");
    std::fs::write(folder.path("latin.toml"), b"a = \"\xe9\"").unwrap();
    let latin = folder.lines(&folder.load("latin.toml").err().unwrap());
    assert_eq!(latin, ["latin.toml: cannot read: byte 5 is not UTF-8"]);
    let syntax = folder.refused("s.toml", "[general]\nport = \n");
    assert!(syntax[0].starts_with("s.toml:2:8: syntax: "), "{syntax:?}");
    let hba = folder.refused("h.toml", &general("pg_hba = { path = \"gone.conf\" }"));
    assert!(
        hba[0].starts_with("h.toml:4:12: general.pg_hba.path: gone.conf: cannot read"),
        "{hba:?}"
    );
    folder.write("bad.conf", "\nhost all all 10.0.0.0/8 md55\n");
    let hba = folder.refused("h.toml", &general("pg_hba = { path = \"bad.conf\" }"));
    assert!(
        hba[0].starts_with("bad.conf:2:25: general.pg_hba: the method must"),
        "{hba:?}"
    );
    let include = general("[include]\nfiles = [\"/nowhere/x.toml\"]");
    let include = folder.refused("i.toml", &include);
    assert!(
        include[0].starts_with("i.toml:5:1: include.files: /nowhere/x.toml: cannot read"),
        "{include:?}"
    );
}

#[test]
fn tls_files_are_looked_into() {
    let folder = Folder::new();
    let other = Folder::new();
    std::fs::copy(other.path("server.key"), folder.path("other.key")).unwrap();
    folder.write("empty", "");
    folder.write("half.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    let refused = |certificate: &str, key: &str| {
        let text = format!("tls_certificate = \"{certificate}\"\ntls_private_key = \"{key}\"");
        folder.refused("t.toml", &general(&text)).join("; ")
    };
    let cases = [
        (
            "gone.crt",
            "server.key",
            "4:1: general.tls_certificate: gone.crt: cannot read: No such file",
        ),
        (
            "empty",
            "server.key",
            "4:1: general.tls_certificate: empty: no certificate in PEM form in it",
        ),
        (
            "half.crt",
            "server.key",
            "4:1: general.tls_certificate: half.crt: not in PEM form",
        ),
        (
            "server.crt",
            "empty",
            "5:1: general.tls_private_key: empty: no private key in PEM form in it",
        ),
        (
            "server.crt",
            "other.key",
            "5:1: general.tls_private_key: can't be used with the certificate server.crt: ",
        ),
    ];
    for (certificate, key, problem) in cases {
        let said = refused(certificate, key);
        assert!(said.starts_with(&format!("t.toml:{problem}")), "{said}");
    }
    let ca = folder.refused("c.toml", &general("server_tls_ca_cert = \"empty\""));
    assert_eq!(
        ca,
        ["c.toml:4:1: general.server_tls_ca_cert: empty: no certificate in PEM form in it"]
    );
}

#[test]
fn secrets_are_never_quoted() {
    let folder = Folder::new();
    let passwords = [
        "\"jwt-pkey-fpath:hunter2\"",
        "{ env = \"GONE\" }",
        "{ file = \"gone\" }",
        "{ hunter = \"hunter2\" }",
        "{ env = \"SECRET\", file = \"hunter2\" }",
        "[\"hunter2\"]",
        "\"hunter2\\u0000\"",
        "12345678",
    ];
    for password in passwords {
        let text = general("").replace("\"b\"", password);
        let said = folder.refused("p.toml", &text);
        assert_eq!(said.len(), 1, "{password}: {said:?}");
        assert!(
            said[0].starts_with("p.toml:3:1: general.admin_password: "),
            "{said:?}"
        );
        assert!(
            !said[0].contains("hunter2") && !said[0].contains("12345678"),
            "{said:?}"
        );
    }
}

#[test]
fn a_fault_of_syntax_does_not_quote_the_line() {
    let folder = Folder::new();
    let toml = [
        "\"hunter2",
        "hunter2",
        "\"a\\qhunter2\"",
        "\"a\" hunter2",
        "[hunter2",
    ];
    let yaml = [
        "\"hunter2",
        "*hunter2",
        "\"a\\qhunter2\"",
        "\"a\" hunter2",
        "[hunter2",
        "%hunter2",
        "@hunter2",
    ];
    for password in toml {
        let said = folder.refused("s.toml", &general("").replace("\"b\"", password));
        assert!(
            !said.is_empty() && !said.join(" ").contains("hunter2"),
            "{said:?}"
        );
    }
    for password in yaml {
        let text = format!("general:\n  admin_username: a\n  admin_password: {password}\npools:\n");
        let said = folder.refused("s.yaml", &text);
        assert!(
            !said.is_empty() && !said.join(" ").contains("hunter2"),
            "{said:?}"
        );
    }
}
