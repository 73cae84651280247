//! Names from OpenTelemetry's semantic conventions, version 1.42.0: those of HTTP and of databases
//! are stable there, those of RPC a release candidate. Another version changes this file alone.
/// Which version this is.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.42.0";

pub use names::*;

#[allow(missing_docs, reason = "the conventions say what each means")]
mod names {
    pub const DB_CLIENT_OPERATION_DURATION: &str = "db.client.operation.duration";
    pub const DB_OPERATION_BATCH_SIZE: &str = "db.operation.batch.size";
    pub const DB_OPERATION_NAME: &str = "db.operation.name";
    pub const DB_QUERY_SUMMARY: &str = "db.query.summary";
    pub const DB_STORED_PROCEDURE_NAME: &str = "db.stored_procedure.name";
    pub const DB_SYSTEM_NAME: &str = "db.system.name";
    pub const ERROR_TYPE: &str = "error.type";
    pub const HTTP_REQUEST_METHOD: &str = "http.request.method";
    pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";
    pub const HTTP_ROUTE: &str = "http.route";
    pub const HTTP_SERVER_REQUEST_DURATION: &str = "http.server.request.duration";
    pub const RPC_CLIENT_CALL_DURATION: &str = "rpc.client.call.duration";
    pub const RPC_METHOD: &str = "rpc.method";
    pub const RPC_RESPONSE_STATUS_CODE: &str = "rpc.response.status_code";
    pub const RPC_SERVER_CALL_DURATION: &str = "rpc.server.call.duration";
    pub const RPC_SYSTEM_NAME: &str = "rpc.system.name";
    pub const SERVER_ADDRESS: &str = "server.address";
    pub const SERVER_PORT: &str = "server.port";
    pub const URL_PATH: &str = "url.path";
    pub const URL_SCHEME: &str = "url.scheme";
}

/// The buckets of durations of calls and requests, in seconds.
pub const DURATION_BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The buckets of durations of database calls, in seconds.
pub const DB_DURATION_BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
