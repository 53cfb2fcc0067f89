//! Which libraries' copies may join, by which strategy.

use std::collections::HashMap;

use super::copies::{Scope, Strategy};

/// The library number inside of a grouping.
pub(super) type Lib = u32;
/// In no merged library: stays alone.
pub(super) const NOWHERE: Lib = u32::MAX;
/// Of a kind that lies in no library: joins wherever anything joins.
pub(super) const EVERYWHERE: Lib = u32::MAX - 1;

/// For each pair of libraries whether some merged library of the strategy holds both.
#[derive(Default)]
pub(super) struct Matrix {
    width: usize,
    bits: Vec<u64>,
}

impl Matrix {
    fn new(width: usize) -> Self {
        Self {
            width,
            bits: vec![0; (width * width).div_ceil(64)],
        }
    }
    fn set(&mut self, a: Lib, b: Lib) {
        let at = a as usize * self.width + b as usize;
        self.bits[at / 64] |= 1 << (at % 64);
    }
    pub(super) fn get(&self, a: Lib, b: Lib) -> bool {
        if a >= EVERYWHERE || b >= EVERYWHERE {
            return a != NOWHERE && b != NOWHERE && self.is_used();
        }
        let at = a as usize * self.width + b as usize;
        self.bits[at / 64] >> (at % 64) & 1 == 1
    }
    pub(super) fn is_used(&self) -> bool {
        self.bits.iter().any(|word| *word != 0)
    }
}

/// The matrices of all merged libraries.
pub(super) struct Compat {
    numbers: HashMap<u32, Lib>,
    /// Joined by ids: `PROVIDER_IDS` and `SMART`.
    pub(super) ids: Matrix,
    /// What has no ids by name: `PROVIDER_IDS`; `SMART` weighs more than the name.
    pub(super) without_ids: Matrix,
    pub(super) name_year: Matrix,
    pub(super) smart: Matrix,
    /// Joined by anything.
    pub(super) any: Matrix,
}

impl Compat {
    pub(super) fn new(scopes: &[Scope]) -> Self {
        let mut numbers = HashMap::new();
        for library in scopes.iter().flat_map(|s| &s.libraries) {
            let next = numbers.len() as Lib;
            numbers.entry(*library).or_insert(next);
        }
        let width = numbers.len();
        let mut compat = Self {
            numbers,
            ids: Matrix::new(width),
            without_ids: Matrix::new(width),
            name_year: Matrix::new(width),
            smart: Matrix::new(width),
            any: Matrix::new(width),
        };
        for scope in scopes {
            compat.add(scope);
        }
        compat
    }

    fn add(&mut self, scope: &Scope) {
        let libs: Vec<Lib> = scope.libraries.iter().map(|l| self.numbers[l]).collect();
        for &a in &libs {
            for &b in &libs {
                match scope.strategy {
                    Strategy::None => continue,
                    Strategy::ProviderIds => {
                        self.ids.set(a, b);
                        self.without_ids.set(a, b);
                    }
                    Strategy::NameYear => self.name_year.set(a, b),
                    Strategy::Smart => {
                        self.ids.set(a, b);
                        self.smart.set(a, b);
                    }
                }
                self.any.set(a, b);
            }
        }
    }

    pub(super) fn lib(&self, library: Option<u32>, lies_in_no_library: bool) -> Lib {
        match library.and_then(|l| self.numbers.get(&l)) {
            Some(&lib) if self.any.get(lib, lib) => lib,
            _ if lies_in_no_library => EVERYWHERE,
            Some(&lib) => lib,
            None => NOWHERE,
        }
    }
}
