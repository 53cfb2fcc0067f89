//! GraphQL over HTTP, WebSocket and server-sent events; by hand, because async-graphql's own service
//! runs mutations over GET and plain text, and reads bodies and batches of any size.

pub mod accept;
pub mod origin;
pub mod params;
pub mod token;
