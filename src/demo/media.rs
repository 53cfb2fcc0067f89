//! Video and audio bytes: short clips, repeated until the film is as long as it says it is.
//!
//! A clip is fragmented MP4 of a whole number of audio frames and pictures, so that it can follow
//! itself for ever; only the times in its fragments are written anew. Nothing of it lies in memory.

mod file;

#[cfg(test)]
pub(super) use file::parse_range;
pub(super) use file::{File, LAST_MODIFIED, set};

use std::sync::OnceLock;

use serde_json::{Value, json};
use uuid::Uuid;

use super::item::hex;

/// Seconds of one fragment.
pub(super) const FRAGMENT_SECONDS: i64 = 4;
const TICKS: i64 = 10_000_000;
/// Video times count 24,000ths of a second, audio 48,000ths.
const VIDEO_SCALE: u64 = 24_000;
const AUDIO_SCALE: u64 = 48_000;
const LOOP_SECONDS: u64 = 16;
/// Bytes of sound in a second.
const SOUND_RATE: i64 = 8_000;

/// What Jellyfin tells of an MP4 file on the item itself.
pub(super) const ITEM_CONTAINER: &str = "mov,mp4,m4a,3gp,3g2,mj2";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quality {
    pub label: &'static str,
    pub width: i32,
    pub height: i32,
    pub level: i32,
    file: &'static [u8],
}

pub(super) const QUALITIES: [Quality; 4] = [
    Quality {
        label: "480p",
        width: 854,
        height: 480,
        level: 30,
        file: include_bytes!("media/clip-480.mp4"),
    },
    Quality {
        label: "720p",
        width: 1280,
        height: 720,
        level: 31,
        file: include_bytes!("media/clip-720.mp4"),
    },
    Quality {
        label: "1080p",
        width: 1920,
        height: 1080,
        level: 40,
        file: include_bytes!("media/clip-1080.mp4"),
    },
    Quality {
        label: "4K",
        width: 3840,
        height: 2160,
        level: 51,
        file: include_bytes!("media/clip-2160.mp4"),
    },
];

static SOUND: &[u8] = include_bytes!("media/tone.mp3");

/// A clip taken apart.
pub(super) struct Clip {
    /// `ftyp` and `moov`.
    pub init: &'static [u8],
    fragments: Vec<Fragment>,
    loop_size: usize,
}

struct Fragment {
    bytes: &'static [u8],
    /// Where the loop's bytes have come to before it.
    offset: usize,
    /// Where the sequence number and the start times (of video, of audio) lie.
    sequence: usize,
    times: Vec<(usize, u64)>,
}

/// The clip of a quality.
pub(super) fn clip(quality: Quality) -> &'static Clip {
    static CLIPS: [OnceLock<Clip>; 4] = [const { OnceLock::new() }; 4];
    let at = QUALITIES
        .iter()
        .position(|known| known.height == quality.height)
        .unwrap_or(0);
    CLIPS[at].get_or_init(|| Clip::read(QUALITIES[at].file))
}

/// The boxes of a stretch of MP4: name, start, end.
fn boxes(bytes: &[u8]) -> Vec<(&[u8], usize, usize)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + 8) {
        let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if size < 8 || at + size > bytes.len() {
            break;
        }
        out.push((&bytes[at + 4..at + 8], at, at + size));
        at += size;
    }
    out
}

impl Clip {
    fn read(file: &'static [u8]) -> Self {
        let mut init = 0;
        let mut fragments: Vec<Fragment> = Vec::new();
        let mut moof = None;
        let mut offset = 0;
        for (name, start, end) in boxes(file) {
            match name {
                b"ftyp" | b"moov" => init = end,
                b"moof" => moof = Some(start),
                b"mdat" => {
                    let Some(start) = moof.take() else { continue };
                    let bytes = &file[start..end];
                    let (sequence, times) = times(bytes);
                    fragments.push(Fragment {
                        bytes,
                        offset,
                        sequence,
                        times,
                    });
                    offset += bytes.len();
                }
                _ => {}
            }
        }
        Self {
            init: &file[..init],
            fragments,
            loop_size: offset,
        }
    }

    /// How many fragments make a film of so many ticks.
    pub fn count(ticks: i64) -> usize {
        let fragment = FRAGMENT_SECONDS * TICKS;
        usize::try_from((ticks + fragment - 1) / fragment)
            .unwrap_or(0)
            .max(1)
    }

    /// Fragment `number` of the endless film.
    pub fn fragment(&self, number: usize) -> Vec<u8> {
        let fragment = &self.fragments[number % self.fragments.len()];
        let turn = (number / self.fragments.len()) as u64;
        let mut bytes = fragment.bytes.to_vec();
        let sequence = u32::try_from(number + 1).unwrap_or(u32::MAX);
        bytes[fragment.sequence..fragment.sequence + 4].copy_from_slice(&sequence.to_be_bytes());
        for (track, (at, time)) in fragment.times.iter().enumerate() {
            let scale = if track == 0 { VIDEO_SCALE } else { AUDIO_SCALE };
            let time = time + turn * LOOP_SECONDS * scale;
            bytes[*at..*at + 8].copy_from_slice(&time.to_be_bytes());
        }
        bytes
    }

    fn size_of(&self, number: usize) -> usize {
        self.fragments[number % self.fragments.len()].bytes.len()
    }

    /// Bytes of the first `count` fragments.
    fn size(&self, count: usize) -> usize {
        let turns = count / self.fragments.len();
        let rest = &self.fragments[count % self.fragments.len()];
        turns * self.loop_size + rest.offset
    }

