//! What the tests share: a run of the binary in an empty environment, and servers to talk to.

pub mod certificates;
pub mod proxy;
pub mod server;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

pub const KEY: &str = "52ee4d98-the-key-of-the-tests";
/// Stands in every run that has a secret; no output may ever hold it.
pub const SECRET: &str = "s3cr3t-of-the-tests-8f2a";
/// What a proxy's URL holds in the tests.
pub const PROXY_PASSWORD: &str = "pr0xy-passw0rd-of-the-tests";

/// One run of the binary: an empty environment and a home folder of its own.
pub struct Case {
    home: TempDir,
    command: Command,
}

impl Case {
    /// `smartextract ARGUMENTS…`, the arguments parted by spaces.
    pub fn new(arguments: &str) -> Self {
        let home = TempDir::new().unwrap();
        let mut command = Command::new(cargo_bin!("smartextract"));
        command
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(home.path())
            .timeout(Duration::from_secs(60))
            .args(arguments.split_whitespace());
        Self { home, command }
    }

    /// `smartextract token ARGUMENTS…` with key and secret, sent to this URL, tried once.
    pub fn token(url: &str, arguments: &str) -> Self {
        Self::new(&format!("token {arguments}"))
            .env("SMARTEXTRACT_TOKEN_URL", url)
            .env("SMARTEXTRACT_KEY", KEY)
            .env("SMARTEXTRACT_SECRET", SECRET)
            .env("SMARTEXTRACT_RETRIES", "0")
    }

    pub fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.command.write_stdin(input);
        self
    }

    /// A file in the home folder, which is also the working folder; only its owner may read it.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        set_mode(&path, 0o600);
        self
    }

    /// The profile file in its default place.
    pub fn profile(self, text: &str) -> Self {
        self.file(PROFILE, text)
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    pub fn run(mut self) -> Outcome {
        let output = self.command.output().unwrap();
        let killed = || panic!("not ended by itself, within the test's time limit: {output:?}");
        let outcome = Outcome {
            code: output.status.code().unwrap_or_else(killed),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            home: self.home,
        };
        outcome.hides_secrets();
        outcome
    }
}

/// Where the profile file is looked for, below the home folder.
pub const PROFILE: &str = if cfg!(target_os = "macos") {
    "Library/Application Support/smartextract/config.toml"
} else {
    ".config/smartextract/config.toml"
};

pub fn set_mode(path: &Path, mode: u32) {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    #[cfg(not(unix))]
    let _ = (path, mode);
}

/// What a run left behind.
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    home: TempDir,
}

impl Outcome {
    /// The guard over the whole suite: no secret on either stream, and no panic.
    fn hides_secrets(&self) {
        for secret in [SECRET, PROXY_PASSWORD] {
            assert!(!self.stdout.contains(secret), "a secret on standard output:\n{}", self.stdout);
            assert!(!self.stderr.contains(secret), "a secret on standard error:\n{}", self.stderr);
        }
        assert!(!self.stderr.contains(KEY), "the whole key on standard error:\n{}", self.stderr);
        assert!(!self.stderr.contains("bug in smartextract"), "a panic:\n{}", self.stderr);
    }

    /// It worked and printed exactly this.
    #[track_caller]
    pub fn prints(self, stdout: &str) -> Self {
        assert_eq!((self.code, self.stdout.as_str()), (0, stdout), "{}", self.stderr);
        self
    }

    /// It failed with this exit code and printed nothing.
    #[track_caller]
    pub fn fails(self, code: i32) -> Self {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.stderr);
        self
    }

    /// Standard error holds this.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in:\n{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        assert!(!self.stderr.contains(text), "{text:?} in:\n{}", self.stderr);
        self
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    pub fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    #[cfg(unix)]
    pub fn mode(&self, path: &str) -> u32 {
        let permissions = fs::metadata(self.path(path)).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o777
    }

    /// A file that the run wrote or kept in its home folder.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }
}

/// Whether a test can use this program. Where it is missing the test says loudly that it is
/// skipped, or fails where `SMARTEXTRACT_TEST_PROGRAMS` says `required`.
pub fn has_program(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
        return true;
    }
    let required =
        std::env::var("SMARTEXTRACT_TEST_PROGRAMS").is_ok_and(|value| value == "required");
    assert!(!required, "{program} is not installed, and this machine must have it");
    // Not by eprintln!, which the test harness keeps to itself.
    let line = format!("SKIPPED: {program} is not installed\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    false
}

#[test]
#[should_panic(expected = "a secret on standard error")]
fn the_guard_sees_a_secret() {
    Outcome {
        code: 0,
        stdout: String::new(),
        stderr: SECRET.to_owned(),
        home: TempDir::new().unwrap(),
    }
    .hides_secrets();
}
