//! Ports for what cannot take port 0: free just now, below the kernel's own range.

use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Error, Result};

/// Linux hands out 32768 and above by itself (`ip_local_port_range`).
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
static STEP: AtomicU32 = AtomicU32::new(0);

/// A port on which nobody listens and which this process has not given out before.
///
/// Another process may take it in between, so whoever uses it tries again with another one.
pub fn free() -> Result<u16> {
    let mut given = GIVEN
        .lock()
        .map_err(|_| Error::told("the list of ports is poisoned"))?;
    let given = given.get_or_insert_with(HashSet::new);
    for _ in 0..COUNT {
        // Processes begin far from each other, so that two runs seldom try the same port.
        let step = STEP.fetch_add(1, Ordering::Relaxed);
        let offset = process::id().wrapping_mul(257).wrapping_add(step) % COUNT;
        let Ok(port) = u16::try_from(FIRST + offset) else {
            continue;
        };
        if !given.contains(&port) && is_free(port) {
            given.insert(port);
            return Ok(port);
        }
    }
    Err(Error::told("no free TCP port between 20000 and 32000"))
}

/// Whether one could listen on this port of the loopback interface now.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ() {
        assert_ne!(free().unwrap(), free().unwrap());
    }
}
