//! Tests of this layer over an engine that answers what it is told to.
