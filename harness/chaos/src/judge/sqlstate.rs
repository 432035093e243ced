//! Which SQLSTATEs may come of faults. Any other tells of a pooler that has lost its thread.

/// Whether a client that gets this may try again: the connection is lost, the server is full or
/// starts or leaves, or two transactions were in each other's way.
pub(super) fn is_retryable(sqlstate: &str, pooler: &str) -> bool {
    match sqlstate {
        // PgBouncer has this one code for nearly every failure of its own.
        "08P01" => pooler == "pgbouncer",
        "57P01" | "57P02" | "57P03" | "53300" | "40001" | "40P01" | "55P03" | "25P03" => true,
        other => other.starts_with("08"),
    }
}

/// Whether it tells of another transaction, and of no fault.
pub(super) fn is_collision(sqlstate: &str) -> bool {
    matches!(sqlstate, "40001" | "40P01")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_may_be_told() {
        for (sqlstate, expected) in [
            ("08006", true),
            ("57P01", true),
            ("53300", true),
            ("08P01", false),
            ("26000", false),
            ("42P05", false),
            ("25P02", false),
            ("3D000", false),
            ("XX000", false),
            ("57014", false),
        ] {
            assert_eq!(
                is_retryable(sqlstate, "pgturnstile"),
                expected,
                "{sqlstate}"
            );
        }
        assert!(is_retryable("08P01", "pgbouncer"));
    }
}
