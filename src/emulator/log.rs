//! The log: one line per request, written by a thread of its own so that no reply waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use std::{io, thread};

/// How many lines may wait to be written. If no one reads the output, the others are dropped.
const MAX_WAITING: usize = 1024;

/// A log that never blocks.
#[derive(Clone)]
pub struct Log {
    queue: Sender<String>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    waiting: AtomicUsize,
    dropped: AtomicUsize,
}

impl Log {
    /// A log whose lines go to `write`, which may block. Fails if no thread can be created.
    pub fn start(write: fn(&str)) -> io::Result<Self> {
        let (queue, lines) = channel();
        let counts = Arc::<Counts>::default();
        let log = Self { queue, counts: Arc::clone(&counts) };
        thread::Builder::new().spawn(move || counts.write_all(&lines, write))?;
        Ok(log)
    }

    pub fn line(&self, line: String) {
        let Counts { waiting, dropped } = &*self.counts;
        if waiting.fetch_add(1, Ordering::SeqCst) >= MAX_WAITING || self.queue.send(line).is_err() {
            waiting.fetch_sub(1, Ordering::SeqCst);
            dropped.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Waits up to a second until all lines are written.
    pub fn flush(&self) {
        let start = Instant::now();
        while self.counts.waiting.load(Ordering::SeqCst) > 0 && start.elapsed().as_secs() < 1 {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Counts {
    fn write_all(&self, lines: &Receiver<String>, write: fn(&str)) {
        for line in lines {
            write(&line);
            match self.dropped.swap(0, Ordering::SeqCst) {
                0 => {}
                dropped => write(&format!("{dropped} lines of the log were dropped")),
            }
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
