use std::time::Duration;

use tokio::time::advance;

use crate::jellyfin::Limits;
use crate::jellyfin::breaker::{Breaker, PROBE_PATIENCE};

fn open(breaker: &Breaker, by_connection: bool) {
    for _ in 0..5 {
        assert!(breaker.admit());
        breaker.failure(by_connection);
    }
    assert!(!breaker.admit());
}

#[tokio::test(start_paused = true)]
async fn opens_after_five_failures_in_a_row_only() {
    let breaker = Breaker::new(&Limits::default());
    for _ in 0..20 {
        for _ in 0..4 {
            assert!(!breaker.failure(true));
        }
        breaker.success();
    }
    assert!(breaker.admit());
    open(&breaker, true);
}

#[tokio::test(start_paused = true)]
async fn half_open_lets_one_request_try() {
    let breaker = Breaker::new(&Limits::default());
    open(&breaker, false);
    advance(Duration::from_secs(31)).await;
    assert!(breaker.admit());
    assert!(!breaker.admit(), "the second waits for the first");
    breaker.success();
    assert!(breaker.admit() && breaker.admit());
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_got_lost_does_not_block_for_ever() {
    let breaker = Breaker::new(&Limits::default());
    open(&breaker, false);
    advance(Duration::from_secs(31)).await;
    assert!(breaker.admit());
    advance(Duration::from_secs(31)).await;
    assert!(breaker.admit());
}

#[tokio::test(start_paused = true)]
async fn stays_open_longer_each_time_up_to_a_bound() {
    let breaker = Breaker::new(&Limits::default());
    open(&breaker, false);
    for times in 2..30 {
        advance(Duration::from_secs(46)).await;
        assert!(breaker.admit());
        assert!(breaker.failure(false));
        let pause = Duration::from_secs((30 * times).min(45));
        advance(pause - Duration::from_secs(1)).await;
        assert!(!breaker.admit(), "ejected {times} times");
    }
    advance(Duration::from_secs(2)).await;
    assert!(breaker.admit());
    breaker.success();
    advance(Duration::from_secs(301)).await;
    breaker.success();
    open(&breaker, false);
    advance(Duration::from_secs(31)).await;
    assert!(breaker.admit(), "a calm while makes up for it");
}

#[tokio::test(start_paused = true)]
async fn a_sign_of_life_ends_the_ejection() {
    let breaker = Breaker::new(&Limits::default());
    open(&breaker, true);
    breaker.alive();
    assert!(
        breaker.admit() && breaker.admit(),
        "it was unreachable, now it is not"
    );

    let slow = Breaker::new(&Limits::default());
    open(&slow, false);
    slow.alive();
    assert!(slow.admit(), "it was too slow: one may try");
    assert!(!slow.admit());
}

/// A server that is back is used again within a minute, whatever was before: without a sign of life the
/// breaker lets a request try in time, and a silent server is asked for such signs far more often.
#[tokio::test(start_paused = true)]
async fn nothing_keeps_a_server_out_for_a_minute() {
    let minute = Duration::from_secs(60);
    let limits = Limits::default();
    assert!(limits.max_ejection < minute && PROBE_PATIENCE < minute);
    assert!(limits.probe_offline + limits.probe < minute / 2);
    let breaker = Breaker::new(&limits);
    open(&breaker, false);
    for by_connection in [true, false].repeat(20) {
        let mut waited = Duration::ZERO;
        while !breaker.admit() {
            advance(Duration::from_secs(1)).await;
            waited += Duration::from_secs(1);
        }
        assert!(waited < minute, "{waited:?}");
        breaker.failure(by_connection);
    }
}
