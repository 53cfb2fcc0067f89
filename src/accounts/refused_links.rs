//! Refused links are asked again: what stands before a server (a proxy, a directory of its users) may have
//! refused everybody for a moment, and an account may be switched on again.

use std::collections::HashMap;
use std::sync::Mutex;

use super::AccountsError;
use super::service::Accounts;
use crate::db::links;
use crate::db::links::LinkRow;

const MINUTE: i64 = 60_000;
/// When a link is asked again, counted from when it was refused; after the last one every hour. Some servers
/// lock an account after a few wrong passwords, so it is not often.
const FIRST: [i64; 3] = [MINUTE, 5 * MINUTE, 15 * MINUTE];
const HOUR: i64 = 60 * MINUTE;

/// When each link was last asked again in this process.
#[derive(Debug, Default)]
pub(super) struct AskedAgain(Mutex<HashMap<i64, i64>>);

impl Accounts {
    /// Asks again for the refused links whose time has come and whose password is kept. To be called a few
    /// times a minute.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ask_refused_links(&self) -> Result<(), AccountsError> {
        self.ask_again(|row, last, now| {
            let age = now - row.updated_at;
            let due = row.updated_at + latest_due(age);
            age >= FIRST[0] && last.is_none_or(|last| last < due)
        })
        .await
    }

    /// Asks again for all refused links of a server that is back, as long as it does not come back every
    /// few seconds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ask_refused_links_of(&self, server_id: i64) -> Result<(), AccountsError> {
        self.ask_again(|row, last, now| {
            row.server_id == server_id && last.is_none_or(|last| now - last >= MINUTE)
        })
        .await
    }

    async fn ask_again(
        &self,
        is_due: impl Fn(&LinkRow, Option<i64>, i64) -> bool,
    ) -> Result<(), AccountsError> {
        let now = self.0.clock.millis();
        for row in links::all(&self.0.db).await? {
            if row.state != "refused" || row.password.is_none() {
                continue;
            }
            {
                let mut asked = self
                    .0
                    .asked_again
                    .0
                    .lock()
                    .unwrap_or_else(|e| e.into_inner());
                // What was asked after an earlier refusal says nothing of this one.
                let last = asked.get(&row.id).copied();
                if !is_due(&row, last.filter(|last| *last >= row.updated_at), now) {
                    continue;
                }
                asked.insert(row.id, now);
            }
            // One that cannot be asked keeps nobody else waiting.
            if let Err(error) = self.check_link(row.id).await {
                tracing::debug!(link = row.id, %error, "a refused link could not be asked again");
            }
        }
        Ok(())
    }
}

/// The latest of its times, counted from when it was refused.
fn latest_due(age: i64) -> i64 {
    let [.., last] = FIRST;
    if age >= last {
        return age - (age - last) % HOUR;
    }
    let earlier = FIRST.into_iter().filter(|at| *at <= age);
    earlier.max().unwrap_or(0)
}
