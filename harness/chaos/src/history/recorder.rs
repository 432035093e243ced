//! Takes events down as they happen, into memory and into `events.jsonl`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use harness::{Error, Result};

use super::event::{Event, Micros, What};

/// A handle; clones write into the same history.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Instant,
    /// Seconds since 1970 at the same moment: the proxy tells its times so.
    wall: f64,
    sessions: AtomicU64,
    ops: AtomicU64,
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    events: Vec<Event>,
    file: BufWriter<File>,
}

impl Recorder {
    /// Begins the clock and the file.
    pub fn begin(path: &Path) -> Result<Self> {
        let file = File::create(path).map_err(Error::io(path.display().to_string()))?;
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        Ok(Self(Arc::new(Inner {
            began: Instant::now(),
            wall: wall.map_or(0.0, |past| past.as_secs_f64()),
            sessions: AtomicU64::new(0),
            ops: AtomicU64::new(0),
            book: Mutex::new(Book {
                events: Vec::new(),
                file: BufWriter::new(file),
            }),
        })))
    }

    pub fn now(&self) -> Micros {
        u64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The moment that a clock on the wall calls so many seconds since 1970.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and lies within the run"
    )]
    pub fn moment(&self, wall: f64) -> Micros {
        ((wall - self.0.wall) * 1e6).max(0.0) as u64
    }

    /// Notes what happens now.
    pub fn note(&self, what: What) {
        self.note_at(None, what);
    }

    /// Notes what happened earlier; events are put in order at the end.
    pub fn note_past(&self, at: Micros, what: What) {
        self.note_at(Some(at), what);
    }

    fn note_at(&self, at: Option<Micros>, what: What) {
        let mut book = self.book();
        // The clock is read under the lock, so that the events of now stand in order.
        let at = at.unwrap_or_else(|| self.now());
        let event = Event { at, what };
        if let Ok(line) = serde_json::to_string(&event) {
            // A full disk must not stop the run: the judges read what is in memory.
            let _ = writeln!(book.file, "{line}");
        }
        book.events.push(event);
    }

    /// The number of a new session.
    pub fn next_session(&self) -> u64 {
        self.0.sessions.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The number of a new request.
    pub fn next_op(&self) -> u64 {
        self.0.ops.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// How many events there are by now.
    pub fn len(&self) -> usize {
        self.book().events.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Shows the events behind the first so many, and says how many there are then.
    pub fn read_from(&self, count: usize, mut reader: impl FnMut(&Event)) -> usize {
        let book = self.book();
        book.events.iter().skip(count).for_each(&mut reader);
        book.events.len()
    }

    /// Everything so far, in the order of time, taken out: a run of hours has millions of events, and
    /// nobody needs them twice. The file is written out.
    pub fn take_events(&self) -> Vec<Event> {
        let mut book = self.book();
        let _ = book.file.flush();
        let mut events = std::mem::take(&mut book.events);
        events.sort_by_key(|event| event.at);
        events
    }

    /// A copy of everything so far, in the order of time.
    pub fn events(&self) -> Vec<Event> {
        let mut events = self.book().events.clone();
        events.sort_by_key(|event| event.at);
        events
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
