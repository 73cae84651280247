//! Scorecast from outside: what callers of HTTP, WebSockets and gRPC see, one file per theme.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails, and its backtrace says where")]

#[macro_use]
mod support;

mod activity;
mod answers;
mod authorization;
mod bad_input;
mod boards;
mod command_line;
mod configuration;
mod demo;
mod flow;
mod grpc;
mod life;
mod locked;
mod missed;
mod outages;
mod people;
mod process;
mod slow;
mod subjects;
mod tls;
mod upgrade;
mod uploads;
