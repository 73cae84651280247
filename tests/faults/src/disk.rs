//! A small disk that can be full: a file system in memory, mounted for one test.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Mounts the file system and takes it away when the pipe that it reads from ends, as it does with
/// the test, however that ends.
const KEEPER: &str = r#"
mount -t tmpfs -o size="$1" tmpfs "$0" && echo mounted && read -r _
umount --lazy "$0"
rmdir "$0"
"#;

/// A disk of some megabytes, gone when this value or the test process is.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    keeper: Child,
}

impl Disk {
    /// Mounts a disk of so many bytes.
    ///
    /// # Errors
    /// If this machine does not let us mount.
    pub fn of(bytes: u64) -> io::Result<Self> {
        let folder = tempfile::tempdir()?.keep();
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER]).arg(&folder).arg(bytes.to_string());
        let mut keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let said = BufReader::new(keeper.stdout.take().expect("its output is piped")).lines().next();
        let disk = Self { folder, keeper };
        match said {
            Some(Ok(_)) => Ok(disk),
            _ => Err(io::Error::new(io::ErrorKind::PermissionDenied, "no file system can be mounted here")),
        }
    }

    /// Where it is; everybody may write there.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Leaves no room on it.
    ///
    /// # Errors
    /// If something else than a lack of room stops it.
    pub fn fill(&self) -> io::Result<()> {
        let mut ballast = File::create(self.ballast())?;
        for size in [1 << 20, 1 << 12, 1] {
            let chunk = vec![0; size];
            let refused = loop {
                if let Err(error) = ballast.write_all(&chunk) {
                    break error;
                }
            };
            if refused.kind() != io::ErrorKind::StorageFull {
                return Err(refused);
            }
        }
        Ok(())
    }

    /// Makes room again.
    ///
    /// # Errors
    /// If it was not filled.
    pub fn free(&self) -> io::Result<()> {
        fs::remove_file(self.ballast())
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
