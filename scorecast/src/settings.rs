//! The settings of both services on one command line, each once, with the defaults of one machine.

use std::path::Path;

use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

/// Stands for the data folder in [`LEDGER_URL`].
const DATA: &str = "<SCORECAST_DATA>";
const LEDGER_URL: &str = "sqlite:<SCORECAST_DATA>/scorecast.db";

/// The settings of both services. What both have, such as `SHUTDOWN_GRACE`, is said once and
/// holds for both.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Those of the gRPC service.
    pub scoring: scoring::Config,
    /// Those of the browsers' side.
    pub gateway: gateway::Config,
}

impl Settings {
    /// Puts the data folder where a default names it.
    pub(crate) fn keep_in(&mut self, data: &Path) {
        self.scoring.ledger_url = self.scoring.ledger_url.replace(DATA, &data.display().to_string());
    }
}

impl Args for Settings {
    fn augment_args(command: Command) -> Command {
        let mut command = scoring::Config::augment_args(command);
        for setting in gateway::Config::augment_args(Command::new("gateway")).get_arguments() {
            if command.get_arguments().all(|known| known.get_id() != setting.get_id()) {
                command = command.arg(setting.clone());
            }
        }
        command
            .mut_arg("ledger_url", |setting| setting.default_value(LEDGER_URL))
            .mut_arg("shutdown_grace", |setting| setting.default_value("5s"))
            .mut_arg("scoring_url", |setting| setting.help("Not used: the gateway asks the scoring service beside it"))
            .mut_arg("jwt_secret", |setting| setting.help(made("Key that users' JWTs are signed with")))
            .mut_arg("sign_in", |setting| setting.default_value("builtin"))
            .mut_arg("host_password", |setting| setting.help(made("Password, 8 bytes or more, of hosts who sign in here")))
            .mut_arg("participant_secret", |setting| {
                setting.help(made("Key of participant tokens, 32 bytes or more; a second one after a comma is still accepted"))
            })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn made(help: &str) -> String {
    format!("{help}; if there is none, one is made and kept in the data folder")
}

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self {
            scoring: scoring::Config::from_arg_matches(matches)?,
            gateway: gateway::Config::from_arg_matches(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.scoring.update_from_arg_matches(matches)?;
        self.gateway.update_from_arg_matches(matches)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::{CommandFactory as _, Parser};

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        settings: Settings,
    }

    #[test]
    fn every_setting_of_both_services_is_accepted_once() {
        Program::command().debug_assert();
        let program =
            Program::parse_from(["scorecast", "--shutdown-grace=7s", "--max-sockets=9", "--write-lanes=2"]);
        let Settings { scoring, gateway } = program.settings;
        assert_eq!([scoring.shutdown_grace, gateway.shutdown_grace], [Duration::from_secs(7); 2]);
        assert_eq!((gateway.max_sockets, scoring.write_lanes), (9, 2));
    }

    #[test]
    fn unless_told_otherwise_all_is_kept_in_the_data_folder() {
        let mut settings = Program::parse_from(["scorecast"]).settings;
        settings.keep_in(Path::new("/var/lib/scorecast"));
        assert_eq!(settings.scoring.ledger_url, "sqlite:/var/lib/scorecast/scorecast.db");
        let mut settings = Program::parse_from(["scorecast", "--ledger-url=postgres://db"]).settings;
        settings.keep_in(Path::new("/var/lib/scorecast"));
        assert_eq!(settings.scoring.ledger_url, "postgres://db");
    }
}
