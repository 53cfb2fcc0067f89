use std::time::Duration;

use crate::jellyfin::speed::{Meter, ORDINARY};

const MIB: u64 = 1 << 20;

/// Passes bytes on at this pace, the source being what is waited for.
fn pass(meter: &Meter, mib: u64, megabits: f64) {
    let took = Duration::from_secs_f64((mib * MIB) as f64 * 8.0 / (megabits * 1e6));
    meter.passed(mib * MIB, took, took);
}

#[tokio::test(start_paused = true)]
async fn the_estimate_is_latency_and_the_first_bytes() {
    let meter = Meter::default();
    let unknown = meter.speed();
    assert_eq!((unknown.bits_per_second, unknown.latency), (None, None));
    meter.answered(Duration::from_millis(100));
    pass(&meter, 8, 8.388_608);
    let speed = meter.speed();
    assert_eq!(speed.bits_per_second, Some(8_388_608));
    assert!(
        (speed.estimate.as_secs_f64() - 8.1).abs() < 1e-3,
        "{speed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_was_not_measured_lies_between_fast_and_slow() {
    let [fast, unknown, slow] = [(); 3].map(|()| Meter::default());
    pass(&fast, 8, 500.0);
    pass(&slow, 8, 5.0);
    let classes = [&fast, &unknown, &slow].map(|meter| meter.speed().class);
    assert!(classes.is_sorted_by(|a, b| a < b), "{classes:?}");
    // What was slow long ago is tried again.
    tokio::time::advance(Duration::from_secs(7 * 3600)).await;
    assert_eq!(slow.speed().class, unknown.speed().class);
    assert_eq!(slow.speed().bits_per_second, None);
}

#[tokio::test(start_paused = true)]
async fn a_wavering_line_keeps_its_class() {
    let meter = Meter::default();
    pass(&meter, 64, 40.0);
    let class = meter.speed().class;
    for megabits in [36.0, 45.0, 34.0, 46.0, 38.0, 44.0] {
        pass(&meter, 64, megabits);
        assert_eq!(meter.speed().class, class, "at {megabits} Mbit/s");
    }
    for _ in 0..4 {
        pass(&meter, 64, 10.0);
    }
    assert!(
        meter.speed().class > class,
        "a quarter of it is another class"
    );
}

/// The border between two classes is crossed at another place on the way up than on the way down.
#[tokio::test(start_paused = true)]
async fn a_class_is_left_late() {
    let places = |from: f64, to: f64| -> Vec<i32> {
        let meter = Meter::default();
        pass(&meter, 1024, from);
        pass(&meter, 1024, to);
        vec![meter.speed().class]
    };
    // Close to one border, which lies in between.
    let (above, below) = (26.0, 24.0);
    assert_ne!(
        places(above, above),
        places(below, below),
        "a border lies between"
    );
    assert_eq!(places(above, below), places(above, above));
    assert_eq!(places(below, above), places(below, below));
}

#[tokio::test(start_paused = true)]
async fn a_slow_player_says_nothing_of_the_source() {
    let meter = Meter::default();
    meter.passed(MIB, Duration::from_secs(2), Duration::from_millis(10));
    assert_eq!(meter.speed().bits_per_second, None, "the player was slow");
    pass(&meter, 8, 100.0);
    meter.passed(MIB, Duration::from_secs(2), Duration::from_millis(10));
    let known = meter.speed().bits_per_second.expect("it was measured");
    assert!(known as f64 >= 99e6 && ORDINARY < 99e6);
    meter.passed(64 * MIB, Duration::from_secs(1), Duration::from_millis(10));
    let raised = meter.speed().bits_per_second.expect("it was measured");
    assert!(raised > known, "it is at least so fast");
}
