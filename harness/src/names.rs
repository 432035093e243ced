//! Names that no other scenario, run or process uses: `prefix_pid_count`.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// One counter for the process, so that scenarios side by side never meet.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A name that is also a plain SQL identifier (lower case, needs no quotes).
pub fn unique(prefix: &str) -> String {
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}_{}_{count}", process::id())
}

/// An SQL identifier in quotes.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// An SQL literal in quotes, `E''` when it holds a backslash.
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_comes_twice() {
        assert_ne!(unique("db"), unique("db"));
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(identifier(r#"a"b"#), r#""a""b""#);
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\'b"), r"E'a\\''b'");
    }
}
