//! What the tests share: a run of the binary in an empty environment, and servers on loopback.

pub mod certificates;
pub mod server;

use std::env::{join_paths, split_paths, var, var_os};
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

pub const KEY: &str = "52ee4d98-the-key-of-the-tests";
/// The secret of every run that has one. No output may contain it.
pub const SECRET: &str = "s3cr3t-of-the-tests-8f2a";
/// The password in a proxy's URL.
pub const PROXY_PASSWORD: &str = "pr0xy-passw0rd-of-the-tests";

/// A program in an empty environment, with the usual signals: no setting of the tester's own, and
/// no profile file. `smartextract` comes first on PATH.
pub fn isolated(program: impl AsRef<OsStr>) -> Command {
    #[cfg(unix)]
    restore_ignored_signals();
    // Without `SystemRoot` Windows opens no sockets.
    let kept = ["PATHEXT", "SystemRoot", "TEMP", "TMP"];
    let kept = kept.iter().filter_map(|name| Some((name, var_os(name)?)));
    let own = cargo_bin!("smartextract").parent().unwrap().to_owned();
    let path = var_os("PATH").unwrap();
    let path = join_paths([own].into_iter().chain(split_paths(&path))).unwrap();
    let mut command = Command::new(program);
    command.env_clear().envs(kept).env("PATH", path);
    command
}

/// One run, with an empty environment and a new home directory.
pub struct Case {
    home: TempDir,
    command: Command,
    stdin: Vec<u8>,
}

impl Case {
    /// `smartextract ARGUMENTS…`, the arguments separated by spaces.
    pub fn new(arguments: &str) -> Self {
        let mut case = Self::of(cargo_bin!("smartextract"));
        case.command.args(arguments.split_whitespace());
        case
    }

    /// `SHELL -c SCRIPT`.
    pub fn script(shell: &str, script: &str) -> Self {
        Self::of(shell).arg("-c").arg(script)
    }

    fn of(program: impl AsRef<OsStr>) -> Self {
        let home = TempDir::new().unwrap();
        let mut command = isolated(program);
        command.env("HOME", home.path()).current_dir(home.path());
        Self { home, command, stdin: Vec::new() }
    }

    /// With key and secret, for the API at this URL, without retries.
    pub fn against(self, url: &str) -> Self {
        self.env("SMARTEXTRACT_TOKEN_URL", url)
            .env("SMARTEXTRACT_KEY", KEY)
            .env("SMARTEXTRACT_SECRET", SECRET)
            .env("SMARTEXTRACT_RETRIES", "0")
    }

    /// `smartextract token ARGUMENTS…` against the API at this URL.
    pub fn token(url: &str, arguments: &str) -> Self {
        Self::new(&format!("token {arguments}")).against(url)
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.stdin = input.into();
        self
    }

    /// Creates a file in the home directory, which is also the working directory. Only its owner
    /// can read it. On Windows no variable changes the default path of the profile file, so
    /// `SMARTEXTRACT_CONFIG` names the file.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        set_mode(&path, 0o600);
        let redirected = name != PROFILE || cfg!(not(windows));
        if redirected { self } else { self.env("SMARTEXTRACT_CONFIG", path) }
    }

    pub fn profile(self, text: &str) -> Self {
        self.file(PROFILE, text)
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    #[cfg(unix)]
    pub fn on_a_terminal(self) -> (TempDir, rexpect::session::PtySession) {
        (self.home, rexpect::session::spawn_command(self.command, Some(20_000)).unwrap())
    }

    pub fn run(self) -> Outcome {
        let mut command = assert_cmd::Command::from_std(self.command);
        command.timeout(Duration::from_secs(60)).write_stdin(self.stdin);
        let output = command.output().unwrap();
        let killed = || panic!("killed, by the test's time limit or a signal: {output:?}");
        let outcome = Outcome {
            code: output.status.code().unwrap_or_else(killed),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            home: self.home,
        };
        check_for_secrets(&outcome.stdout, &outcome.stderr);
        outcome
    }
}

/// The default path of the profile file in the home directory.
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

pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    home: TempDir,
}

impl Outcome {
    /// Checks that the run succeeded and printed exactly this.
    #[track_caller]
    pub fn prints(self, stdout: &str) -> Self {
        assert_eq!((self.code, self.stdout.as_str()), (0, stdout), "{}", self.stderr);
        self
    }

    /// Checks that the run failed with this exit code and printed nothing.
    #[track_caller]
    pub fn fails(self, code: i32) -> Self {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.stderr);
        self
    }

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

    #[cfg(unix)]
    pub fn mode(&self, path: &str) -> u32 {
        let permissions = fs::metadata(self.path(path)).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o777
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }
}

/// Checks that no output contains a secret, and that there was no panic.
pub fn check_for_secrets(stdout: &str, stderr: &str) {
    for secret in [SECRET, PROXY_PASSWORD] {
        assert!(!stdout.contains(secret), "a secret on standard output:\n{stdout}");
        assert!(!stderr.contains(secret), "a secret on standard error:\n{stderr}");
    }
    assert!(!stderr.contains(KEY), "the whole key on standard error:\n{stderr}");
    assert!(!stderr.contains("bug in smartextract"), "a panic:\n{stderr}");
}

#[test]
#[should_panic(expected = "a secret on standard error")]
fn a_secret_on_standard_error_is_found() {
    check_for_secrets("", SECRET);
}

/// Gives the programs that the tests start the usual reaction to signals, even if the tests ignore
/// them, as under `nohup` or in the background of a script: a handler, unlike `SIG_IGN`, does not
/// outlast `exec`. This one does what is usual in the tests, too.
#[cfg(unix)]
fn restore_ignored_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1};
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1] {
            let always = std::sync::Arc::new(true.into());
            signal_hook::flag::register_conditional_default(signal, always).unwrap();
        }
    });
}

/// Whether a test can use this program.
pub fn has_program(program: &str) -> bool {
    let path = var_os("PATH").unwrap_or_default();
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let found = split_paths(&path).any(|directory| directory.join(&file).is_file());
    available(found, program)
}

/// Whether a test can use what it needs. If not, the test reports that it is skipped, or fails if
/// `SMARTEXTRACT_TEST_PROGRAMS` is `required`.
pub fn available(found: bool, what: &str) -> bool {
    let required = var("SMARTEXTRACT_TEST_PROGRAMS").is_ok_and(|value| value == "required");
    assert!(found || !required, "there is no {what}, but SMARTEXTRACT_TEST_PROGRAMS requires it");
    if !found {
        // The test harness captures the output of eprintln!.
        std::io::stderr().write_all(format!("SKIPPED: there is no {what}\n").as_bytes()).unwrap();
    }
    found
}
