//! The log: one line per request, written by a thread of its own so that no reply waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender, SyncSender};
use std::time::Duration;
use std::{io, thread};

/// How many lines may wait to be written. If no one reads the output, the others are dropped.
const MAX_WAITING: usize = 1024;

/// A log that never blocks.
#[derive(Clone)]
pub struct Log {
    queue: SyncSender<Entry>,
    dropped: Arc<AtomicUsize>,
}

enum Entry {
    Line(String),
    /// The lines before it are written.
    Flush(Sender<()>),
}

impl Log {
    /// A log whose lines go to `write`, which may block. Fails if no thread can be created.
    pub fn start(write: fn(&str)) -> io::Result<Self> {
        let (queue, entries) = mpsc::sync_channel(MAX_WAITING);
        let log = Self { queue, dropped: Arc::default() };
        let dropped = Arc::clone(&log.dropped);
        thread::Builder::new().spawn(move || {
            for entry in entries {
                match dropped.swap(0, Ordering::Relaxed) {
                    0 => {}
                    dropped => write(&format!("{dropped} lines of the log were dropped")),
                }
                match entry {
                    Entry::Line(line) => write(&line),
                    Entry::Flush(done) => _ = done.send(()),
                }
            }
        })?;
        Ok(log)
    }

    pub fn line(&self, line: String) {
        if self.queue.try_send(Entry::Line(line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits up to a second until all lines are written.
    pub fn flush(&self) {
        let (done, written) = mpsc::channel();
        let queue = self.queue.clone();
        // If the queue is full, this waits.
        let _ = thread::Builder::new().spawn(move || queue.send(Entry::Flush(done)));
        let _ = written.recv_timeout(Duration::from_secs(1));
    }
}
