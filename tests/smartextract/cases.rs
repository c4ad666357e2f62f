//! `tests/cmd/*.md`: commands with their whole output, as users see it.
//!
//! In a `console` block, `$ COMMAND` is run by `sh`; lines with `> ` continue it. Then follow its
//! exit code unless it is 0 (`? 4`), standard output, and standard error (`2> …`). All commands of
//! a file share an empty home directory, which is also the working directory.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::thread;

use rcgen::ExtendedKeyUsagePurpose::ClientAuth;
use rcgen::{BasicConstraints, GeneralSubtree, IsCa, NameConstraints, date_time_ymd};
use regex::Regex;
use rustls::version::{TLS12, TLS13};
use snapbox::{Assert, Data, Redactions};
use tempfile::TempDir;

use crate::support::certificates::{Authority, token_server};
use crate::support::server::listen;
use crate::support::{PROFILE, check_for_secrets, isolated};

/// Update them with: `SNAPSHOTS=overwrite cargo test --locked cases`
#[test]
fn each_command_prints_what_its_case_shows() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    thread::scope(|scope| {
        for entry in fs::read_dir(directory).unwrap() {
            scope.spawn(move || check(&entry.unwrap().path()));
        }
    });
}

fn check(path: &Path) {
    let home = TempDir::new().unwrap();
    let variables = tls_servers(home.path());
    let redactions = redactions(home.path());
    let text = fs::read_to_string(path).unwrap();
    let (mut actual, mut in_block) = (String::new(), false);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let is_fence = line.starts_with("```");
        in_block ^= is_fence;
        let command = line.strip_prefix("$ ");
        if is_fence || !in_block || command.is_some() {
            actual.extend([line, "\n"]);
        }
        let Some(command) = command else { continue };
        let mut command = command.to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with('>')) {
            actual.extend([more, "\n"]);
            command.extend(["\n", more.strip_prefix("> ").unwrap_or_default()]);
        }
        actual += &redactions.redact(&output_of(&command, home.path(), &variables));
    }
    Assert::new()
        .action_env("SNAPSHOTS")
        .normalize_paths(false)
        .eq(actual, Data::read_from(path, None));
}

fn output_of(command: &str, home: &Path, variables: &[(&str, String)]) -> String {
    let output = isolated("sh")
        .args(["-c", command])
        .current_dir(home)
        .env("HOME", home)
        .env("COLUMNS", "80")
        .envs(variables.iter().cloned())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    check_for_secrets(&stdout, &stderr);
    assert!(stdout.is_empty() || stdout.ends_with('\n'), "{command}: no newline after {stdout}");
    let mut text = String::new();
    if !output.status.success() {
        writeln!(text, "? {}", output.status.code().unwrap()).unwrap();
    }
    text += &stdout;
    for line in stderr.lines() {
        writeln!(text, "2> {line}").unwrap();
    }
    text
}

/// Servers whose certificates are issued by `ca.pem`, as variables with their URLs.
fn tls_servers(home: &Path) -> Vec<(&'static str, String)> {
    let authority = Authority::new("test");
    let limited = Authority::with("limited", |params| {
        let permitted_subtrees = vec![GeneralSubtree::DnsName("other.example".to_owned())];
        params.name_constraints =
            Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    });
    fs::write(home.join("ca.pem"), authority.pem.clone() + &limited.pem).unwrap();
    fs::write(home.join("other.pem"), Authority::new("other").pem).unwrap();
    let saying = |bytes: &'static [u8]| {
        listen(move |_, mut stream| {
            stream.write_all(bytes)?;
            io::copy(&mut stream, &mut io::sink()).map(drop)
        })
    };
    let changed = |change| token_server(authority.server_with("localhost", change));
    let demanding = |version| token_server(authority.demanding_server("localhost", version));
    let servers = [
        ("VALID", token_server(authority.server("localhost"))),
        ("EXPIRED", changed(|params| params.not_after = date_time_ymd(2020, 1, 1))),
        ("NOT_YET", changed(|params| params.not_before = date_time_ymd(3000, 1, 1))),
        ("FOR_CLIENTS", changed(|params| params.extended_key_usages = vec![ClientAuth])),
        ("AUTHORITY", changed(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))),
        ("OTHER_NAME", token_server(authority.server("other.example"))),
        ("LIMITED", token_server(limited.server("localhost"))),
        ("DEMANDING_1_2", demanding(&TLS12)),
        ("DEMANDING_1_3", demanding(&TLS13)),
        ("NO_COMMON_KEY", saying(b"\x15\x03\x03\0\x02\x02\x28")),
        ("NO_TLS", saying(b"SSH-2.0-OpenSSH_9.2\r\n")),
    ];
    servers.map(|(name, address)| (name, format!("https://localhost:{}/", address.port()))).into()
}

/// What differs between runs, or between C libraries.
fn redactions(home: &Path) -> Redactions {
    let mut redactions = Redactions::new();
    redactions.insert("[PROFILE]", home.join(PROFILE)).unwrap();
    for (name, pattern) in [
        ("[PORT]", r"(127\.0\.0\.1|localhost):(?<redacted>\d{2,})"),
        ("[TOKEN]", r"\b(?<redacted>[0-9a-f]{32})\b"),
        ("[TIME]", r"(\(|attempt in )(?<redacted>\d+\.\d+) s\b"),
        ("[ERRNO]", r"os error (?<redacted>\d+)"),
        ("[IN_USE]", r"(?<redacted>Address (already )?in use)"),
        ("[VERSION]", r"smartextract (?<redacted>\d+\.\d+\.\d+)"),
        ("[REASON]", r"lookup address information: (?<redacted>[^\n]+)"),
    ] {
        redactions.insert(name, Regex::new(pattern).unwrap()).unwrap();
    }
    redactions
}
