//! What PostgreSQL's log tells: how many sessions of a role there were at once.

/// The most sessions of `role` at one moment, by the log's connection lines.
pub fn most_sessions(log: &str, role: &str) -> usize {
    let user = format!("user={role} ");
    let mut now: usize = 0;
    let mut most = 0;
    for line in log.lines().filter(|line| line.contains(&user)) {
        if line.contains("connection authorized:") {
            now += 1;
            most = most.max(now);
        } else if line.contains("disconnection:") {
            now = now.saturating_sub(1);
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::most_sessions;

    #[test]
    fn sessions_are_counted_as_they_come_and_go() {
        let log = "\
            LOG:  connection authorized: user=a database=d\n\
            LOG:  connection authorized: user=a database=d\n\
            LOG:  connection authorized: user=ab database=d\n\
            LOG:  disconnection: session time: 0:00:00.1 user=a database=d host=h\n\
            LOG:  connection authorized: user=a database=d\n";
        assert_eq!(most_sessions(log, "a"), 2);
        assert_eq!(most_sessions(log, "nobody"), 0);
    }
}
