//! Waiting without sleeping blindly: a check is asked again and again until a deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::surprise::Step;

/// How often a check is asked.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until the check is content or `seconds` are over; then its last complaint is the answer.
pub async fn within(seconds: u64, mut check: impl AsyncFnMut() -> Step) -> Step {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        match check().await {
            Err(_) if Instant::now() < deadline => sleep(PAUSE).await,
            result => return result,
        }
    }
}
