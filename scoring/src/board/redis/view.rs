//! Reading: what is asked of the server and what its answer means. Talks to no server.

use anyhow::{Context as _, anyhow, bail};

use super::{Call, Keys, Verb, layout};
use crate::{
    board::{BoardId, Member, Phase, Row, Version, View, Window},
    ranking,
};

/// Epoch, applied, status, run, total, how many rows stand before the window, the rank of its
/// first row; its rows: member, place, label; of each member asked for: place (empty: no row),
/// rank, label.
pub(super) type Answer =
    (u64, u64, String, u32, u32, u32, u32, Vec<(String, String, String)>, Vec<(String, u32, String)>);

/// What to ask.
pub(super) fn call(board: &BoardId, window: Window, members: &[Member]) -> Call<'static> {
    let (kind, which, limit) = match window {
        Window::Page { offset, limit } => ("PAGE", offset.to_string(), limit),
        Window::Around { member, limit } => ("AROUND", member.to_string(), limit),
    };
    let mut arguments = vec![kind.into(), which.into(), limit.to_string().into()];
    arguments.extend(members.iter().map(|member| member.to_string().into()));
    Call { verb: Verb::Read, keys: Keys::of(board).board().into(), arguments }
}

/// Understands the answer.
pub(super) fn decode(board: &BoardId, members: &[Member], answer: Answer) -> anyhow::Result<View> {
    let (epoch, seq, status, run, total, offset, first, rows, standings) = answer;
    let status = match &*status {
        "" => None,
        word => Some(word.parse().map_err(|_| anyhow!("{word:?} is no status"))?),
    };
    let mut keys = Vec::with_capacity(rows.len());
    for (_, place, _) in &rows {
        keys.push(key(place)?);
    }
    let ranks = ranking::ranks(first, offset, keys.iter().copied());
    let mut ranked = Vec::with_capacity(rows.len());
    for (((name, _, label), key), rank) in rows.into_iter().zip(&keys).zip(ranks) {
        ranked.push(Row { member: member(board, &name)?, rank, key: *key, label: label.into() });
    }
    if standings.len() != members.len() {
        bail!("{} standings for {} members", standings.len(), members.len());
    }
    let standing = |(member, (place, rank, label)): (&Member, (String, u32, String))| match &*place {
        "" => Ok(None),
        place => Ok(Some(Row { member: *member, rank, key: key(place)?, label: label.into() })),
    };
    Ok(View {
        version: Version { epoch, seq },
        phase: Phase { status, run },
        total,
        rows: ranked,
        standings: members.iter().zip(standings).map(standing).collect::<anyhow::Result<_>>()?,
    })
}

fn key(place: &str) -> anyhow::Result<ranking::Key> {
    layout::key(place).with_context(|| format!("{place:?} is no place"))
}

fn member(board: &BoardId, name: &str) -> anyhow::Result<Member> {
    match board {
        BoardId::Quiz(_) => Ok(Member::Participant(name.parse()?)),
        BoardId::Subject(_) => Ok(Member::User(name.parse()?)),
    }
}
