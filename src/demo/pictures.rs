//! Draws posters, scenes and covers: the same title gives the same picture.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont};
use tiny_skia::{
    Color, FillRule, GradientStop, LinearGradient, Paint, Path, PathBuilder, Pixmap, Point,
    RadialGradient, Rect, SpreadMode, Transform,
};

static FONT: &[u8] = include_bytes!("fonts/LeagueSpartan-Bold.otf");

/// What kind of picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Motif {
    Poster,
    /// A backdrop without words.
    Scene,
    /// 16:9 with a title: episodes, libraries.
    Wide,
    /// A record's cover.
    Square,
}

impl Motif {
    /// Width and height at full size.
    pub fn size(self) -> (u32, u32) {
        match self {
            Self::Poster => (600, 900),
            Self::Scene | Self::Wide => (1280, 720),
            Self::Square => (600, 600),
        }
    }
}

/// Five colours each: sky above, sky below, light, middle ground, foreground.
const PALETTES: [[u32; 5]; 12] = [
    [0x0B1D3A, 0x3A5C8C, 0xF6D28B, 0x1F3558, 0x070F1F],
    [0x3B0D2E, 0xC2455A, 0xFFD08A, 0x6B1B3C, 0x1A0716],
    [0x0E2A2B, 0x3F8F7B, 0xF2E6B6, 0x1B5350, 0x081717],
    [0x2A1A4A, 0x9A5BA8, 0xFFC3A0, 0x4A2A73, 0x120A24],
    [0xE9C46A, 0xF4A261, 0xFFF3D6, 0xB5532F, 0x3A1A12],
    [0x13293D, 0x2A7FA0, 0xE8F1F2, 0x16577A, 0x081420],
    [0xD8E2DC, 0xF3B8A8, 0xFFF6EC, 0x8C6A78, 0x33272F],
    [0x101010, 0x4A4A4A, 0xE6E1D3, 0x2A2A2A, 0x050505],
    [0x4B1010, 0xB8322A, 0xF7C59F, 0x6E1616, 0x1D0505],
    [0x1C3D1E, 0x7DA453, 0xF5EEC2, 0x34602F, 0x0D1C0D],
    [0x061A40, 0x0353A4, 0xB9D6F2, 0x003559, 0x030B1A],
    [0x432818, 0xBB9457, 0xFFE6A7, 0x6F1D1B, 0x1E0F08],
];

/// A small generator of numbers, seeded by the title.
struct Dice(u64);

impl Dice {
    fn new(text: &str) -> Self {
        let seed = text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Self(seed)
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
    /// Between `low` and `high`.
    #[allow(clippy::cast_precision_loss)] // 24 bits
    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * ((self.next() >> 40) as f32 / 16_777_216.0)
    }
    #[allow(clippy::cast_possible_truncation)] // below `count`
    fn pick(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }
}

fn color(rgb: u32, alpha: f32) -> Color {
    let part = |shift: u32| ((rgb >> shift) & 0xFF) as f32 / 255.0;
    Color::from_rgba(part(16), part(8), part(0), alpha).unwrap_or(Color::BLACK)
}

/// The picture as JPEG.
#[allow(clippy::cast_precision_loss)] // a number of pixels
pub(super) fn draw(title: &str, line: &str, motif: Motif, width: u32, height: u32) -> Vec<u8> {
    let Some(mut map) = Pixmap::new(width, height) else {
        return Vec::new();
    };
    // A season and an episode look like their series.
    let root = if line.is_empty() || line.parse::<i32>().is_ok() {
        title
    } else {
        line
    };
    let mut dice = Dice::new(root);
    let palette = PALETTES[dice.pick(PALETTES.len())];
    let scene = dice.pick(6);
    let mut brush = Brush {
        map: &mut map,
        width: width as f32,
        height: height as f32,
        palette,
    };
    brush.sky();
    match scene {
        0 => brush.hills(&mut dice),
        1 => brush.city(&mut dice),
        2 => brush.waves(&mut dice),
        3 => brush.rays(&mut dice),
        4 => brush.rings(&mut dice),
        _ => brush.night(&mut dice),
    }
    if motif != Motif::Scene {
        brush.shade();
        brush.words(title, line, motif);
    }
    encode(&map)
}

