//! How good a version is, as one explained number, and how it is called.

use super::language;
use std::borrow::Borrow;

use crate::wire::{LightSource, LightStream};

/// What sound in a language that one understands is worth: more than the best picture is above a
/// 1080p one.
const LANGUAGE: i32 = 3000;

/// A score and what it is made of. Higher is better; only the order means something. Resolution
/// weighs most: no bitrate makes a 720p file better than a 1080p one. Where a language is wished for, a
/// version that has it goes before all but much better ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quality {
    pub score: i32,
    pub parts: Vec<QualityPart>,
}

/// One reason: `resolution`, `1080p`, 2600 points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityPart {
    pub name: &'static str,
    pub value: String,
    pub points: i32,
}

impl Quality {
    fn add(&mut self, name: &'static str, value: impl Into<String>, points: i32) {
        self.score += points;
        self.parts.push(QualityPart {
            name,
            value: value.into(),
            points,
        });
    }
}

/// Rates a version by resolution, dynamic range, codec and bitrate, and by the channels, codec and language
/// of its sound. `wished`: the code of the language that is listened to by preference.
pub fn quality(source: &LightSource, wished: Option<&str>) -> Quality {
    let mut quality = Quality::default();
    let video = stream(source, "Video");
    if let Some(video) = video {
        let (name, points) = resolution(video);
        quality.add("resolution", name, points);
        if let Some((name, points)) = dynamic_range(video) {
            quality.add("range", name, points);
        }
    }
    if let Some(bitrate) = bitrate(source, video) {
        // The same bitrate shows more in a newer codec, so it is weighed by the codec.
        let efficiency = video.map_or(1.0, |v| efficiency(v.codec.as_deref().unwrap_or("")));
        let megabits = bitrate as f64 / 1e6;
        let points = (100.0 * (1.0 + megabits * efficiency).log2()).min(600.0) as i32;
        let codec = video
            .and_then(|v| v.codec.as_deref())
            .map(codec_name)
            .unwrap_or_default();
        quality.add(
            "bitrate",
            format!("{megabits:.1} Mbit/s {codec}")
                .trim_end()
                .to_owned(),
            points,
        );
    }
    let understood = wished.and_then(|wished| best_audio(source, Some(wished)));
    // What is understood is what will be listened to.
    if let Some(audio) = understood.or_else(|| best_audio(source, None)) {
        let channels = audio.channels.unwrap_or(2).clamp(0, 16);
        let lossless = is_lossless(audio.codec.as_deref().unwrap_or(""));
        let points = channels * 25 + if lossless { 100 } else { 0 };
        let codec = audio.codec.as_deref().map(codec_name).unwrap_or_default();
        quality.add(
            "audio",
            format!("{} {codec}", channels_name(channels))
                .trim_end()
                .to_owned(),
            points,
        );
    }
    if let Some(language) = understood.and_then(|audio| audio.language.as_deref()) {
        quality.add("language", language, LANGUAGE);
    }
    quality
}

/// The score of the best of a copy's versions; 0 where there is none.
pub fn best(
    versions: impl IntoIterator<Item = impl Borrow<LightSource>>,
    wished: Option<&str>,
) -> i32 {
    let versions = versions.into_iter();
    let scores = versions.map(|version| quality(version.borrow(), wished).score);
    scores.max().unwrap_or(0)
}

/// What people choose a version by: `1080p HEVC HDR10 · 4.1 GB`; of audio `FLAC 2.0 · 31 MB`.
pub fn label(source: &LightSource) -> String {
    let mut words: Vec<String> = Vec::new();
    if let Some(video) = stream(source, "Video") {
        let (name, _) = resolution(video);
        words.push(name);
        words.extend(video.codec.as_deref().map(codec_name));
        words.extend(dynamic_range(video).map(|(name, _)| name.to_owned()));
    } else if let Some(audio) = best_audio(source, None) {
        words.extend(audio.codec.as_deref().map(codec_name));
        words.extend(audio.channels.map(channels_name));
    } else {
        words.extend(source.container.as_deref().map(codec_name));
    }
    words.retain(|word| !word.is_empty());
    let what = words.join(" ");
    match source.size.filter(|size| *size > 0) {
        Some(size) if what.is_empty() => size_text(size),
        Some(size) => format!("{what} · {}", size_text(size)),
        None => what,
    }
}

