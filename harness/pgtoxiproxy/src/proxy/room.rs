//! How many connections there may be over all proxies, so that descriptors are left for the API.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for connections; a clone is the same room.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

impl Room {
    pub fn endless() -> Self {
        Self::of(Semaphore::MAX_PERMITS)
    }

    /// For so many connections.
    pub fn of(connections: usize) -> Self {
        let connections = connections.min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(connections)))
    }

    /// What a process that may have so many descriptors has for connections, which take two each: the
    /// listeners and the API keep an eighth of them, and of few the half.
    pub fn within(descriptors: u64) -> Self {
        let kept = (descriptors / 8).max(64).min(descriptors / 2);
        let connections = (descriptors - kept) / 2;
        Self::of(usize::try_from(connections).unwrap_or(usize::MAX))
    }

    /// A place, free again when it is dropped; `None` when all are taken.
    pub(super) fn take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Room;

    #[test]
    fn descriptors_are_left_for_the_api() {
        for (descriptors, connections) in [
            (0, 0),
            (64, 16),
            (1024, 448),
            (20_000, 8_750),
            (u64::MAX, tokio::sync::Semaphore::MAX_PERMITS),
        ] {
            let room = Room::within(descriptors);
            assert_eq!(room.0.available_permits(), connections, "{descriptors}");
        }
    }

    #[test]
    fn a_place_is_free_again_when_it_is_dropped() {
        let room = Room::of(1);
        let place = room.clone().take();
        assert!(place.is_some() && room.take().is_none());
        drop(place);
        assert!(room.take().is_some());
    }
}
