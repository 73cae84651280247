//! The program as tests in other languages use it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails, and its backtrace says where")]

use std::{
    io::{BufRead as _, BufReader},
    net::TcpStream,
    process::{Command, Stdio},
};

/// The address in a URL such as `redis://127.0.0.1:6379` or `postgres://postgres@127.0.0.1:5432/a`.
fn address(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    rest.split('/').next().unwrap()
}

#[test]
fn servers_are_named_and_gone_when_standard_input_ends() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_servers"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
    let ledger = lines.next().unwrap();
    let board = lines.next().unwrap();
    let addresses =
        [ledger.strip_prefix("LEDGER_URL=").unwrap(), board.strip_prefix("BOARD_URL=").unwrap()].map(address);
    for address in addresses {
        TcpStream::connect(address).unwrap();
    }
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    for address in addresses {
        assert!(TcpStream::connect(address).is_err(), "{address} still answers");
    }
}
