//! Frames in binary form: `halley/client/v1/frames.proto`, both ways.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::decode;
pub use write::{encode, tell};
