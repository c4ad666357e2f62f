//! The log: one line per request, written by a thread of its own so that no reply waits for it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Lines that wait to be written. If more come, because no one reads the output, they are dropped.
const QUEUE: usize = 1024;

/// How long the end of the program waits for the last lines.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// Called for each line, in the log's thread. It may block.
pub type Write = fn(&str);

enum Entry {
    Line(String),
    /// Asks for a signal once everything before it is written.
    Flush(SyncSender<()>),
}

/// A log that never blocks.
#[derive(Clone)]
pub struct Log {
    entries: SyncSender<Entry>,
    dropped: Arc<AtomicUsize>,
}

impl Log {
    /// Fails if no thread can be created.
    pub fn start(write: Write) -> io::Result<Self> {
        let (entries, queue) = sync_channel(QUEUE);
        let dropped = Arc::default();
        let log = Self { entries, dropped: Arc::clone(&dropped) };
        thread::Builder::new().spawn(move || write_all(&queue, &dropped, write))?;
        Ok(log)
    }

    pub fn line(&self, line: String) {
        if self.entries.try_send(Entry::Line(line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all lines are written, or a second has passed.
    pub fn flush(&self) {
        let (done, finished) = sync_channel(1);
        if self.entries.try_send(Entry::Flush(done)).is_ok() {
            let _ = finished.recv_timeout(FLUSH_TIME);
        }
    }
}

fn write_all(queue: &Receiver<Entry>, dropped: &AtomicUsize, write: Write) {
    for entry in queue {
        match entry {
            Entry::Line(line) => write(&line),
            Entry::Flush(done) => drop(done.send(())),
        }
        match dropped.swap(0, Ordering::Relaxed) {
            0 => {}
            lines => write(&format!("{lines} lines of the log were dropped")),
        }
    }
}