struct Brush<'m> {
    map: &'m mut Pixmap,
    width: f32,
    height: f32,
    palette: [u32; 5],
}

impl Brush<'_> {
    fn fill(&mut self, path: Option<Path>, paint: &Paint<'_>) {
        if let Some(path) = path {
            self.map
                .fill_path(&path, paint, FillRule::Winding, Transform::identity(), None);
        }
    }

    fn plain(rgb: u32, alpha: f32) -> Paint<'static> {
        let mut paint = Paint::default();
        paint.set_color(color(rgb, alpha));
        paint.anti_alias = true;
        paint
    }

    fn everything(&self) -> Option<Path> {
        Rect::from_xywh(0.0, 0.0, self.width, self.height).map(PathBuilder::from_rect)
    }

    fn gradient(&mut self, from: (f32, Color), to: (f32, Color)) {
        let shader = LinearGradient::new(
            Point::from_xy(0.0, from.0 * self.height),
            Point::from_xy(0.0, to.0 * self.height),
            vec![GradientStop::new(0.0, from.1), GradientStop::new(1.0, to.1)],
            SpreadMode::Pad,
            Transform::identity(),
        );
        if let Some(shader) = shader {
            let paint = Paint {
                shader,
                ..Paint::default()
            };
            self.fill(self.everything(), &paint);
        }
    }

    fn sky(&mut self) {
        let [above, below, ..] = self.palette;
        self.gradient((0.0, color(above, 1.0)), (0.8, color(below, 1.0)));
    }

    /// Darkens the foot, where the words stand.
    fn shade(&mut self) {
        let dark = self.palette[4];
        self.gradient((0.5, color(dark, 0.0)), (0.95, color(dark, 0.92)));
    }

    fn disc(&mut self, x: f32, y: f32, radius: f32, rgb: u32, alpha: f32) {
        self.fill(
            PathBuilder::from_circle(x, y, radius),
            &Self::plain(rgb, alpha),
        );
    }

    fn glow(&mut self, x: f32, y: f32, radius: f32, rgb: u32) {
        let shader = RadialGradient::new(
            Point::from_xy(x, y),
            Point::from_xy(x, y),
            radius,
            vec![
                GradientStop::new(0.0, color(rgb, 0.75)),
                GradientStop::new(1.0, color(rgb, 0.0)),
            ],
            SpreadMode::Pad,
            Transform::identity(),
        );
        if let Some(shader) = shader {
            let paint = Paint {
                shader,
                ..Paint::default()
            };
            self.fill(self.everything(), &paint);
        }
    }

    /// A colour between two of the palette.
    fn mix(a: u32, b: u32, part: f32) -> u32 {
        let channel = |shift: u32| {
            let (a, b) = (((a >> shift) & 0xFF) as f32, ((b >> shift) & 0xFF) as f32);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0..=255
            let mixed = (a + (b - a) * part).round() as u32;
            mixed << shift
        };
        channel(16) | channel(8) | channel(0)
    }

    fn hills(&mut self, dice: &mut Dice) {
        let (w, h) = (self.width, self.height);
        let (x, y) = (w * dice.between(0.25, 0.75), h * dice.between(0.22, 0.42));
        let radius = w.min(h) * dice.between(0.14, 0.22);
        self.glow(x, y, radius * 3.2, self.palette[2]);
        self.disc(x, y, radius, self.palette[2], 0.95);
        for layer in 0..4u8 {
            let part = f32::from(layer) / 3.0;
            let base = h * (0.48 + 0.13 * f32::from(layer));
            let mut path = PathBuilder::new();
            path.move_to(0.0, h);
            path.line_to(0.0, base);
            let peaks = 5;
            for step in 0..peaks {
                let left = w * f32::from(step as u8) / peaks as f32;
                let right = w * f32::from(step as u8 + 1) / peaks as f32;
                let rise = h * dice.between(0.02, 0.15) * (1.0 - part * 0.6);
                path.quad_to(
                    (left + right) / 2.0,
                    base - rise,
                    right,
                    base + dice.between(-0.02, 0.02) * h,
                );
            }
            path.line_to(w, h);
            path.close();
            let rgb = Self::mix(self.palette[3], self.palette[4], part);
            self.fill(path.finish(), &Self::plain(rgb, 1.0));
        }
    }

    fn city(&mut self, dice: &mut Dice) {
        let (w, h) = (self.width, self.height);
        self.glow(w * 0.5, h * 0.55, w.max(h) * 0.6, self.palette[2]);
        for layer in 0..3u8 {
            let part = f32::from(layer) / 2.0;
            let rgb = Self::mix(self.palette[3], self.palette[4], part);
            let mut x = -w * 0.05;
            while x < w {
                let wide = w * dice.between(0.06, 0.14);
                let top = h * (dice.between(0.30, 0.55) + 0.13 * f32::from(layer));
                if let Some(rect) = Rect::from_xywh(x, top, wide, h - top) {
                    self.fill(Some(PathBuilder::from_rect(rect)), &Self::plain(rgb, 1.0));
                }
                let (cell, mut y) = (wide / 5.0, top + wide / 5.0);
                while layer > 0 && y < h * 0.95 {
                    for column in 0..4u8 {
                        let left = x + cell * (f32::from(column) + 0.6);
                        if dice.pick(4) == 0
                            && let Some(rect) = Rect::from_xywh(left, y, cell * 0.5, cell * 0.7)
                        {
                            let lit = Self::plain(self.palette[2], 0.8);
                            self.fill(Some(PathBuilder::from_rect(rect)), &lit);
                        }
                    }
                    y += cell * 1.3;
                }
                x += wide * dice.between(1.0, 1.25);
            }
        }
    }

    fn waves(&mut self, dice: &mut Dice) {
        let (w, h) = (self.width, self.height);
        let (x, y) = (w * dice.between(0.3, 0.7), h * 0.4);
        self.glow(x, y, w * 0.8, self.palette[2]);
        self.disc(x, y, w.min(h) * 0.2, self.palette[2], 1.0);
        for layer in 0..6u8 {
            let part = f32::from(layer) / 5.0;
            let base = h * (0.44 + 0.1 * f32::from(layer));
            let swing = h * dice.between(0.012, 0.03);
            let shift = dice.between(-0.2, 0.0) * w;
            let mut path = PathBuilder::new();
            path.move_to(shift, h);
            path.line_to(shift, base);
            let step = w / 4.0;
            let mut at = shift;
            while at < w {
                path.quad_to(at + step / 4.0, base - swing, at + step / 2.0, base);
                path.quad_to(at + step * 0.75, base + swing, at + step, base);
                at += step;
            }
            path.line_to(at, h);
            path.close();
            let rgb = Self::mix(self.palette[1], self.palette[4], 0.25 + 0.75 * part);
            self.fill(path.finish(), &Self::plain(rgb, 0.92));
        }
    }

    fn rays(&mut self, dice: &mut Dice) {
        let (w, h) = (self.width, self.height);
        let (x, y) = (w * dice.between(0.3, 0.7), h * dice.between(0.5, 0.62));
        let reach = w.max(h) * 1.5;
        let count = 14u8;
        for ray in 0..count {
            let turn = std::f32::consts::TAU / f32::from(count);
            let (a, b) = (turn * f32::from(ray), turn * (f32::from(ray) + 0.5));
            let mut path = PathBuilder::new();
            path.move_to(x, y);
            path.line_to(x + reach * a.cos(), y + reach * a.sin());
            path.line_to(x + reach * b.cos(), y + reach * b.sin());
            path.close();
            self.fill(path.finish(), &Self::plain(self.palette[2], 0.16));
        }
        let radius = w.min(h) * 0.24;
        self.disc(x, y, radius * 1.25, self.palette[2], 0.25);
        self.disc(x, y, radius, self.palette[2], 1.0);
        // A figure before the light.
        let (tall, dark) = (radius * 1.5, self.palette[4]);
        self.disc(x, y - tall * 0.2, tall * 0.13, dark, 1.0);
        let mut path = PathBuilder::new();
        path.move_to(x - tall * 0.06, y - tall * 0.1);
        path.line_to(x + tall * 0.06, y - tall * 0.1);
        path.line_to(x + tall * 0.28, y + tall * 1.4);
        path.line_to(x - tall * 0.28, y + tall * 1.4);
        path.close();
        self.fill(path.finish(), &Self::plain(dark, 1.0));
    }

    fn rings(&mut self, dice: &mut Dice) {
        let (w, h) = (self.width, self.height);
        let (x, y) = (w * dice.between(0.2, 0.8), h * dice.between(0.3, 0.5));
        let most = w.max(h) * 0.75;
        for ring in 0..8u8 {
            let radius = most * (1.0 - f32::from(ring) / 8.0);
            let rgb = match ring % 4 {
                0 => self.palette[3],
                1 => self.palette[1],
                2 => self.palette[0],
                _ => self.palette[2],
            };
            let off = dice.between(-0.02, 0.02) * w;
            self.disc(x + off, y + off, radius, rgb, 0.88);
        }
        let mut path = PathBuilder::new();
        path.move_to(0.0, h * 0.82);
        path.line_to(w, h * dice.between(0.6, 0.75));
        path.line_to(w, h);
        path.line_to(0.0, h);
        path.close();
        self.fill(path.finish(), &Self::plain(self.palette[4], 1.0));
    }

    fn night(&mut self, dice: &mut Dice) {
        let (w, h) = (self.width, self.height);
        self.gradient(
            (0.0, color(self.palette[4], 0.85)),
            (0.7, color(self.palette[4], 0.0)),
        );
        for _ in 0..90 {
            let (x, y) = (dice.between(0.0, w), dice.between(0.0, h * 0.62));
            let radius = w.min(h) * dice.between(0.0012, 0.004);
            self.disc(x, y, radius, self.palette[2], dice.between(0.4, 1.0));
        }
        let (x, y) = (w * dice.between(0.55, 0.75), h * dice.between(0.2, 0.32));
        let radius = w.min(h) * 0.15;
        self.glow(x, y, radius * 2.6, self.palette[2]);
        self.disc(x, y, radius, self.palette[2], 1.0);
        // A road that runs to the horizon, with trees.
        let horizon = h * 0.66;
        if let Some(rect) = Rect::from_xywh(0.0, horizon, w, h - horizon) {
            let ground = Self::plain(self.palette[4], 1.0);
            self.fill(Some(PathBuilder::from_rect(rect)), &ground);
        }
        for _ in 0..16 {
            let (x, tall) = (dice.between(0.0, w), h * dice.between(0.06, 0.2));
            let mut path = PathBuilder::new();
            path.move_to(x, horizon - tall);
            path.line_to(x + tall * 0.26, horizon + 2.0);
            path.line_to(x - tall * 0.26, horizon + 2.0);
            path.close();
            self.fill(path.finish(), &Self::plain(self.palette[4], 1.0));
        }
        let mut path = PathBuilder::new();
        path.move_to(w * 0.49, horizon);
        path.line_to(w * 0.51, horizon);
        path.line_to(w * 0.75, h);
        path.line_to(w * 0.25, h);
        path.close();
        self.fill(path.finish(), &Self::plain(self.palette[3], 0.7));
    }

    /// The title at the foot, in as many lines as it needs, and a smaller line below it.
    fn words(&mut self, title: &str, line: &str, motif: Motif) {
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

fn encode(map: &Pixmap) -> Vec<u8> {
    // The ground is opaque, so premultiplied and plain colours are the same.
    let pixels: Vec<u8> = map
        .data()
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    let mut out = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 86);
    let written = encoder.encode(
        &pixels,
        map.width(),
        map.height(),
        image::ExtendedColorType::Rgb8,
    );
    match written {
        Ok(()) => out,
        Err(_) => Vec::new(),
    }
}
