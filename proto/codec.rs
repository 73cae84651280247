//! How messages become bytes: as tonic's own codec does it, but with small buffers.

use std::marker::PhantomData;

use prost::Message;
use tonic::codec::{self, BufferSettings};
use tonic_prost::{ProstDecoder, ProstEncoder};

/// What a call sets aside for each direction, in bytes. tonic's 8 KiB are more than an allocator keeps
/// at hand, and most messages have some hundred bytes; for those that have more, buffers grow.
const BUFFER: usize = 512;
/// How many bytes of a stream's messages that are ready go out together: tonic's own choice.
const TOGETHER: usize = 32 << 10;

/// Writes `T` and reads `U`, for one call.
#[derive(Debug, Clone)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = ProstDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::new(BUFFER, TOGETHER))
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstDecoder::new(BufferSettings::new(BUFFER, TOGETHER))
    }
}
