#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smartextract::fuzzing::retry_after(data));
