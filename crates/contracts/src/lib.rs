//! Types, clients and servers generated from `proto/`. Nothing here is written by hand but this list.
//!
//! Write them again with `cargo run -p halley-codegen` after a change of a contract.
#![allow(
    missing_docs,
    clippy::all,
    clippy::unwrap_used,
    clippy::too_many_lines,
    rustdoc::all,
    reason = "generated code"
)]

/// The package `halley.common.v1`.
pub mod common {
    /// Version 1.
    pub mod v1 {
        include!("generated/halley.common.v1.rs");
    }
}
/// The package `halley.auth.v1`.
pub mod auth {
    /// Version 1.
    pub mod v1 {
        include!("generated/halley.auth.v1.rs");
    }
}
/// The package `halley.identity.v1`.
pub mod identity {
    /// Version 1.
    pub mod v1 {
        include!("generated/halley.identity.v1.rs");
    }
}
/// The package `halley.groups.v1`.
pub mod groups {
    /// Version 1.
    pub mod v1 {
        include!("generated/halley.groups.v1.rs");
    }
}
/// The package `halley.messaging.v1`.
pub mod messaging {
    /// Version 1.
    pub mod v1 {
        include!("generated/halley.messaging.v1.rs");
    }
}
/// The package `halley.webhooks.v1`.
pub mod webhooks {
    /// Version 1.
    pub mod v1 {
        include!("generated/halley.webhooks.v1.rs");
    }
}
/// The package `halley.events.v1`.
pub mod events {
    /// Version 1.
    pub mod v1 {
        include!("generated/halley.events.v1.rs");
    }
}
/// The package `halley.realtime.v1`.
pub mod realtime {
    /// Version 1.
    pub mod v1 {
        include!("generated/halley.realtime.v1.rs");
    }
}
/// The package `halley.client.v1`.
pub mod client {
    /// Version 1.
    pub mod v1 {
        include!("generated/halley.client.v1.rs");
    }
}

/// The contracts as a descriptor set, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("generated/descriptor.bin");
