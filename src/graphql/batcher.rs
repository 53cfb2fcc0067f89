//! Gathers what the resolvers of one request ask for one by one into one question.
//!
//! The fields of a request are polled by one task. Whoever asks first waits until the task has come
//! round once, when every sibling has asked too, and then asks for all: no timer, no second batch.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Mutex;

use tokio::sync::oneshot;

struct Waiting<E, V> {
    entry: E,
    answer: oneshot::Sender<V>,
}

/// `K`: what questions must have in common to go together; `E`: what each asks for.
pub struct Batcher<K, E, V> {
    open: Mutex<HashMap<K, Vec<Waiting<E, V>>>>,
}

impl<K, E, V> Default for Batcher<K, E, V> {
    fn default() -> Self {
        Self {
            open: Mutex::default(),
        }
    }
}

impl<K: Eq + Hash + Clone, E, V> Batcher<K, E, V> {
    /// The answer for `entry`; `ask` is called once a batch and answers in the order of the entries.
    ///
    /// `None` when `ask` answered for fewer entries than it was given, or the caller that had to ask
    /// was dropped.
    pub async fn load<F, Fut>(&self, key: K, entry: E, ask: F) -> Option<V>
    where
        F: FnOnce(Vec<E>) -> Fut,
        Fut: Future<Output = Vec<V>>,
    {
        let (answer, waiting) = oneshot::channel();
        let first = {
            let mut open = self.open.lock().expect("no panic while locked");
            let batch = open.entry(key.clone()).or_default();
            batch.push(Waiting { entry, answer });
            batch.len() == 1
        };
        if first {
            tokio::task::yield_now().await;
            let batch = {
                let mut open = self.open.lock().expect("no panic while locked");
                open.remove(&key).unwrap_or_default()
            };
            let (entries, waiters): (Vec<E>, Vec<_>) = batch
                .into_iter()
                .map(|waiting| (waiting.entry, waiting.answer))
                .unzip();
            for (waiter, value) in waiters.into_iter().zip(ask(entries).await) {
                // One who went away does not need the answer.
                let _ = waiter.send(value);
            }
        }
        waiting.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_page_is_one_question() {
        let batcher = Batcher::<&str, usize, usize>::default();
        let calls = AtomicUsize::new(0);
        let double = async |entries: Vec<usize>| {
            calls.fetch_add(1, Ordering::SeqCst);
            entries.into_iter().map(|entry| entry * 2).collect()
        };
        let loads = (0..100).map(|entry| batcher.load("a", entry, &double));
        let answers = futures::future::join_all(loads).await;
        assert_eq!(answers, (0..100).map(|n| Some(n * 2)).collect::<Vec<_>>());
        assert_eq!(calls.load(Ordering::SeqCst), 1);

        let mixed =
            futures::future::join(batcher.load("a", 1, &double), batcher.load("b", 2, &double));
        assert_eq!(mixed.await, (Some(2), Some(4)));
        assert_eq!(calls.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_missing_answer_is_none() {
        let batcher = Batcher::<(), usize, usize>::default();
        let none = batcher.load((), 1, async |_| Vec::new()).await;
        assert_eq!(none, None);
    }
}
