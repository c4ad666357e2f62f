//! `config init`: a new profile, from questions on a terminal or as a commented example.

use crate::support::{Case, KEY, PROFILE, SECRET, isolated, skipped};

// On Windows no variable moves the default path.
#[cfg(unix)]
#[test]
fn without_a_terminal_it_writes_the_commented_example_readable_by_its_owner_only() {
    let outcome = Case::new("config init").run().prints("").says("below [profiles.default]");
    let text = outcome.read(PROFILE);
    assert!(text.contains("\n# secret_command = [\"pass\""), "{text}");
    let settings: Vec<_> =
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(settings, ["[profiles.default]"]);
    for (path, mode) in [(PROFILE, 0o600), (PROFILE.rsplit_once('/').unwrap().0, 0o700)] {
        assert_eq!(outcome.mode(path), mode, "{path}");
    }
    Case::new("token").profile(&text).run().fails(4).says("profile default has none");
}

#[test]
fn quiet_prints_nothing() {
    let outcome = Case::new("config init -q --config new.toml").run().prints("");
    assert_eq!(outcome.stderr, "");
}

#[test]
fn an_existing_file_or_profile_is_never_overwritten() {
    for (arguments, text) in [
        ("config init", "[profiles.default]\n"),
        ("config init", "not TOML"),
        ("config init --profile one", "[profiles.one]\nkey = \"k\"\n"),
        ("config init --profile two", "profiles = { one = { key = \"k\" } }\n"),
        ("config init --profile two", "not TOML"),
    ] {
        let outcome = Case::new(arguments).profile(text).run().fails(3);
        assert_eq!(outcome.read(PROFILE), text, "{arguments}");
    }
}

#[test]
fn an_added_profile_changes_no_byte_of_the_existing_file() {
    for (name, before) in [
        ("staging", "# mine\r\n[profiles.default]\nkey = \"k\" # c\n\n"),
        ("staging", "[profiles.default]\nkey = \"k\""),
        ("two words", "default_profile = \"a\"\n[profiles.a]\n[environments]\n"),
    ] {
        let case = Case::new("config init --profile").arg(name).profile(before);
        let after = case.run().prints("").read(PROFILE);
        assert!(after.starts_with(before), "{after:?}");
        let shown = Case::new("config show -p").arg(name).profile(&after).run();
        assert!(shown.stdout.contains(name), "{}", shown.stdout);
    }
}

#[cfg(unix)]
#[test]
fn an_added_profile_keeps_mode_and_symbolic_link() {
    let text = "[profiles.y]\nsecret = \"s\"\n";
    let case = Case::new("config init --profile x --config link").file("real", text);
    crate::support::set_mode(&case.path("real"), 0o640);
    std::os::unix::fs::symlink("real", case.path("link")).unwrap();
    let outcome = case.run().prints("").says("other users can read the secret in link");
    assert!(outcome.path("link").is_symlink());
    assert!(outcome.read("real").contains("[profiles.x]"));
    assert_eq!(outcome.mode("real"), 0o640);
}

/// A user's file that root adds to.
#[cfg(unix)]
#[test]
fn an_added_profile_keeps_the_owner() {
    use std::os::unix::fs::{MetadataExt, chown};
    const OWNER: Option<u32> = Some(65534);
    let case = Case::new("config init --profile x").profile("");
    let is_root = case.path(PROFILE).metadata().unwrap().uid() == 0;
    if !is_root || chown(case.path(PROFILE), OWNER, OWNER).is_err() {
        skipped("only root can give a file to another user");
        return;
    }
    let metadata = case.run().prints("").path(PROFILE).metadata().unwrap();
    assert_eq!((Some(metadata.uid()), Some(metadata.gid())), (OWNER, OWNER));
}

