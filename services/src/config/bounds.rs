//! Deadlines and bounds that both services share and that are no settings, each with its reason.

use std::time::Duration;

/// How long a caller may take to introduce itself by TLS: two round trips, of a slow network too.
pub const TLS_HANDSHAKE: Duration = Duration::from_secs(5);
/// Callers that may be at it at once; the others wait to be accepted.
pub const TLS_HANDSHAKES: usize = 256;
/// The answer to `healthcheck`: less than whoever runs it gives it, so that it can say what is wrong.
pub const HEALTHCHECK: Duration = Duration::from_secs(2);
/// What a command has begun in the background may take to end, once its work is done.
pub const COMMAND_ENDS: Duration = Duration::from_secs(1);
/// The last flush of telemetry, on top of the grace period.
pub const LAST_FLUSH: Duration = Duration::from_secs(2);
/// Links of one span: enough to follow, and a bound where hundreds of answers become one.
pub const LINKS: usize = 32;
