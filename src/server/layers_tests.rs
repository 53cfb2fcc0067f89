use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::routing::get;
use tower::ServiceExt;

use super::*;

#[tokio::test]
async fn a_panic_costs_its_own_request_alone() {
    let breaks = async || -> &'static str { panic!("a secret") };
    let router = Router::new()
        .route("/breaks", get(breaks))
        .route("/works", get(async || "works"));
    let nobody: rate::AccountOf = Arc::new(|_| Box::pin(async { None }));
    let rate = RateLimit::new(0, nobody);
    let router = apply(router, TrustedProxies::default(), rate, Metrics::default());
    for (path, status, body) in [("/breaks", 500, "internal error"), ("/works", 200, "works")] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status);
        let told = to_bytes(answer.into_body(), 1000).await.unwrap();
        assert_eq!(told, body);
    }
}
