//! How good a version is: one number, and the words for it.

use crate::wire::{LightSource, LightStream};

/// Higher is better. Height counts first (a step a class of resolution), then HDR, codec, bitrate and
/// channels, so that a better class always beats a fatter file.
pub fn score(source: &LightSource) -> i64 {
    let video = video(source);
    let class = video.map_or(0, |video| i64::from(lines(video) / 100));
    let hdr = video.map_or(0, |video| match hdr(video) {
        Some("Dolby Vision") => 3,
        Some("HDR10+") => 2,
        Some(_) => 1,
        None => 0,
    });
    let codec = video
        .and_then(|video| video.codec.as_deref())
        .map_or(0, |codec| match codec {
            "av1" => 3,
            "hevc" => 2,
            "h264" => 1,
            _ => 0,
        });
    let megabits = (source.bitrate.unwrap_or(0) / 1_000_000).clamp(0, 999);
    let channels = source
        .media_streams
        .iter()
        .filter(|stream| stream.kind == "Audio")
        .filter_map(|stream| stream.channels)
        .max()
        .unwrap_or(0);
    ((class * 10 + hdr) * 10 + codec) * 100_000 + megabits * 100 + i64::from(channels.clamp(0, 99))
}

/// "1080p HEVC HDR10 · 4.1 GB"; what is not known is left out.
pub fn label(source: &LightSource) -> String {
    let mut words = Vec::new();
    if let Some(video) = video(source) {
        if lines(video) > 0 {
            words.push(format!("{}p", lines(video)));
        }
        words.extend(video.codec.as_ref().map(|codec| codec.to_uppercase()));
        words.extend(hdr(video).map(str::to_owned));
    } else {
        words.extend(
            source
                .container
                .as_ref()
                .map(|container| container.to_uppercase()),
        );
    }
    let quality = words.join(" ");
    match source.size.filter(|size| *size > 0).map(size) {
        Some(size) if quality.is_empty() => size,
        Some(size) => format!("{quality} · {size}"),
        None => quality,
    }
}

fn video(source: &LightSource) -> Option<&LightStream> {
    source
        .media_streams
        .iter()
        .find(|stream| stream.kind == "Video")
}

/// The class of resolution by what the picture would fill, so that a wide film of 1920×800 is 1080p.
fn lines(video: &LightStream) -> i32 {
    let (width, height) = (video.width.unwrap_or(0), video.height.unwrap_or(0));
    [
        (4320, 7680),
        (2160, 3840),
        (1440, 2560),
        (1080, 1920),
        (720, 1280),
        (576, 1024),
        (480, 720),
    ]
    .into_iter()
    .find(|(lines, columns)| height * 100 >= lines * 95 || width * 100 >= columns * 95)
    .map_or(height, |(lines, _)| lines)
}

fn hdr(video: &LightStream) -> Option<&'static str> {
    match video.video_range_type.as_deref()? {
        "HDR10" => Some("HDR10"),
        "HDR10Plus" => Some("HDR10+"),
        "HLG" => Some("HLG"),
        kind if kind.starts_with("DOVI") => Some("Dolby Vision"),
        _ => None,
    }
}

/// Decimal units, as disks are sold.
fn size(bytes: i64) -> String {
    let bytes = bytes as f64;
    match bytes {
        bytes if bytes >= 1e9 => format!("{:.1} GB", bytes / 1e9),
        bytes if bytes >= 1e6 => format!("{:.0} MB", bytes / 1e6),
        bytes => format!("{:.0} kB", bytes / 1e3),
    }
}
