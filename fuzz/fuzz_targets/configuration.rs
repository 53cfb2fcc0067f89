#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| manyfin_fuzz::configuration::check(data));
