//! Which HBA rule decides about a client.

use std::net::IpAddr;

use crate::config::hba::{AddressMatch, ConnectionType, HbaRule, NameMatch};

/// What a rule can look at.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// Came in by the unix socket.
    pub local: bool,
    pub tls: bool,
    /// `None` for unix sockets.
    pub address: Option<IpAddr>,
    pub database: &'a str,
    pub user: &'a str,
}

/// The first rule that fits; `None` = nobody lets this client in.
pub fn decide<'r>(rules: &'r [HbaRule], who: &Who<'_>) -> Option<&'r HbaRule> {
    rules.iter().find(|rule| fits(rule, who))
}

fn fits(rule: &HbaRule, who: &Who<'_>) -> bool {
    fits_connection(rule.connection, who)
        && fits_address(&rule.addresses, who)
        && rule
            .databases
            .iter()
            .any(|name| fits_name(name, who.database, who))
        && rule.users.iter().any(|name| fits_name(name, who.user, who))
}

fn fits_connection(connection: ConnectionType, who: &Who<'_>) -> bool {
    match connection {
        ConnectionType::Local => who.local,
        ConnectionType::Host => !who.local,
        ConnectionType::HostSsl => !who.local && who.tls,
        ConnectionType::HostNoSsl => !who.local && !who.tls,
    }
}

fn fits_address(addresses: &AddressMatch, who: &Who<'_>) -> bool {
    match (addresses, who.address) {
        (AddressMatch::Any, _) => true,
        (AddressMatch::Networks(_), None) => false,
        (AddressMatch::Networks(networks), Some(address)) => {
            // A listener on [::] reports IPv4 clients as ::ffff:a.b.c.d.
            let address = address.to_canonical();
            networks.iter().any(|network| network.contains(address))
        }
    }
}

fn fits_name(name: &NameMatch, given: &str, who: &Who<'_>) -> bool {
    match name {
        NameMatch::All => true,
        NameMatch::SameUser => who.database == who.user,
        NameMatch::Exact(name) => name == given,
        NameMatch::Pattern(pattern) => pattern.matches(given),
        NameMatch::Replication => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::hba::{HbaMethod, Source, parse};
    use crate::config::reader::Reader;

    fn rules(text: &str) -> Vec<HbaRule> {
        let none = |_: &str| None;
        let reader = Reader::new(&none);
        let rules = parse(&reader, &Source::File(Path::new("h")), "pg_hba", text);
        assert!(reader.finish().0.finish().0.is_empty());
        rules
    }

    fn tcp<'a>(address: &str, tls: bool, database: &'a str, user: &'a str) -> Who<'a> {
        Who {
            local: false,
            tls,
            address: Some(address.parse().unwrap()),
            database,
            user,
        }
    }

    #[test]
    fn the_first_fitting_rule_decides() {
        let rules = rules(concat!(
            "local all all trust\n",
            "host shop eve all reject\n",
            "hostssl all all 10.0.0.0/8 scram-sha-256\n",
            "hostnossl all /^app_ 10.0.0.0/8 md5\n",
            "host sameuser all 0.0.0.0 0.0.0.0 password\n",
            "host replication all all trust\n",
            "host \"all\" all ::1/128 md5\n",
        ));
        let local = Who {
            local: true,
            tls: false,
            address: None,
            database: "shop",
            user: "eve",
        };
        let cases = [
            (local, Some(1)),
            (tcp("10.1.1.1", true, "shop", "eve"), Some(2)),
            (tcp("10.1.1.1", true, "shop", "bob"), Some(3)),
            (tcp("::ffff:10.1.1.1", true, "shop", "bob"), Some(3)),
            (tcp("10.1.1.1", false, "shop", "bob"), None),
            (tcp("10.1.1.1", false, "shop", "app_1"), Some(4)),
            (tcp("192.0.2.1", false, "shop", "app_1"), None),
            (tcp("192.0.2.1", true, "bob", "bob"), Some(5)),
            (tcp("::1", true, "bob", "bob"), None),
            (tcp("192.0.2.1", true, "replication", "bob"), None),
            (tcp("::1", true, "all", "bob"), Some(7)),
        ];
        for (who, line) in cases {
            let rule = decide(&rules, &who);
            assert_eq!(rule.map(|rule| rule.line), line, "{who:?}");
        }
        assert_eq!(rules[1].method, HbaMethod::Reject);
    }

    #[test]
    fn only_a_rule_that_names_the_console_opens_it() {
        let rules = rules("host all all all trust\nhost pgbouncer all all trust\n");
        assert!(!rules[0].names_database("pgbouncer"));
        assert!(rules[1].names_database("pgbouncer"));
    }
}
