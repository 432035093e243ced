//! Times that the API can ask for and the clock can't hold.

use std::time::Duration;

use tokio::time::Instant;

/// No connection lives so long, and every clock can still add it.
const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// So long after a time.
pub(super) fn after(time: Instant, delay: Duration) -> Instant {
    time + delay.min(FOR_EVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_delay_is_too_long() {
        let now = Instant::now();
        assert_eq!(
            after(now, Duration::from_millis(3)),
            now + Duration::from_millis(3)
        );
        assert!(after(now, Duration::MAX) > now + Duration::from_secs(3600));
    }
}
