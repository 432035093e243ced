//! What each message may look like, and what not.

use proptest::prelude::*;

use super::*;

#[test]
fn client_first() {
    for (text, flag) in [
        ("n,,n=,r=abc", Flag::Unsupported),
        ("y,,n=user,r=abc", Flag::Unoffered),
        ("p=tls-server-end-point,,n=a=2Cb=3Dc,r=abc", Flag::EndPoint),
        ("n,,n=ü,r=abc,x=1,y=2", Flag::Unsupported),
    ] {
        let first = ClientFirst::parse(text.as_bytes()).unwrap();
        assert_eq!((first.flag, first.nonce), (flag, "abc"), "{text}");
        assert_eq!(format!("{}{}", flag.header(), first.bare), text);
    }
    for wrong in [
        "",
        "n",
        "n,",
        "n,,",
        "n,,n=",
        "n,,r=abc",
        "n,,n=,r=",
        "n,,r=abc,n=",
        "n,,n=,r=a c",
        "n,,n=,r=é",
        "n,,n=a=b,r=abc",
        "n,,n=a=2c,r=abc",
        "n,,n=\0,r=abc",
        "n,,m=1,n=,r=abc",
        "n,,n=,r=abc,m=1",
        "n,,n=,r=abc,",
        "n,,n=,r=abc,x",
        "n,,n=,r=abc,1=x",
        "n,a=admin,n=,r=abc",
        "n,x,n=,r=abc",
        "x,,n=,r=abc",
        "N,,n=,r=abc",
        "p,,n=,r=abc",
        "p=tls-unique,,n=,r=abc",
    ] {
        assert!(ClientFirst::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(ClientFirst::parse(b"n,,n=\xff,r=abc").is_err());
}

#[test]
fn server_first() {
    let (nonce, salt, iterations) = ("abc", b"salt".to_vec(), 4096);
    let first = ServerFirst {
        nonce,
        salt,
        iterations,
    };
    assert_eq!(first.format(), "r=abc,s=c2FsdA==,i=4096");
    assert_eq!(ServerFirst::parse(first.format().as_bytes()), Ok(first));
    for wrong in [
        "",
        "r=abc",
        "r=abc,s=c2FsdA==",
        "r=,s=c2FsdA==,i=1",
        "s=c2FsdA==,r=abc,i=1",
        "r=abc,s=,i=1",
        "r=abc,s=c2FsdA,i=1",
        "r=abc,s=c2FsdA==,i=0",
        "r=abc,s=c2FsdA==,i=01",
        "r=abc,s=c2FsdA==,i= 1",
        "r=abc,s=c2FsdA==,i=4294967297",
        "r=abc,s=c2FsdA==,i=10000001",
        "m=x,r=abc,s=c2FsdA==,i=1",
        "r=abc,s=c2FsdA==,i=1,m=x",
    ] {
        assert!(ServerFirst::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    let salt = STANDARD.encode([0; MAX_SALT + 1]);
    assert!(ServerFirst::parse(format!("r=abc,s={salt},i=1").as_bytes()).is_err());
}

#[test]
fn client_final() {
    let proof = STANDARD.encode([3; 32]);
    let without = client_final_without_proof(Flag::EndPoint, b"hash", "abc");
    let text = format!("{without},x=1,p={proof}");
    let last = ClientFinal::parse(text.as_bytes()).unwrap();
    assert_eq!(last.binding, b"p=tls-server-end-point,,hash");
    assert_eq!((last.nonce, last.proof), ("abc", [3; 32]));
    assert_eq!(last.without_proof, format!("{without},x=1"));
    let biws = client_final_without_proof(Flag::Unsupported, b"", "abc");
    assert_eq!(biws, "c=biws,r=abc");
    for wrong in [
        String::new(),
        biws.clone(),
        format!("p={proof}"),
        format!("{biws},p="),
        format!("{biws},p={}", &proof[4..]),
        format!("{biws},p={proof},x=1"),
        format!("{biws},m=1,p={proof}"),
        format!("c=!,r=abc,p={proof}"),
        format!("r=abc,c=biws,p={proof}"),
    ] {
        assert!(ClientFinal::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn server_final() {
    let text = ServerFinal::format_signature(&[4; 32]);
    let read = |text: &str| ServerFinal::parse(text.as_bytes()).map(|f| format!("{f:?}"));
    assert_eq!(
        ServerFinal::parse(text.as_bytes()),
        Ok(ServerFinal::Signature([4; 32]))
    );
    assert_eq!(
        read("e=invalid-proof").unwrap(),
        "Refused(\"invalid-proof\")"
    );
    for wrong in [
        "",
        "v=",
        "v=AAAA",
        "x=1",
        &format!("{text},"),
        &format!("x=1,{text}"),
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_bytes_make_a_parser_panic(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..80),
            "[nyp]?,?,?([a-zA-Z]?=?[A-Za-z0-9+/=]{0,8},?){0,6}".prop_map(String::into_bytes),
        ],
    ) {
        let _ = ClientFirst::parse(&bytes);
        let _ = ServerFirst::parse(&bytes);
        let _ = ClientFinal::parse(&bytes).is_ok();
        let _ = ServerFinal::parse(&bytes);
        let _ = crate::auth::StoredSecret::parse(&String::from_utf8_lossy(&bytes));
    }
}
