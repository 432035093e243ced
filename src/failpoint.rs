//! Failpoints: faults of our own making, for scenarios and for the tests of the tests.
//!
//! There are none without the feature `failpoints`, and a release build refuses that feature. With
//! it, [`arm`] tells points by name to `panic` or to `return`; only these, because the sleeps of the
//! crate `fail` would block the one thread. What fires says so in the log.

#[cfg(all(feature = "failpoints", not(debug_assertions)))]
compile_error!("failpoints are for debug builds only");

/// `failpoint!("name")` panics where it stands when told to. `failpoint!("name", code)` also runs
/// `code`, as if it were written there, when told to return.
macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        $crate::failpoint::fires($name);
    };
    ($name:literal, $code:expr) => {
        #[cfg(feature = "failpoints")]
        if $crate::failpoint::fires($name) {
            $code;
        }
    };
}
pub(crate) use failpoint;

#[cfg(feature = "failpoints")]
pub use armed::arm;
#[cfg(feature = "failpoints")]
pub(crate) use {armed::fires, faults::*};

#[cfg(feature = "failpoints")]
mod armed {
    /// Every point there is: a misspelt name would do nothing, silently.
    const NAMES: [&str; 11] = [
        "login_after_proof",
        "init_before_probe",
        "init_after_parameters",
        "lease_taken",
        "turn_mid",
        "permit_leaked",
        "task_leaked",
        "descriptor_leaked",
        "entry_leaked",
        "row_swallowed",
        "replies_swapped",
    ];

    /// Tells points what to do: `name=action;name=action`, where an action is `panic`, `return` or
    /// `off`, with a count before it (`1*panic`), or several of these in turn (`2*off->1*panic`).
    ///
    /// # Errors
    /// In words, with the part that makes no sense.
    pub fn arm(text: &str) -> Result<(), String> {
        for part in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            let Some((name, actions)) = part.split_once('=') else {
                return Err(format!("{part:?} is not name=action"));
            };
            if !NAMES.contains(&name) {
                let names = NAMES.join(", ");
                return Err(format!("{name:?} is no failpoint; there are {names}"));
            }
            if let Some(wrong) = actions.split("->").find(|action| !is_harmless(action)) {
                return Err(format!("{name}: {wrong:?} is not [N*]panic, return or off"));
            }
            fail::cfg(name, actions).map_err(|why| format!("{part:?}: {why}"))?;
        }
        Ok(())
    }

    /// It does not block the thread.
    fn is_harmless(action: &str) -> bool {
        let what = match action.split_once('*') {
            Some((count, what)) if count.parse::<usize>().is_ok() => what,
            Some(_) => return false,
            None => action,
        };
        matches!(what, "panic" | "return" | "off")
    }

    /// Whether the point was told to return. Panics if it was told to panic.
    pub(crate) fn fires(name: &str) -> bool {
        let fired = told(name);
        if fired {
            tracing::warn!("failpoint {name} return");
        }
        fired
    }

    fn told(name: &str) -> bool {
        fail::fail_point!(name, |_| true);
        false
    }

    #[cfg(test)]
    mod tests {
        use super::arm;

        #[test]
        fn what_makes_no_sense_is_refused_in_words() {
            let refused = [
                ("turn_mid", "\"turn_mid\" is not name=action"),
                ("turn_mdi=panic", "\"turn_mdi\" is no failpoint"),
                ("turn_mid=sleep(1)", "\"sleep(1)\" is not"),
                ("turn_mid=off->pause", "\"pause\" is not"),
                ("turn_mid=x*panic", "\"x*panic\" is not"),
                ("lease_taken=off; turn_mid=", "\"\" is not"),
            ];
            for (text, words) in refused {
                let why = arm(text).unwrap_err();
                assert!(why.contains(words), "{why}");
            }
        }

        #[test]
        fn the_usual_is_taken() {
            arm("").unwrap();
            arm("lease_taken=off; turn_mid=2*off->0*panic;").unwrap();
        }
    }
}

#[cfg(feature = "failpoints")]
mod faults {
    use std::sync::{Mutex, PoisonError};

    use tokio::sync::oneshot;

    use super::fires;
    use crate::net::buffer::Buffer;
    use crate::wire::backend::tags;
    use crate::wire::frame::{self, HEADER};

    /// Loses the row that begins at `at`, if one does and is all there.
    pub(crate) fn swallow_row(inbox: &mut Buffer, at: usize) {
        let bytes = &inbox.bytes()[at..];
        let Ok(Some(header)) = frame::header(bytes) else {
            return;
        };
        let length = HEADER + header.body;
        if header.tag == tags::DATA_ROW && bytes.len() >= length && fires("row_swallowed") {
            inbox.cut(at, at + length);
        }
    }

    /// The first of two clients waits here for the reply of the second.
    static WAITING: Mutex<Option<(Buffer, oneshot::Sender<Buffer>)>> = Mutex::new(None);

    /// Gives a client that asked by simple query the reply to another one that does so next.
    pub(crate) async fn swapped(reply: Buffer) -> Buffer {
        let has_rows = reply.bytes().first() == Some(&tags::ROW_DESCRIPTION);
        if !has_rows || !fires("replies_swapped") {
            return reply;
        }
        let first = waiting().take();
        if let Some((others, theirs)) = first {
            // When the other client has gone meanwhile nobody gets this one's reply.
            let _ = theirs.send(reply);
            return others;
        }
        let (sender, receiver) = oneshot::channel();
        *waiting() = Some((reply, sender));
        receiver.await.unwrap_or_default()
    }

    fn waiting() -> std::sync::MutexGuard<'static, Option<(Buffer, oneshot::Sender<Buffer>)>> {
        WAITING.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
