//! The gRPC contract: what `proto/scorecast/v1` says, as Rust types, clients and servers.

mod codec;

pub use codec::Codec;

/// Package `scorecast.v1`.
#[allow(missing_docs, reason = "generated; the .proto files carry the comments")]
pub mod v1 {
    tonic::include_proto!("scorecast.v1");
}

/// The encoded `google.protobuf.FileDescriptorSet` of the contract, for server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("descriptors");
