//! Who may do what: every HTTP route for every kind of caller, every gRPC method for every owner,
//! as tables. A route or method that is in neither table fails the test.

mod callers;
mod grpc;
mod http;
