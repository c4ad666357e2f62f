//! A TCP connection as ureq's transport, with buffers that are wiped.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};
use ureq::{Error, Timeout};

use super::buffers::WipedBuffers;

/// A connection without TLS; the one under TLS, too.
pub struct TcpTransport {
    stream: TcpStream,
    buffers: WipedBuffers,
    /// The end of the budget. ureq gives each read of a proxy's answer all of it anew, so that
    /// one which comes in drops would never be too late.
    end: Instant,
}

impl TcpTransport {
    pub fn new(stream: TcpStream, end: Instant) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffers: WipedBuffers::new(), end })
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let deadline = Deadline::new(timeout, self.end);
        let mut output = &self.buffers.output()[..amount];
        while !output.is_empty() {
            self.stream.set_write_timeout(Some(deadline.left()?))?;
            match self.stream.write(output) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(written) => output = &output[written..],
                // Who hangs up may have said why, in an alert or an answer that waits to be
                // read. Where there is none, the read tells that the connection is lost.
                Err(error) if is_hung_up(&error) => return Ok(()),
                Err(error) => deadline.passed_in(error)?,
            }
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let deadline = Deadline::new(timeout, self.end);
        loop {
            self.stream.set_read_timeout(Some(deadline.left()?))?;
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(amount) => {
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
                Err(error) => deadline.passed_in(error)?,
            }
        }
    }

    fn is_open(&mut self) -> bool {
        // Asked before a connection is used once more, which is never done here.
        false
    }
}

fn is_hung_up(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::BrokenPipe | Kind::ConnectionReset | Kind::ConnectionAborted)
}

impl fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TcpTransport")
    }
}

/// When an operation has to have ended, and what to say if it has not.
struct Deadline {
    at: Instant,
    reason: Timeout,
}

impl Deadline {
    fn new(timeout: NextTimeout, end: Instant) -> Self {
        let at = Instant::now().checked_add(*timeout.after).map_or(end, |at| at.min(end));
        Self { at, reason: timeout.reason }
    }

    /// What is left: never zero, which a socket would take for no limit at all.
    fn left(&self) -> Result<Duration, Error> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Error::Timeout(self.reason)) } else { Ok(left) }
    }

    /// An error of the socket, unless it only means that the time is up or that a signal came:
    /// then the next look at the clock decides.
    fn passed_in(&self, error: io::Error) -> Result<(), Error> {
        match error.kind() {
            io::ErrorKind::Interrupted => Ok(()),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Err(Error::Timeout(self.reason)),
            _ => Err(error.into()),
        }
    }
}
