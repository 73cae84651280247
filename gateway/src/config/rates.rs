//! How often callers may do what, as settings.

use std::num::NonZeroU32;

use clap::Args;

/// How often callers may do what; each also is the burst unless another setting says so.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gateway rates")]
pub struct RateSettings {
    /// New sockets and joins per second and client address (IPv6: /64)
    #[arg(long, env = "ENTRY_RATE", default_value = "200", value_name = "PER_SECOND")]
    pub entry_rate: NonZeroU32,

    /// New sockets and joins of one client address at once, after a quiet time
    #[arg(long, env = "ENTRY_BURST", default_value = "2000", value_name = "COUNT")]
    pub entry_burst: NonZeroU32,

    /// Wrong join codes per minute and client address, and as many wrong passwords
    #[arg(long, env = "WRONG_CODE_RATE", default_value = "10", value_name = "PER_MINUTE")]
    pub wrong_code_rate: NonZeroU32,

    /// Answers per second and participant
    #[arg(long, env = "ANSWER_RATE", default_value = "10", value_name = "PER_SECOND")]
    pub answer_rate: NonZeroU32,

    /// Messages per second that a socket may send
    #[arg(long, env = "MESSAGE_RATE", default_value = "10", value_name = "PER_SECOND")]
    pub message_rate: NonZeroU32,

    /// Messages that a socket may send at once, after a quiet time
    #[arg(long, env = "MESSAGE_BURST", default_value = "50", value_name = "COUNT")]
    pub message_burst: NonZeroU32,
}
