//! Users: persons across quizzes, as somebody else vouches for them.

use jiff::Timestamp;

/// A person across quizzes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// Who vouches for the subject: `JWT_ISSUER`.
    pub(crate) issuer: String,
    /// The person, unique at that issuer.
    pub(crate) subject: String,
    /// The name to show.
    pub(crate) username: String,
    /// What the person may do.
    pub(crate) role: Role,
    /// Until when this holds.
    pub(crate) expires_at: Timestamp,
}

impl User {
    /// Names the person as an owner of quizzes: the JSON array of issuer and subject, so that
    /// no two persons share it.
    pub(crate) fn owner_key(&self) -> String {
        serde_json::to_string(&(&self.issuer, &self.subject)).expect("strings always encode")
    }
}

/// What a user may do beyond taking part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing more.
    Player,
    /// Run quizzes of its own.
    Host,
    /// Run everybody's quizzes.
    Admin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_persons_never_share_an_owner_key() {
        let user = |issuer: &str, subject: &str| User {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            username: String::new(),
            role: Role::Host,
            expires_at: Timestamp::MAX,
        };
        assert_ne!(user("a\",\"b", "c").owner_key(), user("a", "b\",\"c").owner_key());
    }
}
