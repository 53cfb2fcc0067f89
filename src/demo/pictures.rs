//! Draws posters, scenes and covers: the same title gives the same picture.

mod lettering;
mod scenes;

use tiny_skia::{
    Color, FillRule, GradientStop, LinearGradient, Paint, Path, PathBuilder, Pixmap, Point,
    RadialGradient, Rect, SpreadMode, Transform,
};

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
