//! The buffers of a TLS connection: they hold the request body and the answer in plain text,
//! so they are wiped when dropped and whenever they grow.

use ureq::unversioned::transport::Buffers;
use zeroize::Zeroize;

/// Enough for a whole exchange, so that the buffers hardly ever grow.
const START: usize = 4 * 1024;

/// ureq refuses a longer response head than this by itself.
const MOST: usize = 128 * 1024;

/// Input and output of one connection.
pub struct WipedBuffers {
    output: Vec<u8>,
    input: Vec<u8>,
    /// `input[consumed..filled]` has come and was not yet used.
    consumed: usize,
    filled: usize,
    progress: bool,
}

impl WipedBuffers {
    pub fn new() -> Self {
        Self {
            output: vec![0; START],
            input: vec![0; START],
            consumed: 0,
            filled: 0,
            progress: false,
        }
    }

    /// Makes room behind what is filled: by moving it to the front, else by growing.
    fn make_room(&mut self) {
        self.input.copy_within(self.consumed..self.filled, 0);
        self.filled -= self.consumed;
        self.consumed = 0;
        if self.filled == self.input.len() && self.input.len() < MOST {
            let mut larger = vec![0; 2 * self.input.len()];
            larger[..self.filled].copy_from_slice(&self.input[..self.filled]);
            self.input.as_mut_slice().zeroize();
            self.input = larger;
        }
    }
}

/// As slices, which are wiped in bulk; `Zeroizing<Vec<u8>>` goes byte by byte.
impl Drop for WipedBuffers {
    fn drop(&mut self) {
        self.output.as_mut_slice().zeroize();
        self.input.as_mut_slice().zeroize();
    }
}

impl Buffers for WipedBuffers {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.make_room();
        &mut self.input[self.filled..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.consumed += amount;
        if self.consumed == self.filled {
            self.input[..self.filled].zeroize();
            (self.consumed, self.filled) = (0, 0);
        }
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.make_room();
        (&mut self.input[self.filled..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.consumed < self.filled && self.progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_comes_out_in_order_however_much_it_is() {
        let mut buffers = WipedBuffers::new();
        let (mut written, mut read) = (Vec::new(), Vec::new());
        for step in 0..60_u8 {
            let room = buffers.input_append_buf();
            assert!(!room.is_empty());
            let amount = room.len().min(1500);
            room[..amount].fill(step);
            written.extend_from_slice(&room[..amount]);
            buffers.input_appended(amount);
            let take = buffers.input().len() / 2;
            read.extend_from_slice(&buffers.input()[..take]);
            buffers.input_consume(take);
        }
        read.extend_from_slice(buffers.input());
        assert_eq!(written, read);
    }

    #[test]
    fn consumed_input_is_wiped() {
        let mut buffers = WipedBuffers::new();
        buffers.input_append_buf()[..6].copy_from_slice(b"hidden");
        buffers.input_appended(6);
        buffers.input_consume(6);
        assert!(buffers.input.iter().all(|byte| *byte == 0));
    }
}
