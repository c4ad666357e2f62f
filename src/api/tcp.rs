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
    /// When the attempt has to have ended. ureq grants each read of a proxy's answer the whole
    /// time to connect anew, so its timeouts alone would let a slow one go on for ever.
    deadline: Instant,
}

impl TcpTransport {
    pub fn new(stream: TcpStream, deadline: Instant) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffers: WipedBuffers::new(), deadline })
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let deadline = Deadline::new(timeout, self.deadline);
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
        let deadline = Deadline::new(timeout, self.deadline);
        loop {
            self.stream.set_read_timeout(Some(deadline.left()?))?;
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(amount) => {
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
                Err(error) => deadline.passed_in(cut_off(error))?,
            }
        }
    }

    fn is_open(&mut self) -> bool {
        // Asked before a connection is used once more, which is never done here.
        false
    }
}

/// A connection that broke off, told so that ureq does not take it for the end of a body that
/// has no other: neither a reset is one, nor an end without TLS's farewell, which may be anyone's
/// doing (RFC 9112, section 9.8).
pub fn cut_off(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted => io::Error::new(io::ErrorKind::BrokenPipe, error),
        _ => error,
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
    /// The end of what ureq grants, or of the attempt, whichever is first.
    fn new(timeout: NextTimeout, latest: Instant) -> Self {
        let granted = Instant::now().checked_add(*timeout.after);
        Self { at: granted.map_or(latest, |at| at.min(latest)), reason: timeout.reason }
    }

    /// What is left: never zero, which a socket would take for no limit at all.
    fn left(&self) -> Result<Duration, Error> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Error::Timeout(self.reason)) } else { Ok(left) }
    }

    /// An error of the socket, unless it only means that a signal came: then the next look at
    /// the clock decides.
    fn passed_in(&self, error: io::Error) -> Result<(), Error> {
        match error.kind() {
            io::ErrorKind::Interrupted => Ok(()),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Err(Error::Timeout(self.reason)),
            _ => Err(error.into()),
        }
    }
}
