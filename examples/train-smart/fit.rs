//! Logistic regression by Newton's method, with a small penalty on large weights: few statements, many
//! pairs, one answer whatever the order of the pairs.

/// What was seen: which statements held, whether it was one work, how often.
pub struct Seen {
    pub statements: Vec<usize>,
    pub one_work: f64,
    pub count: f64,
}

/// The bias and the weights; `penalty` is what a weight of one costs, in pairs.
pub fn fit(seen: &[Seen], statements: usize, penalty: f64) -> (f64, Vec<f64>) {
    let size = statements + 1;
    let mut weights = vec![0.0; size];
    for _ in 0..60 {
        let mut gradient: Vec<f64> = weights.iter().map(|w| -penalty * w).collect();
        let mut curvature = vec![vec![0.0; size]; size];
        for (at, row) in curvature.iter_mut().enumerate() {
            row[at] = penalty;
        }
        // The bias is free; a touch keeps the system solvable.
        gradient[statements] = 0.0;
        curvature[statements][statements] = 1e-6;
        for pair in seen {
            let held = || pair.statements.iter().copied().chain([statements]);
            let logit: f64 = held().map(|at| weights[at]).sum();
            let chance = 1.0 / (1.0 + (-logit).exp());
            let error = pair.one_work - pair.count * chance;
            let bend = (pair.count * chance * (1.0 - chance)).max(1e-9);
            for a in held() {
                gradient[a] += error;
                for b in held() {
                    curvature[a][b] += bend;
                }
            }
        }
        let step = solve(curvature, gradient);
        let longest = step.iter().fold(0.0f64, |most, s| most.max(s.abs()));
        let scale = if longest > 3.0 { 3.0 / longest } else { 1.0 };
        for (weight, step) in weights.iter_mut().zip(&step) {
            *weight += step * scale;
        }
        if longest < 1e-9 {
            break;
        }
    }
    let bias = weights.pop().expect("the bias");
    (bias, weights)
}

/// Gauss's elimination with the largest pivot.
fn solve(mut left: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for at in 0..size {
        let pivot = (at..size)
            .max_by(|a, b| left[*a][at].abs().total_cmp(&left[*b][at].abs()))
            .expect("a row");
        left.swap(at, pivot);
        right.swap(at, pivot);
        let row = left[at].clone();
        for below in at + 1..size {
            let factor = left[below][at] / row[at];
            for (cell, above) in left[below].iter_mut().zip(&row).skip(at) {
                *cell -= factor * above;
            }
            right[below] -= factor * right[at];
        }
    }
    for at in (0..size).rev() {
        let known: f64 = (at + 1..size).map(|b| left[at][b] * right[b]).sum();
        right[at] = (right[at] - known) / left[at][at];
    }
    right
}
