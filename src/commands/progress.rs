//! A status line: what an exchange is doing, if it takes longer than a second.

use std::fmt::Write;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::console::Console;

/// Shows the status line until it is dropped, which removes it.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn start(console: &Console, budget: Duration) -> Self {
        if !console.has_status_line() {
            return Self(ProgressBar::hidden());
        }
        let used = move |state: &ProgressState, line: &mut dyn Write| {
            let used = state.elapsed().as_secs();
            let _ = write!(line, "({used} s of {} s)", budget.as_secs_f64());
        };
        let style = ProgressStyle::with_template("{msg} {used}").expect("a valid template");
        let bar = ProgressBar::hidden().with_style(style.with_key("used", used));
        let started = bar.downgrade();
        let _ = thread::Builder::new().spawn(move || {
            thread::sleep(Duration::from_secs(1));
            if let Some(bar) = started.upgrade() {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(Duration::from_millis(100));
            }
        });
        Self(bar)
    }

    pub fn show(&self, text: &str) {
        // A longer text, such as the result of an attempt, would wrap.
        self.0.set_message(text.chars().take(60).collect::<String>());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
