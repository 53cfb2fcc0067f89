//! Listening to what other parts of the process tell. Whoever listens is ended from outside: where nobody
//! tells any more, nothing comes.

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

/// What is told next; what this listener was too slow for is passed over.
pub async fn next<T: Clone>(told: &mut broadcast::Receiver<T>) -> T {
    loop {
        if let Some(next) = next_or_missed(told).await {
            return next;
        }
    }
}

/// What is told next; none where something was missed.
pub async fn next_or_missed<T: Clone>(told: &mut broadcast::Receiver<T>) -> Option<T> {
    match told.recv().await {
        Ok(next) => Some(next),
        Err(RecvError::Lagged(_)) => None,
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

/// Waits until a value is another than the one last seen.
pub async fn changed<T>(value: &mut watch::Receiver<T>) {
    if value.changed().await.is_err() {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_was_missed_is_passed_over_or_told_as_such() {
        let (tell, mut told) = broadcast::channel(2);
        let mut other = tell.subscribe();
        for number in 0..5 {
            tell.send(number).expect("they listen");
        }
        assert_eq!(next(&mut told).await, 3);
        assert_eq!(next(&mut told).await, 4);
        let mut heard = Vec::new();
        for _ in 0..3 {
            heard.push(next_or_missed(&mut other).await);
        }
        assert_eq!(heard, [None, Some(3), Some(4)]);
        assert_eq!(next(&mut told).now_or_never(), None, "there is no more");
    }

    #[tokio::test]
    async fn where_nobody_tells_any_more_nothing_comes() {
        let (tell, mut told) = broadcast::channel(2);
        tell.send(1).expect("it listens");
        drop(tell);
        assert_eq!(next(&mut told).await, 1);
        assert_eq!(next(&mut told).now_or_never(), None);

        let (put, mut value) = watch::channel(1);
        assert!(changed(&mut value).now_or_never().is_none());
        put.send(2).expect("it listens");
        drop(put);
        changed(&mut value).await;
        assert_eq!(*value.borrow_and_update(), 2);
        assert!(changed(&mut value).now_or_never().is_none());
    }
}
