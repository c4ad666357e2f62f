//! `config init`: files that stay as they are, and the questions on a terminal.

use crate::support::{Case, PROFILE};

#[test]
fn an_existing_file_or_profile_is_never_overwritten() {
    let too_large = "#".repeat(1 << 20);
    let inline = "profiles = { one = { key = \"k\" } }\n";
    for text in ["[profiles.two]\nkey = \"k\"\n", inline, "not TOML", &too_large] {
        let outcome = Case::new("config init --profile two").profile(text).run().fails(3);
        assert!(outcome.read(PROFILE) == text, "{text:.30}");
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
fn a_new_file_is_private_and_an_existing_one_keeps_mode_owner_and_symbolic_link() {
    use std::os::unix::fs::MetadataExt;
    let outcome = Case::new("config init").run().prints("");
    for (path, mode) in [(PROFILE, 0o600), (PROFILE.rsplit_once('/').unwrap().0, 0o700)] {
        assert_eq!(outcome.mode(path), mode, "{path}");
    }
    let text = "[profiles.y]\nsecret = \"s\"\n";
    let case = Case::new("config init --profile x --config link").file("real", text);
    crate::support::set_mode(&case.path("real"), 0o640);
    std::os::unix::fs::symlink("real", case.path("link")).unwrap();
    let before = case.path("real").metadata().unwrap();
    let outcome = case.run().prints("").says("other users can read the secret in link");
    let after = outcome.path("real").metadata().unwrap();
    assert!(outcome.path("link").is_symlink() && outcome.read("real").contains("[profiles.x]"));
    assert_eq!((after.ino(), after.mode()), (before.ino(), before.mode()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_failed_write_leaves_the_file_as_it_was() {
    // The limit is in units of 512 bytes.
    for (text, limit) in [("#".repeat(500), 1), (String::new(), 0)] {
        let script = format!("ulimit -f {limit}; smartextract config init --config c; exit $?");
        let outcome = Case::script("sh", &script).file("c", &text).run().fails(1);
        assert_eq!(outcome.read("c"), text);
    }
}

#[cfg(unix)]
mod on_a_terminal {
    use rexpect::session::PtySession;
    use tempfile::TempDir;

    use crate::support::server::{Api, SUCCESS, response, scripted};
    use crate::support::{Case, KEY, SECRET};

    struct Terminal {
        home: TempDir,
        session: PtySession,
    }

    impl Terminal {
        /// `config init` on a new terminal, against the API at this URL.
        fn start(arguments: &str, url: &str) -> Self {
            Self::of(Case::new(&format!("config init --config c {arguments}")), url)
        }

        fn of(case: Case, url: &str) -> Self {
            // The check must use the answers instead of these variables.
            let case = case.against(url).env("SMARTEXTRACT_KEY", "x").env("SMARTEXTRACT_ENV", "x");
            let (home, session) = case.env("TERM", "dumb").on_a_terminal();
            Self { home, session }
        }

        /// Answers each question with a line.
        fn answer(&mut self, lines: &[&str]) -> String {
            let mut shown = String::new();
            for line in lines {
                let (before, prompt) = self.session.exp_regex(": $").unwrap();
                shown += &(before + &prompt);
                self.session.send_line(line).unwrap();
            }
            shown
        }

        /// Answers all questions, and returns the file and everything shown.
        fn finish(mut self, lines: &[&str]) -> (String, String) {
            let mut shown = self.answer(lines);
            shown += &self.session.exp_eof().unwrap();
            assert!(!shown.contains(SECRET), "{shown}");
            (std::fs::read_to_string(self.home.path().join("c")).unwrap(), shown)
        }
    }

    #[test]
    fn it_asks_hides_the_secret_checks_and_asks_again_if_the_credentials_are_rejected() {
        let rejected = response(401, "", r#"{"error":"Invalid credentials provided"}"#);
        let (url, requests) = scripted(vec![rejected, response(200, "", SUCCESS)]);
        let answers = ["", "wrong", "", "a\x16\tb", SECRET, "", "2", KEY, "", SECRET, "y"];
        let (file, shown) = Terminal::start("--profile staging", &url).finish(&answers);
        let settings = format!("env = \"staging\"\nkey = \"{KEY}\"\nsecret = \"{SECRET}\"\n");
        assert_eq!(file, format!("[profiles.staging]\n{settings}"));
        let sent = format!("{{\"key\":\"{KEY}\",\"secret\":\"{SECRET}\"}}");
        assert!(requests.iter().nth(1).unwrap().ends_with(&sent));
        let parts = "control character|HTTP 401|(the new profile)|Key and secret are valid.\
            |token --profile staging";
        for part in parts.split('|') {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }

    #[test]
    fn a_failure_that_no_answer_can_fix_is_reported_and_the_file_written() {
        for url in ["http://127.0.0.1:1/", "http://h/x"] {
            let (file, shown) = Terminal::start("", url).finish(&["", KEY, "", SECRET, ""]);
            assert!(shown.contains("could not be checked"), "{shown}");
            assert!(file.contains(SECRET));
        }
    }

    #[test]
    fn a_mistake_is_asked_again_and_a_change_of_the_file_meanwhile_is_kept() {
        let api = Api::giving_tokens();
        let environments = "[environments.own]\ntoken_url = \"https://h/\"\n\
                            iframe_template = \"https://h/{token}\"\n";
        let case = Case::new("config init --config c --profile x").file("c", environments);
        let mut terminal = Terminal::of(case, &api.url());
        let mut shown = terminal.answer(&["stagin", "3", " ", "a\x16\tb", "k", "2"]);
        let changed = format!("{environments}[profiles.other]\n");
        std::fs::write(terminal.home.path().join("c"), &changed).unwrap();
        let (file, rest) = terminal.finish(&["cat 'x y' | head", "fedcba98", "cat x", "n"]);
        shown += &rest;
        let flaws = "3) own|not in the list|is empty|control character|without a shell\
            |not a program on this machine";
        for flaw in flaws.split('|') {
            assert!(shown.contains(flaw), "{flaw}: {shown}");
        }
        let added = "env = \"own\"\nkey = \"k\"\nsecret_command = [\"cat\",\"x\"]\n";
        assert_eq!(file, format!("{changed}\n[profiles.x]\n{added}"));
        assert!(!api.was_asked(), "checked without consent");
    }

    #[test]
    fn ctrl_d_cancels_on_a_line_of_its_own() {
        for answers in [&[][..], &["", KEY, ""]] {
            let mut terminal = Terminal::start("", "");
            terminal.answer(answers);
            terminal.session.exp_regex(": $").unwrap();
            terminal.session.send_control('d').unwrap();
            let shown = terminal.session.exp_eof().unwrap();
            assert_eq!(shown, "\r\nerror: cancelled; nothing was written\r\n");
            assert!(!terminal.home.path().join("c").exists());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_can_not_be_written_is_reported_before_any_question() {
        let mut terminal = Terminal::start("--config /proc/c.toml", "");
        let shown = terminal.session.exp_eof().unwrap();
        assert!(shown.contains("can't be written") && !shown.contains("API key"), "{shown}");
    }

    #[test]
    fn a_signal_at_the_hidden_prompt_restores_the_echo() {
        // With the trap, the shell continues after the signal, as an interactive one does.
        for (key, set_up, code) in [('c', "trap : INT", "130"), ('z', "set -m", "1")] {
            let script = format!(
                "stty echo; {set_up}; smartextract config init --config c; echo code $?; stty -a
                fg && echo continued"
            );
            let mut terminal = Terminal::of(Case::script("bash", &script), "");
            terminal.answer(&["", KEY, ""]);
            terminal.session.exp_string("Secret (hidden): ").unwrap();
            terminal.session.send("typed").unwrap();
            terminal.session.send_control(key).unwrap();
            terminal.session.exp_string(&format!("code {code}")).unwrap();
            assert_eq!(terminal.session.exp_regex(" -?echo ").unwrap().1, " echo ");
            if key == 'z' {
                terminal.session.exp_string("Secret (hidden): ").unwrap();
                terminal.session.send_line(SECRET).unwrap();
                let (file, shown) = terminal.finish(&["n"]);
                assert!(shown.contains("continued") && file.contains(SECRET), "{shown}");
            }
        }
    }

    #[test]
    fn a_secret_file_that_is_the_terminal_is_a_hidden_prompt() {
        let api = Api::giving_tokens();
        let (_home, mut session) = Case::token(&api.url(), "--secret-file -").on_a_terminal();
        session.exp_string("Secret (hidden): ").unwrap();
        session.send_line(SECRET).unwrap();
        assert!(session.exp_eof().unwrap().ends_with("t0ken\r\n"));
    }
}
