//! Whether what a viewer sees became something else.

use super::Projection;

impl Projection {
    /// Whether there are other libraries or items than `before`, or an item that is seen was changed.
    /// Where it is not known what changed in between, something did.
    pub fn differs_from(&self, before: &Self) -> bool {
        if std::ptr::eq(self, before) {
            return false;
        }
        if self.access != before.access || self.views != before.views {
            return true;
        }
        let Some(delta) = self.snapshot.since(&before.snapshot) else {
            return true;
        };
        let mut changed = delta.items.iter();
        changed.any(|item| self.sees_item(*item) || before.sees_item(*item))
    }
}
