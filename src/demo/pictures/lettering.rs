//! The words on a picture.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont};
use tiny_skia::{PathBuilder, Rect};

use super::{Brush, Motif};

static FONT: &[u8] = include_bytes!("../fonts/LeagueSpartan-Bold.otf");

impl Brush<'_> {
    /// The title at the foot, in as many lines as it needs, and a smaller line below it.
    pub(super) fn words(&mut self, title: &str, line: &str, motif: Motif) {
        let Ok(font) = FontRef::try_from_slice(FONT) else {
            return;
        };
        let (w, h) = (self.width, self.height);
        let room = w * 0.84;
        let title = title.to_uppercase();
        let mut size = if motif == Motif::Wide {
            h * 0.15
        } else {
            w * 0.135
        };
        let most = if motif == Motif::Wide { 2 } else { 4 };
        let mut rows = wrap(&font, &title, size, room);
        while size > w * 0.04
            && (rows.len() > most || rows.iter().any(|row| measure(&font, row, size) > room))
        {
            size *= 0.93;
            rows = wrap(&font, &title, size, room);
        }
        let small = (size * 0.42).max(w * 0.035);
        let mut y = h * 0.93 - if line.is_empty() { 0.0 } else { small * 1.7 };
        let first = y - size * 1.02 * (rows.len().saturating_sub(1)) as f32;
        if let Some(rule) = Rect::from_xywh(w * 0.08, first - size * 1.12, w * 0.14, h * 0.005) {
            let paint = Self::plain(self.palette[2], 1.0);
            self.fill(Some(PathBuilder::from_rect(rule)), &paint);
        }
        for row in rows.iter().rev() {
            self.text(&font, row, w * 0.08, y, size, 0xFFFF_FFFF);
            y -= size * 1.02;
        }
        if !line.is_empty() {
            let rgb = self.palette[2];
            self.text(&font, line, w * 0.08, h * 0.93, small, rgb);
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    fn text(&mut self, font: &FontRef<'_>, text: &str, x: f32, y: f32, size: f32, rgb: u32) {
        let scaled = font.as_scaled(PxScale::from(size));
        let (width, height) = (self.map.width(), self.map.height());
        let data = self.map.data_mut();
        let mut at = x;
        let mut last = None;
        for letter in text.chars() {
            let id = scaled.glyph_id(letter);
            if let Some(last) = last {
                at += scaled.kern(last, id);
            }
            let glyph = id.with_scale_and_position(size, ab_glyph::point(at, y));
            if let Some(outline) = font.outline_glyph(glyph) {
                let bounds = outline.px_bounds();
                outline.draw(|dx, dy, cover| {
                    let (px, py) = (
                        bounds.min.x as i64 + i64::from(dx),
                        bounds.min.y as i64 + i64::from(dy),
                    );
                    if px < 0 || py < 0 || px >= i64::from(width) || py >= i64::from(height) {
                        return;
                    }
                    let index = (py as usize * width as usize + px as usize) * 4;
                    let cover = cover.clamp(0.0, 1.0);
                    for (channel, shift) in [(0, 16), (1, 8), (2, 0)] {
                        let ink = ((rgb >> shift) & 0xFF) as f32;
                        let old = f32::from(data[index + channel]);
                        data[index + channel] = (old + (ink - old) * cover).round() as u8;
                    }
                });
            }
            at += scaled.h_advance(id);
            last = Some(id);
        }
    }
}

fn measure(font: &FontRef<'_>, text: &str, size: f32) -> f32 {
    let scaled = font.as_scaled(PxScale::from(size));
    text.chars()
        .map(|letter| scaled.h_advance(scaled.glyph_id(letter)))
        .sum()
}

fn wrap(font: &FontRef<'_>, text: &str, size: f32, room: f32) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match rows.last_mut() {
            Some(row) if measure(font, &format!("{row} {word}"), size) <= room => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}
