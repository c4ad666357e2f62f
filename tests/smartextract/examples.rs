//! `examples/`: each one runs as its README says.

use std::fs;
use std::path::PathBuf;

use crate::support::{Case, has_program};

fn example(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "examples", name].iter().collect()
}

#[test]
fn the_tests_for_node_and_python_pass() {
    for (program, arguments, file, summary) in [
        ("node", "--test", "node/token.test.mjs", " pass 2\n"),
        ("python3", "", "python/test_token.py", "Ran 2 tests"),
    ] {
        if has_program(program) {
            let case = Case::new(&format!("emulator -v -- {program} {arguments}"));
            let outcome = case.arg(example(file)).run().says(" 200\n").says(" 401\n");
            let output = outcome.stdout + &outcome.stderr;
            assert!(outcome.code == 0 && output.contains(summary), "{output}");
        }
    }
}

#[test]
fn the_shell_script_distinguishes_failures() {
    for (flags, retries, code, message) in [
        ("", "0", 0, "received a token of 32 characters\n"),
        ("--fail 503", "0", 75, "no token: try again later\n"),
        ("--fail 401", "0", 77, "no token: check the key in the dashboard\n"),
        ("", "x", 78, "no token: fix the settings of this machine or job\n"),
        ("--fail 302", "0", 70, "no token: this needs a person\n"),
    ] {
        let case = Case::new(&format!("emulator {flags} --")).arg(example("token.sh"));
        let outcome = case.env("SMARTEXTRACT_RETRIES", retries).run().says(message);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (code, ""), "{message}");
    }
}

#[test]
fn a_browser_shows_the_host_page_and_the_component_in_it() {
    if !has_program("chromium") || !has_program("python3") {
        return;
    }
    let script = "python3 \"$HOST\" 0 >url & trap 'kill $!' EXIT
        until [ -s url ]; do sleep 0.1; done
        chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
            --disable-background-networking --disable-component-update --disable-sync \
            --virtual-time-budget=5000 --dump-dom --user-data-dir=chromium \"$(cat url)\"";
    let case = Case::new("emulator -q -- sh -c").arg(script).env("HOST", example("host.py"));
    let outcome = case.run();
    let shown = outcome.stdout.contains("<b id=\"status\">issued</b>");
    assert!(shown, "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn the_compose_file_has_the_emulators_paths_and_credentials() {
    let script = "printenv SMARTEXTRACT_KEY SMARTEXTRACT_SECRET SMARTEXTRACT_TOKEN_URL \
                  SMARTEXTRACT_IFRAME_TEMPLATE | sed 's,http://[^/]*,,;s,?.*,,'";
    let printed = Case::new("emulator -- sh -c").arg(script).run().stdout;
    let compose = fs::read_to_string(example("compose.yaml")).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    let counts: Vec<usize> = lines.iter().map(|line| compose.matches(line).count()).collect();
    assert_eq!(counts, [2, 2, 2, 3], "{printed}{compose}");
}
