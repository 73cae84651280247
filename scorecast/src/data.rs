//! The data folder: everything that one Scorecast keeps, for one process at a time.
//!
//! It knows files and secrets, not what they are good for.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use clap::Args;
use rand::distr::{Alphanumeric, SampleString as _};

/// Letters and digits of a made key: about 285 bits.
const KEY_LENGTH: usize = 48;

/// Letters and digits of a made password, which somebody will type: about 95 bits.
const PASSWORD_LENGTH: usize = 16;

/// Which folder it is.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Folder {
    /// Folder for the database and the made secrets; it is made if it is not there
    #[arg(long = "scorecast-data", env = "SCORECAST_DATA", value_name = "FOLDER", default_value = DEFAULT)]
    pub path: PathBuf,
}

const DEFAULT: &str = "data";

impl Default for Folder {
    fn default() -> Self {
        Self { path: DEFAULT.into() }
    }
}

/// A secret that is made at the first start and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// Signs and verifies users' tokens.
    Jwt,
    /// Signs and verifies participants' tokens.
    Participant,
    /// What a host signs in with.
    HostPassword,
}

impl Secret {
    fn file_name(self) -> &'static str {
        match self {
            Self::Jwt => "jwt-secret",
            Self::Participant => "participant-secret",
            Self::HostPassword => "host-password",
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Jwt | Self::Participant => KEY_LENGTH,
            Self::HostPassword => PASSWORD_LENGTH,
        }
    }
}

/// Why the folder is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has it open.
    #[error("another scorecast{process} is running on the folder {}; stop it, or choose another with SCORECAST_DATA", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// Which process, as in ` (process 4711)`, if it has said so.
        process: String,
    },
    /// A kept secret is too short to be one of ours.
    #[error("{} is damaged; delete it to have a new secret made, which makes earlier tokens invalid", .0.display())]
    DamagedSecret(PathBuf),
    /// The system refuses.
    #[error("cannot use {}", path.display())]
    Refused {
        /// What was to be made, read or written.
        path: PathBuf,
        /// In the system's words.
        source: io::Error,
    },
}

/// The folder is this process's own until this is dropped.
#[derive(Debug)]
pub struct Claim {
    _lock: File,
}

impl Folder {
    /// Takes the folder for this process.
    ///
    /// # Errors
    /// If another process has it, or it cannot be made or written.
    pub fn claim(&self) -> Result<Claim, Error> {
        self.make()?;
        let path = self.path.join("lock");
        let refused = |source| Error::Refused { path: path.clone(), source };
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut id = String::new();
                let _ = lock.read_to_string(&mut id);
                let process =
                    id.trim().parse::<u32>().map_or_else(|_| String::new(), |id| format!(" (process {id})"));
                return Err(Error::InUse { folder: self.path.clone(), process });
            }
            Err(TryLockError::Error(source)) => return Err(refused(source)),
        }
        lock.set_len(0).map_err(refused)?;
        writeln!(lock, "{}", std::process::id()).map_err(refused)?;
        Ok(Claim { _lock: lock })
    }

    /// Reads a kept secret, or makes it and keeps it where only this user can read it. Of several
    /// processes that make it at once, all get the same.
    ///
    /// # Errors
    /// If it cannot be read or made, or is damaged.
    pub fn secret(&self, secret: Secret) -> Result<String, Error> {
        self.make()?;
        let path = self.path.join(secret.file_name());
        let refused = |source| Error::Refused { path: path.clone(), source };
        match fs::read_to_string(&path) {
            Ok(kept) if kept.trim().len() < secret.length() => return Err(Error::DamagedSecret(path)),
            Ok(kept) => return Ok(kept.trim().to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(refused(error)),
        }
        let made = Alphanumeric.sample_string(&mut rand::rng(), secret.length());
        let mut file = tempfile::NamedTempFile::new_in(&self.path).map_err(refused)?;
        writeln!(file, "{made}").and_then(|()| file.as_file().sync_all()).map_err(refused)?;
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(made),
            Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => self.secret(secret),
            Err(lost) => Err(refused(lost.error)),
        }
    }

    /// A file of this folder, by its name.
    #[must_use]
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    fn make(&self) -> Result<(), Error> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
            .map_err(|source| Error::Refused { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder { path: parent.path().join("made/when/needed") };
        (parent, folder)
    }

    #[test]
    fn a_secret_is_made_once_and_kept() {
        let (_parent, folder) = folder();
        let made = folder.secret(Secret::Jwt).unwrap();
        assert_eq!(made.len(), KEY_LENGTH);
        assert_eq!(folder.secret(Secret::Jwt).unwrap(), made);
        assert_ne!(folder.secret(Secret::Participant).unwrap(), made);
    }

    #[test]
    fn only_its_owner_can_read_a_secret() {
        let (_parent, folder) = folder();
        folder.secret(Secret::Jwt).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.file("jwt-secret")), 0o600);
        assert_eq!(mode(&folder.path), 0o700);
    }

    #[test]
    fn all_who_make_a_secret_at_once_get_the_same() {
        let (_parent, folder) = folder();
        let secrets: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| folder.secret(Secret::Jwt).unwrap())).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
    }

    #[test]
    fn a_damaged_secret_is_refused_and_not_replaced() {
        let (_parent, folder) = folder();
        folder.secret(Secret::Jwt).unwrap();
        fs::write(folder.file("jwt-secret"), "short").unwrap();
        assert!(matches!(folder.secret(Secret::Jwt), Err(Error::DamagedSecret(_))));
        assert_eq!(fs::read_to_string(folder.file("jwt-secret")).unwrap(), "short");
    }

    #[test]
    fn a_folder_is_claimed_by_one_at_a_time() {
        let (_parent, folder) = folder();
        let claim = folder.claim().unwrap();
        let refused = folder.claim().unwrap_err().to_string();
        assert!(refused.contains(&format!("(process {})", std::process::id())), "{refused}");
        drop(claim);
        folder.claim().unwrap();
    }
}
