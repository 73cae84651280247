//! How identifiers stand in a column: as their text, in every database.

use sqlx::{
    Database, Decode, Encode, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgHasArrayType, PgTypeInfo},
};

use crate::{
    ids::{ParticipantId, QuestionId, QuizId, SessionId, UserId},
    quiz::Subject,
};

macro_rules! stands_as_text {
    ($($value:ty),+) => {$(
        impl<DB: Database> Type<DB> for $value where String: Type<DB> {
            fn type_info() -> DB::TypeInfo {
                <String as Type<DB>>::type_info()
            }

            fn compatible(ty: &DB::TypeInfo) -> bool {
                <String as Type<DB>>::compatible(ty)
            }
        }

        impl<'q, DB: Database> Encode<'q, DB> for $value where String: Encode<'q, DB> {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                self.to_string().encode(buffer)
            }
        }

        impl<'r, DB: Database> Decode<'r, DB> for $value where &'r str: Decode<'r, DB> {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                Ok(<&str as Decode<'r, DB>>::decode(value)?.parse()?)
            }
        }
    )+};
}

stands_as_text!(QuizId, ParticipantId, QuestionId, UserId, SessionId, Subject);

macro_rules! stands_in_arrays {
    ($($value:ty),+) => {$(
        impl PgHasArrayType for $value {
            fn array_type_info() -> PgTypeInfo {
                <String as PgHasArrayType>::array_type_info()
            }
        }
    )+};
}

stands_in_arrays!(QuizId, ParticipantId, QuestionId);
