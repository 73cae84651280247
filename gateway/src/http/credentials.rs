//! Who a request comes from: each route takes one kind of credentials by naming it as an argument;
//! any other kind is 401.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use proto::v1;

use super::{
    Gateway,
    error::{Code, Error},
    request::InQuiz,
};
use crate::{
    ids::ParticipantId,
    tokens::{Role, Seat, User},
};

/// A user of any role.
pub(crate) struct SignedIn(User);

impl SignedIn {
    /// Reads the token among the headers of a request that must bring one.
    pub(crate) async fn read(headers: &HeaderMap, gateway: &Gateway) -> Result<Self, Error> {
        let token = bearer(headers)?.ok_or_else(|| unauthenticated(WANT_JWT))?;
        Ok(Self(gateway.jwt.verify(token).await?))
    }

    /// The user as a host, if it may run quizzes.
    pub(crate) fn host(&self) -> Option<Host> {
        match self.0.role {
            Role::Host | Role::Admin => Some(Host(self.0.clone())),
            Role::Player => None,
        }
    }
}

impl From<SignedIn> for v1::User {
    fn from(SignedIn(user): SignedIn) -> Self {
        Self { issuer: user.issuer, subject: user.subject, username: user.username }
    }
}

impl FromRequestParts<Arc<Gateway>> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Error> {
        Self::read(&parts.headers, gateway).await
    }
}

/// A user who may run quizzes.
pub(crate) struct Host(User);

impl Host {
    /// Whose quizzes this host makes.
    pub(crate) fn owner_id(&self) -> String {
        self.0.owner_key()
    }

    /// Whom scoring shall take this host for: itself, or for an admin the operator.
    pub(crate) fn acting_as(&self) -> String {
        match self.0.role {
            Role::Admin => String::new(),
            Role::Host | Role::Player => self.0.owner_key(),
        }
    }

    /// Whether it may run the quizzes of this owner.
    pub(crate) fn runs_quizzes_of(&self, owner_id: &str) -> bool {
        self.0.role == Role::Admin || self.0.owner_key() == owner_id
    }

    /// Who vouches for the persons whom this host names.
    pub(crate) fn issuer(&self) -> String {
        self.0.issuer.clone()
    }
}

impl FromRequestParts<Arc<Gateway>> for Host {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Error> {
        let user = SignedIn::read(&parts.headers, gateway).await?;
        user.host().ok_or_else(|| Error::new(Code::Forbidden, "only a host may do this, sign in as one"))
    }
}

/// Nobody in particular, or a user. A token that is present but bad is never nobody.
pub(crate) struct Visitor(pub(crate) Option<v1::User>);

impl FromRequestParts<Arc<Gateway>> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Error> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            Ok(Self(Some(SignedIn::read(&parts.headers, gateway).await?.into())))
        } else {
            Ok(Self(None))
        }
    }
}

/// The participant whose token the request brings; the token is for the quiz in the path.
pub(crate) struct Participant(pub(crate) Seat);

impl FromRequestParts<Arc<Gateway>> for Participant {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Error> {
        let InQuiz(quiz) = InQuiz::from_request_parts(parts, gateway).await?;
        let seat = bearer(&parts.headers)?.and_then(|token| gateway.participants.verify(token));
        let seat = seat.ok_or_else(|| unauthenticated(WANT_PARTICIPANT_TOKEN))?;
        if seat.quiz == quiz { Ok(Self(seat)) } else { Err(Error::not_a_participant()) }
    }
}

/// Whose own answers are asked for: a participant's, or those of a user's seat in the quiz.
pub(crate) enum Answerer {
    Participant(ParticipantId),
    User(v1::User),
}

impl FromRequestParts<Arc<Gateway>> for Answerer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Error> {
        match bearer(&parts.headers)? {
            Some(token) if !is_participant_token(token) => {
                Ok(Self::User(SignedIn(gateway.jwt.verify(token).await?).into()))
            }
            _ => {
                let Participant(seat) = Participant::from_request_parts(parts, gateway).await?;
                Ok(Self::Participant(seat.participant))
            }
        }
    }
}

const WANT_JWT: &str = "sign in and send the header Authorization: Bearer <token>";

const WANT_PARTICIPANT_TOKEN: &str =
    "send the participant_token of your join in the header Authorization: Bearer pt_…";

fn unauthenticated(sentence: &'static str) -> Error {
    Error::new(Code::Unauthenticated, sentence)
}

fn is_participant_token(token: &str) -> bool {
    token.starts_with("pt_")
}

/// The token of the request, if it brings one (RFC 6750 §2.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.map(|(_, token)| token.trim()).filter(|token| !token.is_empty());
    token.map(Some).ok_or_else(|| unauthenticated(WANT_JWT))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_token_stands_behind_the_word_bearer() {
        let read = |value: &str| {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
            bearer(&headers).map(|token| token.map(str::to_owned)).map_err(|error| error.code())
        };
        assert_eq!(read("Bearer abc"), Ok(Some("abc".to_owned())));
        assert_eq!(read("bearer  abc "), Ok(Some("abc".to_owned())));
        for other in ["abc", "Basic abc", "Bearer", "Bearer ", "Bearér abc"] {
            assert_eq!(read(other), Err(Code::Unauthenticated), "{other}");
        }
        assert_eq!(bearer(&HeaderMap::new()).unwrap(), None);
    }
}
