//! What each fault can explain. Whatever is not explained here is the pooler's own doing.

use crate::plan::{Action, Fault, PoolerFault, ServerFault, Side, Trouble};

/// Whether it can take a client's connection away without a word, or the pooler with it.
pub(super) fn is_wordless(fault: &Fault) -> bool {
    cuts(fault, Side::Clients) || ends_pooler(fault)
}

/// Whether it closes connections of this side. Slow and split ones stay open.
fn cuts(fault: &Fault, wanted: Side) -> bool {
    match fault {
        Fault::Network { side, trouble } => {
            let cuts = matches!(trouble, Trouble::Reset | Trouble::Blackhole | Trouble::Down);
            *side == wanted && cuts
        }
        Fault::AtPoint { side, action, .. } => {
            let leaves_open = matches!(
                action,
                Action::Delay(_) | Action::Hold | Action::Split(_) | Action::Duplicate
            );
            *side == wanted && !leaves_open
        }
        _ => false,
    }
}

/// Whether no pooler is there while it lasts.
pub(super) fn ends_pooler(fault: &Fault) -> bool {
    matches!(fault, Fault::Pooler(PoolerFault::Kill | PoolerFault::Drain))
}

/// Whether a login may take longer by the time that it lasts: neither the pooler nor a look-up can
/// do anything about it.
pub(super) fn stretches_logins(fault: &Fault) -> bool {
    match fault {
        Fault::Network { side, .. } | Fault::AtPoint { side, .. } => *side == Side::Clients,
        Fault::Server(fault) => *fault == ServerFault::Freeze,
        fault => ends_pooler(fault),
    }
}

/// Whether PostgreSQL may have more sessions for it than the pooler has servers: those that the
/// pooler has given up and PostgreSQL has not noticed, or those of another `pool_size`.
pub(super) fn keeps_sessions(fault: &Fault) -> bool {
    match fault {
        Fault::AtPoint { side, action, .. } => {
            *side == Side::Servers && (cuts(fault, Side::Servers) || *action == Action::Hold)
        }
        Fault::Network { .. } => cuts(fault, Side::Servers),
        Fault::Server(fault) => *fault == ServerFault::Freeze,
        Fault::Pooler(fault) => matches!(
            fault,
            PoolerFault::Kill | PoolerFault::Drain | PoolerFault::ReloadChanged
        ),
        Fault::LookUps(_) | Fault::Password { .. } => false,
    }
}

/// Whether running sessions may notice it at all. Look-ups are for logins, a reload
/// waits for the end of a turn, PAUSE lets requests wait, and settings that PostgreSQL reports are
/// absorbed.
pub(super) fn disturbs_sessions(fault: &Fault) -> bool {
    match fault {
        Fault::LookUps(_) => false,
        Fault::Server(fault) => *fault != ServerFault::Reload,
        Fault::Pooler(fault) => !matches!(
            fault,
            PoolerFault::Reload | PoolerFault::ReloadBroken | PoolerFault::Pause
        ),
        Fault::Network { .. } | Fault::AtPoint { .. } | Fault::Password { .. } => true,
    }
}

/// Whether a client's bytes may have been cut in the middle of a message.
pub(super) fn truncates_clients(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::AtPoint {
            side: Side::Clients,
            action: Action::Truncate(_),
            ..
        }
    )
}

/// Whether PostgreSQL starts anew, and process numbers with it.
pub(super) fn restarts_server(fault: &Fault) -> bool {
    matches!(fault, Fault::Server(ServerFault::Restart(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_explains_what_it_can() {
        type Question = fn(&Fault) -> bool;
        let questions: [(Question, &str); 6] = [
            (is_wordless, "wordless"),
            (stretches_logins, "stretches"),
            (keeps_sessions, "keeps"),
            (disturbs_sessions, "disturbs"),
            (truncates_clients, "truncates"),
            (restarts_server, "restarts"),
        ];
        for (words, expected) in [
            ("clients: reset", "wordless stretches disturbs"),
            ("clients: latency 20 ms", "stretches disturbs"),
            ("clients: hold before Query", "stretches disturbs"),
            (
                "clients: truncate 3 bytes before Bind",
                "wordless stretches disturbs truncates",
            ),
            ("servers: blackhole", "keeps disturbs"),
            ("servers: latency 20 ms", "disturbs"),
            ("servers: hold before Query", "keeps disturbs"),
            ("servers: split 2 bytes before Query", "disturbs"),
            ("PostgreSQL: restart kill", "disturbs restarts"),
            ("PostgreSQL: freeze", "stretches keeps disturbs"),
            ("PostgreSQL: reload", ""),
            ("look-ups: down", ""),
            ("password: new for user 1", "disturbs"),
            ("pooler: kill", "wordless stretches keeps disturbs"),
            ("pooler: drain", "wordless stretches keeps disturbs"),
            ("pooler: reload changed", "keeps disturbs"),
            ("pooler: reload broken", ""),
            ("pooler: pause", ""),
        ] {
            let fault = words.parse::<Fault>().expect(words);
            let explains = questions.iter().filter(|(explains, _)| explains(&fault));
            let names: Vec<&str> = explains.map(|(_, name)| *name).collect();
            assert_eq!(names.join(" "), expected, "{words}");
        }
    }
}
