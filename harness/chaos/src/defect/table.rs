//! The list of defects. It grows: a new judge adds what it has to notice.

use super::{Defect, How};
use crate::plan::Side;

/// Enough for most.
const SECONDS: u64 = 3;

/// All of them, by the judge that has to notice.
pub const DEFECTS: &[Defect] = &[
    Defect {
        name: "replies_swapped",
        does: "Two clients get each other's replies.",
        noticed_by: "replies",
        words: "got the reply to",
        faults: &[],
        seconds: SECONDS,
        how: How::Failpoint("replies_swapped", "6*return"),
    },
    Defect {
        name: "row_swallowed",
        does: "Rows of an answer are missing.",
        noticed_by: "replies",
        words: "row",
        faults: &[],
        seconds: SECONDS,
        how: How::Failpoint("row_swallowed", "5*return"),
    },
    Defect {
        name: "wrong_user",
        does: "All servers are opened as one role, whoever logs in.",
        noticed_by: "identity",
        words: "user_000",
        faults: &[],
        seconds: SECONDS,
        how: How::Settings {
            general: &[],
            auth_query: &[
                ("server_user", "user_001"),
                ("server_password", "user_001_secret_1"),
            ],
        },
    },
    Defect {
        name: "foreign_rows",
        does: "Users see rows that belong to others.",
        noticed_by: "rows",
        words: "letter",
        faults: &[],
        seconds: SECONDS,
        how: How::Statement("ALTER TABLE mail DISABLE ROW LEVEL SECURITY"),
    },
    Defect {
        name: "state_leaked",
        does: "A server goes to the next client with the last one's settings.",
        noticed_by: "state",
        words: "mark",
        faults: &[],
        seconds: SECONDS,
        how: How::Settings {
            general: &[("cleanup", "never")],
            auth_query: &[],
        },
    },
    Defect {
        name: "commit_lost",
        does: "Transactions are rolled back, and their clients are told that they are committed.",
        noticed_by: "writes",
        words: "acknowledged",
        faults: &[],
        seconds: SECONDS,
        how: How::Toxics(&[
            (
                "pg_replace",
                r#"{"at": "Query", "sql": "^COMMIT", "text": "ROLLBACK\u0000"}"#,
            ),
            (
                "pg_replace",
                r#"{"at": "CommandComplete", "sql": "^COMMIT", "text": "COMMIT\u0000"}"#,
            ),
        ]),
    },
    Defect {
        name: "half_a_transfer",
        does: "Money is taken from one account and does not reach the other.",
        noticed_by: "money",
        words: "sum",
        faults: &[],
        seconds: SECONDS,
        how: How::Toxics(&[(
            "pg_replace",
            r#"{"at": "Query", "sql": "^UPDATE accounts SET balance = balance \\+", "text": "UPDATE accounts SET balance = balance WHERE id = 0\u0000", "times": 5}"#,
        )]),
    },
    Defect {
        name: "append_lost",
        does: "Values that were appended and acknowledged are not in their list.",
        noticed_by: "lists",
        words: "append",
        faults: &[],
        seconds: SECONDS,
        how: How::Toxics(&[(
            "pg_replace",
            r#"{"at": "Query", "sql": "^INSERT INTO lists", "text": "UPDATE lists SET items = items WHERE false\u0000", "times": 5}"#,
        )]),
    },
    Defect {
        name: "stale_reads",
        does: "Reads of lists miss what was committed long before.",
        noticed_by: "lists",
        words: "read",
        faults: &[],
        seconds: SECONDS,
        how: How::Toxics(&[(
            "pg_replace",
            r#"{"at": "Query", "sql": "^SELECT items FROM lists", "text": "SELECT '{}'::bigint[] AS items\u0000", "times": 5}"#,
        )]),
    },
    Defect {
        name: "new_password_refused",
        does: "A new password does not work, and the old one goes on working.",
        noticed_by: "logins",
        words: "password was right",
        faults: &[(100, 100, "password: new for user 1")],
        seconds: 6,
        how: How::Statements(
            "DO $$ BEGIN EXECUTE format('ALTER ROLE user_001 PASSWORD %L',
                 'md5' || md5('user_001_secret_1' || 'user_001')); END $$",
        ),
    },
    Defect {
        name: "silent_login",
        does: "A login is neither let in nor refused for longer than its time.",
        noticed_by: "logins",
        words: "decided",
        faults: &[],
        seconds: SECONDS,
        how: How::ToxicsThatStay(
            Side::Clients,
            &[(
                "pg_blackhole",
                r#"{"at": "AuthenticationOk", "user": "user_000"}"#,
            )],
        ),
    },
    Defect {
        name: "strange_error",
        does: "A client is told of a prepared statement that does not exist.",
        noticed_by: "answers",
        words: "26000",
        faults: &[],
        seconds: SECONDS,
        how: How::Toxics(&[(
            "pg_error",
            r#"{"at": "Query", "sqlstate": "26000", "message": "prepared statement does not exist", "times": 3}"#,
        )]),
    },
    Defect {
        name: "cancels_anybody",
        does: "A cancel request hits whoever is running a query.",
        noticed_by: "cancels",
        words: "57014",
        faults: &[],
        seconds: SECONDS,
        how: How::Statements(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'user%' \
             AND state <> 'idle' AND query NOT LIKE '%pg_sleep%'",
        ),
    },
    Defect {
        name: "pool_too_large",
        does: "A pool opens more servers than its size.",
        noticed_by: "limits",
        words: "servers of",
        faults: &[(100, 2_800, "servers: latency 200 ms")],
        seconds: SECONDS,
        how: How::Settings {
            general: &[],
            auth_query: &[("pool_size", "12")],
        },
    },
    Defect {
        name: "secret_logged",
        does: "A password stands in the log.",
        noticed_by: "secrets",
        words: "password",
        faults: &[],
        seconds: SECONDS,
        how: How::LogLine("2026 DEBUG user logs in with :secret"),
    },
    Defect {
        name: "panics",
        does: "A task of the pooler panics.",
        noticed_by: "secrets",
        words: "panic",
        faults: &[],
        seconds: SECONDS,
        how: How::Failpoint("turn_mid", "3*off->1*panic"),
    },
    Defect {
        name: "does_not_recover",
        does: "A user can't log in any more when all faults are over.",
        noticed_by: "liveness",
        words: "user_001",
        faults: &[(100, 200, "PostgreSQL: terminate all")],
        seconds: SECONDS,
        how: How::ToxicsThatStay(
            Side::Servers,
            &[(
                "pg_error",
                r#"{"at": "StartupMessage", "user": "user_001", "severity": "FATAL", "sqlstate": "53300", "message": "too many"}"#,
            )],
        ),
    },
    Defect {
        name: "permit_leaked",
        does: "Places in a pool never come back.",
        noticed_by: "answers",
        words: "53300",
        faults: &[],
        seconds: SECONDS,
        how: How::Failpoint("permit_leaked", "return"),
    },
    Defect {
        name: "entry_leaked",
        does: "A pool that nobody needs is never collected.",
        noticed_by: "audit",
        words: "pools",
        faults: &[],
        seconds: SECONDS,
        how: How::Failpoint("entry_leaked", "return"),
    },
    Defect {
        name: "descriptor_leaked",
        does: "A socket is never closed.",
        noticed_by: "audit",
        words: "descriptors",
        faults: &[],
        seconds: SECONDS,
        how: How::Failpoint("descriptor_leaked", "1*return"),
    },
    Defect {
        name: "task_leaked",
        does: "A task never ends.",
        noticed_by: "audit",
        words: "tasks",
        faults: &[],
        seconds: SECONDS,
        how: How::Failpoint("task_leaked", "1*return"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;
    use crate::plan::Fault;

    #[test]
    fn each_names_a_judge_and_what_it_needs() {
        let judges: Vec<&str> = judge::all().iter().map(|judge| judge.name()).collect();
        for defect in DEFECTS {
            assert!(judges.contains(&defect.noticed_by), "{}", defect.name);
            for (_, _, words) in defect.faults {
                words.parse::<Fault>().expect(words);
            }
            if let How::Toxics(toxics) | How::ToxicsThatStay(_, toxics) = defect.how {
                for (_, attributes) in toxics {
                    serde_json::from_str::<serde_json::Value>(attributes).expect(defect.name);
                }
            }
        }
    }

    /// `faults` asks whether the schedule was acted out, which no pooler can do wrong.
    #[test]
    fn each_judge_has_a_defect_to_notice() {
        for judge in judge::all() {
            let noticed = DEFECTS
                .iter()
                .any(|defect| defect.noticed_by == judge.name());
            assert!(noticed || judge.name() == "faults", "{}", judge.name());
        }
    }
}
