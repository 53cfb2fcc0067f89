#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| manyfin_fuzz::merging::check(data));
