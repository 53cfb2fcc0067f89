//! All wiring: builds the services from the configuration and hands them to the router.