#[cfg(target_os = "linux")]
#[test]
fn a_failed_write_leaves_the_file_as_it_was() {
    for (text, limit) in [(Some("#".repeat(500)), 1), (None, 0)] {
        let left = text.clone().unwrap_or_default();
        let home = tempfile::TempDir::new().unwrap();
        if let Some(text) = &text {
            std::fs::write(home.path().join("c"), text).unwrap();
        }
        let program = assert_cmd::cargo::cargo_bin!("smartextract").display().to_string();
        // The limit is in units of 512 bytes.
        let script = format!("ulimit -f {limit}; '{program}' config init --config c; exit $?");
        let output = isolated("sh").args(["-c", &script]).current_dir(home.path()).output();
        assert_eq!(output.unwrap().status.code(), Some(1));
        assert_eq!(std::fs::read_to_string(home.path().join("c")).unwrap(), left);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_or_device_is_never_replaced() {
    let case = Case::new("config init --profile x --config pipe");
    let made = isolated("mkfifo").arg(case.path("pipe")).status();
    assert!(made.unwrap().success());
    case.run().fails(3).says("not a regular file");
    let case = Case::new("config init --profile x --config /dev/fd/0").stdin("");
    case.run().fails(3).says("not a regular file");
}

#[test]
fn a_file_that_can_not_be_written_leaves_nothing_behind() {
    let case = Case::new("config init --config /dev/null/x/config.toml");
    case.run().fails(1).says("can't be written");
}

#[cfg(unix)]
mod on_a_terminal {
    use assert_cmd::cargo::cargo_bin;
    use rexpect::session::{PtySession, spawn_command};
    use tempfile::TempDir;

    use super::{Case, KEY, SECRET};
    use crate::support::isolated;
    use crate::support::server::{Api, SUCCESS, closed_port, response, scripted};

    /// `config init` on a new terminal, against the API at this URL.
    struct Terminal {
        home: TempDir,
        session: PtySession,
        shown: String,
    }

    impl Terminal {
        fn start(arguments: &str, url: &str) -> Self {
            Self::with_file(arguments, url, None)
        }

        fn with_file(arguments: &str, url: &str, text: Option<&str>) -> Self {
            let home = TempDir::new().unwrap();
            if let Some(text) = text {
                std::fs::write(home.path().join("c.toml"), text).unwrap();
            }
            let mut command = isolated(cargo_bin!("smartextract"));
            command.args(["config", "init", "--config", "c.toml"]);
            command.args(arguments.split_whitespace()).env("HOME", home.path());
            command.env("TERM", "dumb").current_dir(home.path());
            command.env("SMARTEXTRACT_TOKEN_URL", url).env("SMARTEXTRACT_RETRIES", "0");
            // The check must use the answers instead of these.
            command.env("SMARTEXTRACT_KEY", "other").env("SMARTEXTRACT_ENV", "other");
            let session = spawn_command(command, Some(20_000)).unwrap();
            Self { home, session, shown: String::new() }
        }

        /// Answers each question with a line, and returns the file and everything shown.
        fn answer(mut self, lines: &[&str]) -> (String, String) {
            for line in lines {
                let (before, prompt) = self.session.exp_regex(": $").unwrap();
                self.shown = [self.shown, before, prompt].concat();
                self.session.send_line(line).unwrap();
            }
            self.shown += &self.session.exp_eof().unwrap();
            assert!(!self.shown.contains(SECRET), "{}", self.shown);
            (std::fs::read_to_string(self.home.path().join("c.toml")).unwrap(), self.shown)
        }
    }

    #[test]
    fn it_asks_checks_and_hides_the_secret() {
        let (url, requests) = scripted(vec![response(200, "", SUCCESS)]);
        let (file, shown) = Terminal::start("", &url).answer(&["2", KEY, "", SECRET, ""]);
        assert_eq!(
            file,
            format!(
                "[profiles.default]\nenv = \"staging\"\nkey = \"{KEY}\"\nsecret = \"{SECRET}\"\n"
            )
        );
        assert!(shown.contains("Key and secret are valid."), "{shown}");
        let sent = format!("{{\"key\":\"{KEY}\",\"secret\":\"{SECRET}\"}}");
        assert!(requests.recv().unwrap().ends_with(&sent));
    }

    #[test]
    fn rejected_credentials_are_asked_again() {
        let rejected = response(401, "", r#"{"error":"Invalid credentials provided"}"#);
        let (url, _) = scripted(vec![rejected, response(200, "", SUCCESS)]);
        let answers = ["", "wrong", "", SECRET, "y", "staging", KEY, "", SECRET, "y"];
        let (file, shown) = Terminal::start("--profile staging", &url).answer(&answers);
        assert!(shown.contains("HTTP 401") && shown.contains("(the new profile)"), "{shown}");
        assert!(!shown.contains("c.toml:"), "a line of a file that does not exist: {shown}");
        let settings = format!("env = \"staging\"\nkey = \"{KEY}\"");
        assert!(file.contains(&settings) && !file.contains("wrong"), "{file}");
        assert!(shown.contains("smartextract token --profile staging"), "{shown}");
    }

    #[test]
    fn a_network_failure_is_reported_and_the_file_written() {
        let url = format!("http://127.0.0.1:{}/", closed_port());
        let (file, shown) = Terminal::start("", &url).answer(&["", KEY, "", SECRET, ""]);
        assert!(shown.contains("could not be checked"), "{shown}");
        assert!(file.contains(SECRET));
    }

    #[test]
    fn it_accepts_a_command_and_asks_again_after_a_mistake() {
        let api = Api::giving_tokens();
        let (file, shown) = Terminal::start("", &api.url()).answer(&[
            "stagin",
            "",
            " ",
            "a\x16\tb",
            "k",
            "2",
            "cat 'x y' | head",
            "fedcba98",
            "cat x",
            "n",
        ]);
        for flaw in ["not in the list", "is empty", "control character", "without a shell"] {
            assert!(shown.contains(flaw), "{flaw}: {shown}");
        }
        assert!(shown.contains("not a program on this machine"), "{shown}");
        assert_eq!(
            file,
            "[profiles.default]\nenv = \"production\"\nkey = \"k\"\n\
             secret_command = [\"cat\",\"x\"]\n"
        );
        assert!(!api.mock.matched(), "checked without consent");
    }

    #[test]
    fn a_hidden_answer_that_is_not_plain_text_is_rejected() {
        let api = Api::giving_tokens();
        let (file, shown) =
            Terminal::start("", &api.url()).answer(&["", KEY, "", "a\x16\tb", SECRET, "n"]);
        assert!(shown.contains("control character"), "{shown}");
        assert!(file.contains(SECRET), "{file}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_can_not_be_written_is_reported_before_any_question() {
        let mut terminal = Terminal::start("--config /proc/c.toml", "");
        let shown = terminal.session.exp_eof().unwrap();
        assert!(shown.contains("can't be written") && !shown.contains("API key"), "{shown}");
    }

    #[test]
    fn a_change_of_the_file_during_the_questions_is_kept() {
        let mut terminal = Terminal::start("--profile x", "");
        let path = terminal.home.path().join("c.toml");
        terminal.session.exp_regex(": $").unwrap();
        std::fs::write(&path, "[profiles.other]\n").unwrap();
        terminal.session.send_line("").unwrap();
        for answer in [KEY, "", SECRET, "n"] {
            terminal.session.exp_regex(": $").unwrap();
            terminal.session.send_line(answer).unwrap();
        }
        let shown = terminal.session.exp_eof().unwrap();
        assert!(shown.contains("wrote "), "{shown}");
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with("[profiles.other]\n\n[profiles.x]\nenv"), "{text}");
    }

    #[test]
    fn it_offers_the_environments_of_the_file() {
        let text = "[environments.own]\ntoken_url = \"https://h/\"\n\
                    iframe_template = \"https://h/{token}\"\n";
        let terminal = Terminal::with_file("--profile x", "", Some(text));
        let (file, shown) = terminal.answer(&["3", KEY, "", SECRET, "n"]);
        assert!(shown.contains("3) own") && file.contains("env = \"own\""), "{shown}{file}");
    }

    #[test]
    fn ctrl_d_cancels_on_a_line_of_its_own() {
        for answers in [&[][..], &["", KEY, ""]] {
            let mut terminal = Terminal::start("", "");
            for answer in answers {
                terminal.session.exp_regex(": $").unwrap();
                terminal.session.send_line(answer).unwrap();
            }
            terminal.session.exp_regex(": $").unwrap();
            terminal.session.send_control('d').unwrap();
            let shown = terminal.session.exp_eof().unwrap();
            assert_eq!(shown, "\r\nerror: cancelled; nothing was written\r\n");
            assert!(!terminal.home.path().join("c.toml").exists());
        }
    }

    #[test]
    fn an_error_that_no_answer_can_fix_does_not_ask_again() {
        let (file, shown) = Terminal::start("", "http://h/x").answer(&["", KEY, "", SECRET, "y"]);
        assert!(shown.contains("could not be checked"), "{shown}");
        assert!(file.contains(SECRET), "{file}");
    }

    /// Runs it up to the hidden prompt in a shell that reports exit code and terminal settings.
    fn at_the_hidden_prompt(home: &TempDir, shell: &str) -> PtySession {
        let program = cargo_bin!("smartextract").display().to_string();
        let script = shell.replace("RUN", &format!("'{program}' config init --config c"));
        let mut command = isolated("bash");
        command.args(["-c", &script]).current_dir(home.path()).env("HOME", home.path());
        let mut session = spawn_command(command, Some(20_000)).unwrap();
        for answer in ["", KEY, ""] {
            session.exp_regex(": $").unwrap();
            session.send_line(answer).unwrap();
        }
        session.exp_string("Secret (hidden): ").unwrap();
        session
    }

    #[test]
    fn ctrl_c_at_the_hidden_prompt_restores_the_echo_and_ends_with_its_exit_code() {
        let home = TempDir::new().unwrap();
        // The shell continues after the signal, as an interactive one does.
        let script = "stty echo; trap 'echo trapped' INT; RUN; echo code $?; stty -a";
        let mut session = at_the_hidden_prompt(&home, script);
        session.send("typed").unwrap();
        session.send_control('c').unwrap();
        let shown = session.exp_eof().unwrap();
        assert!(shown.contains("trapped") && shown.contains("code 130"), "{shown}");
        assert!(shown.contains(" echo ") && !shown.contains("-echo "), "{shown}");
        assert!(!home.path().join("c").exists());
    }

    #[test]
    fn ctrl_z_at_the_hidden_prompt_restores_the_echo_until_it_continues() {
        let home = TempDir::new().unwrap();
        let mut session = at_the_hidden_prompt(
            &home,
            "stty echo; set -m; RUN; stty -a; echo re''ady; fg; echo code $?",
        );
        session.send_control('z').unwrap();
        let stopped = session.exp_string("ready").unwrap();
        assert!(stopped.contains(" echo ") && !stopped.contains("-echo "), "{stopped}");
        std::thread::sleep(std::time::Duration::from_millis(300));
        session.send_line(SECRET).unwrap();
        session.exp_string("[Y/n]: ").unwrap();
        session.send_line("n").unwrap();
        let shown = session.exp_eof().unwrap();
        assert!(shown.contains("code 0") && !shown.contains(SECRET), "{shown}");
        assert!(std::fs::read_to_string(home.path().join("c")).unwrap().contains(SECRET));
    }

    #[test]
    fn a_secret_file_that_is_the_terminal_is_a_hidden_prompt() {
        let api = Api::giving_tokens();
        let mut command = isolated(cargo_bin!("smartextract"));
        command.args(["token", "--secret-file", "-", "--key", KEY]);
        command.env("SMARTEXTRACT_TOKEN_URL", api.url());
        let mut session = spawn_command(command, Some(20_000)).unwrap();
        session.exp_string("Secret (hidden): ").unwrap();
        session.send_line(SECRET).unwrap();
        assert!(session.exp_eof().unwrap().ends_with("t0ken\r\n"));
    }

    #[test]
    fn a_new_user_gets_a_token_with_the_created_file() {
        let api = Api::giving_tokens();
        let (file, _) = Terminal::start("", &api.url()).answer(&["", KEY, "", SECRET, ""]);
        let case = Case::token(&api.url(), "").without("SMARTEXTRACT_KEY");
        case.without("SMARTEXTRACT_SECRET").profile(&file).run().prints("t0ken\n");
    }
}
