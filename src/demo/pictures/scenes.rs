//! What a picture shows.

use tiny_skia::{PathBuilder, Rect};

use super::{Brush, Dice, color};

impl Brush<'_> {
    pub(super) fn hills(&mut self, dice: &mut Dice) {
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

    pub(super) fn city(&mut self, dice: &mut Dice) {
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

    pub(super) fn waves(&mut self, dice: &mut Dice) {
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

    pub(super) fn rays(&mut self, dice: &mut Dice) {
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

    pub(super) fn rings(&mut self, dice: &mut Dice) {
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

    pub(super) fn night(&mut self, dice: &mut Dice) {
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
}
