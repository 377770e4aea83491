//! murphy.
