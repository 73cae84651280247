//! `docs/configuration.md` says of every setting what the programs themselves say of it.
//! `make configuration` writes it anew.

use std::{fmt::Write as _, fs};

use clap::{Arg, Args as _, Command};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");

const BEGINNING: &str = "\
# Configuration

Every setting is an environment variable and a flag of the same words: `SCORING_LISTEN` is `--scoring-listen`. \
A flag wins over its variable. A setting that cannot be used ends the program with one sentence and exit code 64.

Durations are a number with its unit: `50ms`, `5s`, `1m 30s`. Files are read when the program starts; \
certificates of the way between gateway and scoring also later, when they change.

This file is written by `make configuration` from what `scoring --help`, `gateway --help` and `scorecast --help` say.
";

/// A part of the file: its title, what to say of it, and the settings.
struct Section {
    title: &'static str,
    about: &'static str,
    settings: Command,
}

fn sections() -> [Section; 4] {
    let command = Command::new;
    let [scoring, gateway] = [
        scoring::Config::augment_args(command("scoring")),
        gateway::Config::augment_args(command("gateway")),
    ];
    // Of the settings of both in one process: what neither has, or says in other words.
    let both = scorecast::serve::Config::augment_args(command("scorecast"));
    let of_both = services::telemetry::Telemetry::augment_args(command("both"));
    let of_both = services::runtime::Threads::augment_args(of_both);
    let row_of =
        |settings: &Command, id: &clap::Id| settings.get_arguments().find(|arg| arg.get_id() == id).map(row);
    let own: Vec<_> = both
        .get_arguments()
        .filter(|arg| {
            [&scoring, &gateway, &of_both].iter().all(|one| row_of(one, arg.get_id()) != Some(row(arg)))
        })
        .cloned()
        .collect();
    [
        Section { title: "Both services", about: "", settings: of_both },
        Section {
            title: "`scoring`",
            about: "Its other commands, `migrate`, `check` and `healthcheck`, have the same settings.",
            settings: scoring,
        },
        Section {
            title: "`gateway`",
            about: "Its other command, `healthcheck`, has the same settings.",
            settings: gateway,
        },
        Section {
            title: "`scorecast`",
            about: "Both services in one process have the settings of both. These are its own, or differ:",
            settings: command("scorecast").args(own),
        },
    ]
}

fn render() -> String {
    let mut text = BEGINNING.to_owned();
    for Section { title, about, settings } in sections() {
        writeln!(text, "\n## {title}\n").unwrap();
        if !about.is_empty() {
            writeln!(text, "{about}\n").unwrap();
        }
        writeln!(text, "| setting | if not set | what it is |\n|---|---|---|").unwrap();
        for setting in shipped(&settings) {
            writeln!(text, "{}", row(setting)).unwrap();
        }
    }
    text
}

fn row(setting: &Arg) -> String {
    let name = setting.get_env().expect("every setting has a variable").to_str().unwrap();
    let defaults: Vec<_> =
        setting.get_default_values().iter().map(|value| format!("`{}`", value.to_str().unwrap())).collect();
    let default = match &*defaults.join(" ") {
        "" => "none".to_owned(),
        "``" => "empty".to_owned(),
        default => default.to_owned(),
    };
    let mut help = setting.get_help().expect("every setting is explained").to_string();
    let values: Vec<_> = setting.get_possible_values();
    if !values.is_empty() {
        let values: Vec<_> = values
            .iter()
            .map(|value| match value.get_help() {
                Some(help) => format!("`{}` ({})", value.get_name(), lower(&help.to_string())),
                None => format!("`{}`", value.get_name()),
            })
            .collect();
        write!(help, ": {}", values.join(", ")).unwrap();
    }
    format!("| `{name}` | {default} | {} |", help.replace('|', "\\|"))
}

/// Begins a text in small letters, unless its first word is an abbreviation or a name.
fn lower(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    if word.chars().skip(1).any(|letter| letter.is_uppercase() || letter.is_numeric()) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// What settings shipped programs have: one is compiled for the tests of faults alone.
fn shipped(settings: &Command) -> impl Iterator<Item = &Arg> {
    settings.get_arguments().filter(|setting| setting.get_id() != "fail_at")
}

#[test]
fn the_file_says_what_the_programs_say() {
    let rendered = render();
    if std::env::var_os("WRITE_CONFIGURATION").is_some() {
        fs::write(FILE, &rendered).unwrap();
    }
    let written = fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        written == rendered,
        "docs/configuration.md is not what the programs say: `make configuration` writes it"
    );
}

#[test]
fn a_flag_has_the_words_of_its_variable() {
    for Section { settings, .. } in sections() {
        for setting in settings.get_arguments() {
            let (name, flag) = (setting.get_env().unwrap().to_str().unwrap(), setting.get_long().unwrap());
            assert_eq!(flag.replace('-', "_").to_uppercase(), name);
        }
    }
}
