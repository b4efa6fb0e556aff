//! The bus on a real Redis and a real Postgres.

mod consumers;
mod live;
mod relay;
mod support;