/// Bytes as people write them, by thousands: `4.1 GB`, `830 MB`.
pub fn size_text(bytes: i64) -> String {
    let mut value = bytes.max(0) as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 999.5 {
            let digits = usize::from(unit == "GB" && value < 99.95);
            return format!("{value:.digits$} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

fn stream<'a>(source: &'a LightSource, kind: &str) -> Option<&'a LightStream> {
    source
        .media_streams
        .iter()
        .find(|s| s.kind.eq_ignore_ascii_case(kind))
}

/// The best sound, of all or in one language.
fn best_audio<'a>(source: &'a LightSource, wished: Option<&str>) -> Option<&'a LightStream> {
    let fits = |s: &LightStream| match (wished, s.language.as_deref()) {
        (Some(wished), Some(language)) => language::same(wished, language),
        (wished, _) => wished.is_none(),
    };
    let audio = source
        .media_streams
        .iter()
        .filter(|s| s.kind.eq_ignore_ascii_case("Audio") && fits(s));
    audio.max_by_key(|s| {
        (
            s.channels.unwrap_or(0),
            is_lossless(s.codec.as_deref().unwrap_or("")),
            s.bit_rate,
        )
    })
}

fn bitrate(source: &LightSource, video: Option<&LightStream>) -> Option<i64> {
    let of_stream = video.and_then(|v| v.bit_rate);
    let of_size = || {
        let seconds = source.run_time_ticks.filter(|t| *t > 0)? as f64 / 1e7;
        Some((source.size? as f64 * 8.0 / seconds) as i64)
    };
    of_stream
        .or(source.bitrate)
        .or_else(of_size)
        .filter(|b| *b > 0)
}

/// By width or height, whichever says more: wide films have fewer lines than their class.
fn resolution(video: &LightStream) -> (String, i32) {
    const CLASSES: &[(i32, i32, &str, i32)] = &[
        (7000, 4000, "4320p", 5200),
        (3200, 1800, "2160p", 4000),
        (2400, 1300, "1440p", 3200),
        (1800, 1000, "1080p", 2600),
        (1200, 700, "720p", 1600),
        (4000, 560, "576p", 900),
        (620, 440, "480p", 800),
    ];
    let (width, height) = (video.width.unwrap_or(0), video.height.unwrap_or(0));
    let class = CLASSES
        .iter()
        .find(|(w, h, _, _)| width >= *w || height >= *h);
    match class {
        Some((_, _, name, points)) => ((*name).to_owned(), *points),
        None if height > 0 => (format!("{height}p"), 400),
        None => (String::new(), 0),
    }
}

fn dynamic_range(video: &LightStream) -> Option<(&'static str, i32)> {
    let kind = video.video_range_type.as_deref()?.to_ascii_lowercase();
    Some(match kind.as_str() {
        k if k.starts_with("doviwithhdr10") || k.starts_with("doviwithelhdr10") => {
            ("Dolby Vision HDR10", 500)
        }
        k if k.starts_with("doviinvalid") => return None,
        k if k.starts_with("dovi") => ("Dolby Vision", 420),
        "hdr10plus" => ("HDR10+", 450),
        "hdr10" => ("HDR10", 400),
        "hlg" => ("HLG", 300),
        _ => return None,
    })
}

fn efficiency(codec: &str) -> f64 {
    match codec.to_ascii_lowercase().as_str() {
        "av1" => 2.0,
        "hevc" | "h265" | "vvc" => 1.7,
        "vp9" => 1.5,
        "h264" | "avc" => 1.0,
        "vc1" | "vp8" => 0.8,
        "mpeg4" | "msmpeg4v3" | "wmv3" => 0.6,
        "mpeg2video" | "mpeg1video" => 0.45,
        _ => 0.9,
    }
}

fn codec_name(codec: &str) -> String {
    match codec.to_ascii_lowercase().as_str() {
        "avc" => "H264".to_owned(),
        "h265" => "HEVC".to_owned(),
        "mpeg2video" => "MPEG-2".to_owned(),
        "mpeg4" => "MPEG-4".to_owned(),
        "eac3" => "E-AC-3".to_owned(),
        "ac3" => "AC-3".to_owned(),
        "truehd" => "TrueHD".to_owned(),
        "opus" => "Opus".to_owned(),
        "vorbis" => "Vorbis".to_owned(),
        other => other.to_ascii_uppercase(),
    }
}

fn is_lossless(codec: &str) -> bool {
    let codec = codec.to_ascii_lowercase();
    matches!(
        codec.as_str(),
        "flac" | "alac" | "truehd" | "mlp" | "ape" | "wavpack" | "tta"
    ) || codec.starts_with("pcm_")
}

fn channels_name(channels: i32) -> String {
    match channels {
        1 => "1.0".to_owned(),
        6 => "5.1".to_owned(),
        7 => "6.1".to_owned(),
        8 => "7.1".to_owned(),
        n => format!("{n}.0"),
    }
}
