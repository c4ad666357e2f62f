//! A TCP connection as ureq's transport, with buffers that are wiped.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::buffers::WipedBuffers;

/// A connection without TLS; the one under TLS, too.
pub struct TcpTransport {
    stream: TcpStream,
    buffers: WipedBuffers,
}

impl TcpTransport {
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffers: WipedBuffers::new() })
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let deadline = Deadline::new(timeout);
        let mut output = &self.buffers.output()[..amount];
        while !output.is_empty() {
            self.stream.set_write_timeout(Some(deadline.left()?))?;
            match self.stream.write(output) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(written) => output = &output[written..],
                Err(error) => deadline.passed_in(error)?,
            }
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let deadline = Deadline::new(timeout);
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

impl fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TcpTransport")
    }
}

/// When an operation has to have ended, and what to say if it has not.
struct Deadline {
    start: Instant,
    timeout: NextTimeout,
}

impl Deadline {
    fn new(timeout: NextTimeout) -> Self {
        Self { start: Instant::now(), timeout }
    }

    /// What is left: never zero, which a socket would take for no limit at all.
    fn left(&self) -> Result<Duration, Error> {
        let left = self.timeout.after.saturating_sub(self.start.elapsed());
        if left.is_zero() { Err(Error::Timeout(self.timeout.reason)) } else { Ok(left) }
    }

    /// An error of the socket, unless it only means that the time is up or that a signal came:
    /// then the next look at the clock decides.
    fn passed_in(&self, error: io::Error) -> Result<(), Error> {
        match error.kind() {
            io::ErrorKind::Interrupted => Ok(()),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                Err(Error::Timeout(self.timeout.reason))
            }
            _ => Err(error.into()),
        }
    }
}
