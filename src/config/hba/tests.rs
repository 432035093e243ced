//! Texts of rules and what is read from them.

use super::*;

fn read(text: &str) -> (Vec<HbaRule>, Vec<String>) {
    let none = |_: &str| None;
    let reader = Reader::new(&none);
    let rules = parse(&reader, &Source::File(Path::new("h.conf")), "pg_hba", text);
    let (problems, _) = reader.finish().0.finish();
    (rules, problems.iter().map(ToString::to_string).collect())
}

fn network(address: &str, mask: &str) -> AddressMask {
    AddressMask {
        address: address.parse().unwrap(),
        mask: mask.parse().unwrap(),
    }
}

#[test]
fn a_rule_of_each_kind() {
    let (rules, problems) = read(concat!(
        "# TYPE DATABASE USER ADDRESS METHOD\n",
        "local all all trust\n",
        "host a,\"all\" sameuser,bob 10.1.2.3/8 md5\n",
        "hostssl sameuser /^b 10.0.0.0 255.0.0.0 scram-sha-256\n",
        "hostnossl replication all ::1/128 reject\n",
        "host all all all password\n",
    ));
    assert_eq!(problems, Vec::<String>::new());
    let exact = |name: &str| NameMatch::Exact(name.into());
    assert_eq!(rules[0].connection, ConnectionType::Local);
    assert_eq!(rules[0].method, HbaMethod::Trust);
    assert_eq!(rules[1].databases, [exact("a"), exact("all")]);
    assert_eq!(rules[1].users, [exact("sameuser"), exact("bob")]);
    let eight = network("10.1.2.3", "255.0.0.0");
    assert_eq!(rules[1].addresses, AddressMatch::Networks(vec![eight]));
    assert_eq!(rules[2].databases, [NameMatch::SameUser]);
    assert!(matches!(&rules[2].users[..], [NameMatch::Pattern(p)] if p.matches("bob")));
    let masked = network("10.0.0.0", "255.0.0.0");
    assert_eq!(rules[2].addresses, AddressMatch::Networks(vec![masked]));
    assert_eq!(rules[3].databases, [NameMatch::Replication]);
    assert_eq!((rules[3].line, rules[3].method), (5, HbaMethod::Reject));
    assert_eq!(rules[4].addresses, AddressMatch::Any);
}

#[test]
fn every_line_that_can_not_be_obeyed_is_a_problem() {
    let cases = [
        ("hostgssenc all all all md5", 1, "the type must"),
        ("host all", 1, "ends before the user"),
        ("host all all md5", 14, "not an IP address"),
        ("host all all 127.0.0.1/32", 1, "ends before the method"),
        ("host all all 127.0.0.1/33 md5", 14, "prefix length"),
        ("host all all 127.0.0.1/+8 md5", 14, "prefix length"),
        ("host all all 127.0.0.1 md5", 14, "needs a prefix length"),
        ("host all all 127.0.0.1 ::1 md5", 24, "different kinds"),
        ("host all all db.example.com md5", 14, "host names"),
        ("host samerole all all md5", 6, "samerole"),
        ("host all +staff all md5", 10, "members of a role"),
        ("host all @admins all md5", 10, "lists in files"),
        ("host all /[ all md5", 10, "regular expression"),
        ("host all \"\" all md5", 10, "empty"),
        ("host all all all gss", 18, "the method must"),
        ("host all all all md5 clientcert=verify-full", 22, "options"),
        (
            "host all all 10.0.0.0/8,::1/128 md5",
            14,
            "only one address",
        ),
        ("host all \"all", 10, "not closed"),
        ("include_dir conf.d", 1, "include_if_exists"),
        ("include", 1, "one file name"),
        ("include nowhere.conf", 1, "nowhere.conf: cannot read"),
    ];
    for (text, column, reason) in cases {
        let (rules, problems) = read(&format!("\n{text}\n"));
        assert!(rules.is_empty(), "{text}");
        let begin = format!("h.conf:2:{column}: pg_hba: ");
        assert_eq!(problems.len(), 1, "{text}");
        assert!(problems[0].starts_with(&begin), "{text}: {problems:?}");
        assert!(problems[0].contains(reason), "{text}: {problems:?}");
    }
}

#[test]
fn all_lines_are_looked_at() {
    let (rules, problems) = read("host a b c d\nlocal all all md5\nnone\n");
    assert_eq!((rules.len(), problems.len()), (1, 2));
}

#[test]
fn files_are_included_from_where_they_are_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "sub/one.conf",
        "local a all md5\ninclude \"two.conf\"\ninclude_if_exists gone.conf\n",
    );
    write("sub/two.conf", "local b all md5\n");
    write("circle.conf", "include circle.conf\n");
    let none = |_: &str| None;
    let reader = Reader::new(&none);
    let main = folder.path().join("main.conf");
    let text = "include sub/one.conf\nlocal c all md5\ninclude circle.conf\n";
    let rules = parse(&reader, &Source::File(&main), "pg_hba", text);
    let names: Vec<&NameMatch> = rules.iter().map(|rule| &rule.databases[0]).collect();
    let wanted = ["a", "b", "c"].map(|name| NameMatch::Exact(name.into()));
    assert_eq!(names, wanted.iter().collect::<Vec<_>>());
    let (problems, _) = reader.finish().0.finish();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].reason.contains("too deeply"), "{problems:?}");
}

#[test]
fn inline_rules_name_the_line_in_the_sentence() {
    let none = |_: &str| None;
    let reader = Reader::new(&none);
    let place = Place::in_file(&Path::new("c.toml").into(), 9, 1);
    parse(
        &reader,
        &Source::Inline(&place),
        "general.pg_hba",
        "\nhost all all all ldap\n",
    );
    let (problems, _) = reader.finish().0.finish();
    let begin = "c.toml:9:1: general.pg_hba: line 2, column 18: the method must";
    assert!(problems[0].to_string().starts_with(begin), "{problems:?}");
}

#[test]
fn this_machine_has_its_own_loopback() {
    let (rules, problems) = read("host all all samehost md5\nhost all all samenet md5\n");
    assert!(problems.is_empty(), "{problems:?}");
    for rule in &rules {
        let AddressMatch::Networks(networks) = &rule.addresses else {
            panic!("networks expected");
        };
        assert!(
            networks
                .iter()
                .any(|n| n.contains("127.0.0.1".parse().unwrap()))
        );
        assert!(
            !networks
                .iter()
                .any(|n| n.contains("203.0.113.9".parse().unwrap()))
        );
    }
}

#[test]
fn masks_of_all_lengths() {
    let address = "10.9.8.7".parse().unwrap();
    let contains = |prefix, other: &str| {
        let mask = AddressMask::with_prefix(address, prefix).unwrap();
        mask.contains(other.parse().unwrap())
    };
    assert!(contains(0, "1.2.3.4") && contains(8, "10.0.0.1") && contains(32, "10.9.8.7"));
    assert!(!contains(8, "11.0.0.1") && !contains(32, "10.9.8.6") && !contains(0, "::1"));
    assert!(AddressMask::with_prefix(address, 33).is_none());
}
