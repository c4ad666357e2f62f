//! A status line: what an exchange is doing, if it takes longer than a second.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::api::Event;
use crate::console::Console;

/// A shorter exchange shows nothing.
const DELAY: Duration = Duration::from_secs(1);
const REDRAW: Duration = Duration::from_millis(100);

/// Shows the status line until it is dropped, which removes it.
pub struct Progress {
    stages: Option<Sender<Stage>>,
    thread: Option<JoinHandle<()>>,
}

enum Stage {
    Connecting { host: String },
    Attempt { number: u32, of: u32 },
    Wait { until: Instant },
}

impl Progress {
    /// Shows nothing if the console has no status line, or no thread can be created.
    pub fn start(console: &Console, budget: Duration) -> Self {
        if !console.has_status_line() {
            return Self { stages: None, thread: None };
        }
        let (stages, received) = mpsc::channel();
        let thread = thread::Builder::new().spawn(move || show(&received, budget)).ok();
        Self { stages: Some(stages), thread }
    }

    pub fn update(&self, event: &Event<'_>, host: &str) {
        let Some(stages) = &self.stages else { return };
        let stage = match *event {
            Event::AttemptBegins { number: 1, .. } => Stage::Connecting { host: host.to_owned() },
            Event::AttemptBegins { number, of } => Stage::Attempt { number, of },
            Event::AttemptEnds { .. } => return,
            Event::WaitBegins(wait) => Stage::Wait { until: Instant::now() + wait },
        };
        let _ = stages.send(stage);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stages = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn show(stages: &Receiver<Stage>, budget: Duration) {
    let start = Instant::now();
    let mut stage = None;
    let mut width = 0;
    loop {
        let next_draw = DELAY.saturating_sub(start.elapsed()).max(REDRAW);
        match stages.recv_timeout(next_draw) {
            Ok(next) => stage = Some(next),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if let Some(stage) = stage.as_ref().filter(|_| start.elapsed() >= DELAY) {
            let line = line(stage, Instant::now(), start.elapsed(), budget);
            // One column stays free: a line of the full width would wrap.
            let line: String = line.chars().take(columns().saturating_sub(1)).collect();
            let _ = write!(io::stderr(), "\r{line:width$}");
            width = line.chars().count();
        }
    }
    if width > 0 {
        let _ = write!(io::stderr(), "\r{:width$}\r", "");
    }
}

fn columns() -> usize {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or(80, |(columns, _)| usize::from(columns.0))
}

fn line(stage: &Stage, now: Instant, elapsed: Duration, budget: Duration) -> String {
    let stage = match stage {
        Stage::Connecting { host } => format!("connecting to {host}"),
        Stage::Attempt { number, of } => format!("attempt {number} of {of}"),
        Stage::Wait { until } => {
            let left = until.saturating_duration_since(now).as_secs_f64();
            format!("next attempt in {left:.1} s")
        }
    };
    format!("{stage} ({} s of {} s)", elapsed.as_secs(), budget.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_the_stage_and_the_time_used() {
        let now = Instant::now();
        let budget = Duration::from_secs(30);
        for (stage, expected) in [
            (Stage::Connecting { host: "h".to_owned() }, "connecting to h (3 s of 30 s)"),
            (Stage::Attempt { number: 2, of: 3 }, "attempt 2 of 3 (3 s of 30 s)"),
            (
                Stage::Wait { until: now + Duration::from_millis(1400) },
                "next attempt in 1.4 s (3 s of 30 s)",
            ),
        ] {
            assert_eq!(line(&stage, now, Duration::from_secs(3), budget), expected);
        }
    }
}