    /// Which fragment holds byte `at` of the fragments, and where it starts.
    fn locate(&self, at: usize) -> (usize, usize) {
        let turn = at / self.loop_size;
        let within = at % self.loop_size;
        let index = self
            .fragments
            .partition_point(|fragment| fragment.offset <= within)
            - 1;
        let start = turn * self.loop_size + self.fragments[index].offset;
        (turn * self.fragments.len() + index, start)
    }

    /// `ftyp`, `moov` with the film's length, and an index by which players seek.
    fn head(&self, count: usize) -> Vec<u8> {
        let seconds = i64::try_from(count).unwrap_or(0) * FRAGMENT_SECONDS;
        let mut out = self.init.to_vec();
        let mut mehd = Vec::with_capacity(16);
        mehd.extend(16u32.to_be_bytes());
        mehd.extend(b"mehd\0\0\0\0");
        mehd.extend(
            u32::try_from(seconds * 1000)
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        let moov = boxes(&out)
            .into_iter()
            .find(|(name, _, _)| *name == b"moov");
        if let Some((_, moov, end)) = moov
            && let Some((_, mvex, _)) = boxes(&out[moov + 8..end])
                .into_iter()
                .find(|(name, _, _)| *name == b"mvex")
        {
            let mvex = moov + 8 + mvex;
            grow(&mut out, mvex, 16);
            grow(&mut out, moov, 16);
            out.splice(mvex + 8..mvex + 8, mehd);
        }
        let references = u16::try_from(count).unwrap_or(u16::MAX);
        out.extend((32 + 12 * u32::from(references)).to_be_bytes());
        out.extend(b"sidx\0\0\0\0");
        out.extend(1u32.to_be_bytes());
        out.extend((VIDEO_SCALE as u32).to_be_bytes());
        out.extend([0; 10]);
        out.extend(references.to_be_bytes());
        for number in 0..usize::from(references) {
            let size = u32::try_from(self.size_of(number)).unwrap_or(0);
            out.extend(size.to_be_bytes());
            out.extend((FRAGMENT_SECONDS as u32 * VIDEO_SCALE as u32).to_be_bytes());
            out.extend(0x9000_0000u32.to_be_bytes());
        }
        out
    }
}

/// Adds to the size of the box that starts at `at`.
fn grow(bytes: &mut [u8], at: usize, by: u32) {
    let size = u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) + by;
    bytes[at..at + 4].copy_from_slice(&size.to_be_bytes());
}

/// Where a fragment keeps its sequence number and its start times, and those times.
fn times(fragment: &[u8]) -> (usize, Vec<(usize, u64)>) {
    let mut sequence = 0;
    let mut times = Vec::new();
    let Some((_, _, end)) = boxes(fragment).into_iter().next() else {
        return (0, times);
    };
    for (name, start, end) in boxes(&fragment[8..end]) {
        let (start, end) = (start + 8, end + 8);
        match name {
            b"mfhd" => sequence = start + 12,
            b"traf" => {
                for (name, inner, _) in boxes(&fragment[start + 8..end]) {
                    if name == b"tfdt" {
                        let at = start + 8 + inner + 12;
                        let mut time = [0; 8];
                        time.copy_from_slice(&fragment[at..at + 8]);
                        times.push((at, u64::from_be_bytes(time)));
                    }
                }
            }
            _ => {}
        }
    }
    (sequence, times)
}

fn sound_size(ticks: i64) -> usize {
    usize::try_from(ticks * SOUND_RATE / TICKS).unwrap_or(0)
}

/// The `MediaSource` of a film file, true to the bytes that are served for it.
pub(super) fn source(id: Uuid, path: &str, quality: Quality, ticks: i64) -> Value {
    let clip = clip(quality);
    let count = Clip::count(ticks);
    // The head grows by a fixed amount and an entry a fragment.
    let head = clip.init.len() + 16 + 32 + 12 * count.min(usize::from(u16::MAX));
    let size = head + clip.size(count);
    let seconds = usize::try_from((ticks / TICKS).max(1)).unwrap_or(1);
    let bitrate = size * 8 / seconds;
    let sound = 64_000.min(bitrate / 2);
    let mut source: Value = serde_json::from_str(VIDEO_SOURCE).unwrap_or_default();
    name_file(&mut source, id, path, ".mp4", quality.label);
    source["Size"] = json!(size);
    source["RunTimeTicks"] = json!(ticks);
    source["Bitrate"] = json!(bitrate);
    let video = &mut source["MediaStreams"][0];
    video["DisplayTitle"] = json!(format!("{} H264 SDR", quality.label));
    video["BitRate"] = json!(bitrate - sound);
    video["Width"] = json!(quality.width);
    video["Height"] = json!(quality.height);
    video["Level"] = json!(quality.level);
    source["MediaStreams"][1]["BitRate"] = json!(sound);
    source
}

/// Sources of a film and of a track as 12.0 tells them; what is null differs by file.
const VIDEO_SOURCE: &str = include_str!("templates/video-source.json");
const AUDIO_SOURCE: &str = include_str!("templates/audio-source.json");

fn name_file(source: &mut Value, id: Uuid, path: &str, suffix: &str, salt: &str) {
    let name = path.rsplit('/').next().unwrap_or(path);
    source["Id"] = json!(hex(id));
    source["Path"] = json!(path);
    source["Name"] = json!(name.strip_suffix(suffix).unwrap_or(name));
    source["ETag"] = json!(hex(super::content::id(&["file", path, salt])));
}

/// The `MediaSource` of a track.
pub(super) fn sound_source(id: Uuid, path: &str, ticks: i64) -> Value {
    let mut source: Value = serde_json::from_str(AUDIO_SOURCE).unwrap_or_default();
    name_file(&mut source, id, path, ".mp3", "");
    source["Size"] = json!(sound_size(ticks));
    source["RunTimeTicks"] = json!(ticks);
    source["Bitrate"] = json!(SOUND_RATE * 8);
    source
}
