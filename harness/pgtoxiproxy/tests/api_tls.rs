//! TLS as the API takes and shows it. What it does to connections is tried where the engine is.

mod support;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use support::{Answer, Server};

/// A certificate and its key, as PEM.
fn pair() -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    (cert.pem(), signing_key.serialize_pem())
}

fn proxy(tls: &Value) -> Value {
    json!({"name": "pg", "listen": "127.0.0.1:0", "upstream": "localhost:1", "tls": tls})
}

fn without_secrets(answer: &Answer) -> Value {
    assert!(!answer.body.contains("PRIVATE"), "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn a_certificate_and_its_key_are_taken_and_the_key_is_never_shown() {
    let server = Server::start().await;
    let (certificate, key) = pair();
    let given = json!({"certificate": certificate, "private_key": key});
    let created = server.post("/proxies", proxy(&given)).await;
    assert_eq!(created.status, 201, "{created:?}");
    let shown = json!({"certificate": "(pem)"});
    assert_eq!(without_secrets(&created)["tls"], shown);
    assert_eq!(
        without_secrets(&server.get("/proxies").await)["pg"]["tls"],
        shown
    );

    let back = server.get("/proxies/pg").await.json();
    let same = server.patch("/proxies/pg", &back).await;
    assert_eq!((same.status, without_secrets(&same)), (200, back));
    let off = server.patch("/proxies/pg", json!({"tls": null})).await;
    assert_eq!((off.status, off.json().get("tls")), (200, None));
    let on = server.patch("/proxies/pg", json!({"tls": given})).await;
    assert_eq!((on.status, &without_secrets(&on)["tls"]), (200, &shown));
}

#[tokio::test]
async fn paths_are_read_and_shown() {
    let server = Server::start().await;
    let (certificate, key) = pair();
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(path("crt"), certificate).expect("written");
    std::fs::write(path("key"), key).expect("written");
    let given = json!({"certificate": path("crt"), "private_key": path("key")});
    let populated = server.post("/populate", json!([proxy(&given)])).await;
    assert_eq!(populated.status, 201, "{populated:?}");
    let shown = without_secrets(&populated)["proxies"][0]["tls"].clone();
    assert_eq!(shown, json!({"certificate": path("crt")}));
}

#[tokio::test]
async fn what_cannot_be_used_is_told() {
    let server = Server::start().await;
    let (certificate, key) = pair();
    let (other, _) = pair();
    for (tls, reason) in [
        (json!({}), "missing required field: tls.certificate"),
        (
            json!({"certificate": certificate}),
            "missing required field: tls.private_key",
        ),
        (
            json!({"certificate": "/no/file", "private_key": key}),
            "\"/no/file\": No such file",
        ),
        (
            json!({"certificate": "/dev/zero", "private_key": key}),
            "no ordinary file",
        ),
        (
            json!({"certificate": key, "private_key": key}),
            "no certificate in it",
        ),
        (
            json!({"certificate": certificate, "private_key": certificate}),
            "no private key",
        ),
        (json!({"certificate": other, "private_key": key}), "tls"),
        (json!("yes"), "tls must be an object"),
        (json!({"certificate": 5}), "certificate must be a string"),
    ] {
        let answer = server.post("/proxies", proxy(&tls)).await;
        let text = without_secrets(&answer)["error"]
            .to_string()
            .replace("\\\"", "\"");
        assert_eq!(answer.status, 400, "{text}");
        assert!(text.contains(reason), "{text} should contain {reason}");
    }
    assert_eq!(server.get("/proxies").await.json(), json!({}));
}
