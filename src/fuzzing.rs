//! The way in for the fuzz targets under `fuzz/`, which are crates of their own: what strangers
//! write (a server, a file's author, a header) goes through the same code as in a run, and what
//! the program promises of it is asserted. Compiled for fuzzing and for tests alone.

#![expect(clippy::missing_panics_doc, reason = "a panic is how a target reports")]

use std::ffi::OsString;
use std::time::{Duration, SystemTime};
use std::{env, fs, process, str};

use zeroize::Zeroizing;

use crate::api::{Answer, read_answer, retry_after as read_retry_after, wait};
use crate::error::{Code, Error};
use crate::output::{Format, Grant};
use crate::secret::{Key, Secret, Token};
use crate::settings::{Flags, Resolver, Sources, Template};

const KEY: &str = "the-key-of-the-fuzzer";
const SECRET: &str = "the-secret-of-the-fuzzer";

/// An answer: two bytes of status, a line of content type, a body.
pub fn answer(data: &[u8]) {
    let Some((&[high, low], rest)) = data.split_first_chunk() else { return };
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (content_type, body) = rest.split_at(end);
    match read(u16::from_be_bytes([high, low]), content_type, body) {
        Ok(token) => assert!(is_clean(token.expose()) && !token.expose().is_empty()),
        Err(error) => assert!(is_presentable(&error), "{:?}", error.lines()),
    }
}

fn read(status: u16, content_type: &[u8], body: &[u8]) -> Result<Token, Error> {
    let answer = Answer {
        status,
        content_type: str::from_utf8(content_type).ok().map(str::to_owned),
        body: Zeroizing::new(body.to_vec()),
    };
    read_answer(&answer, &Key::from(text(KEY)), &Secret::from(text(SECRET)))
}

fn text(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn is_clean(value: &str) -> bool {
    !value.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn is_presentable(error: &Error) -> bool {
    error.lines().iter().all(|(_, line)| {
        !line.contains(SECRET) && !line.contains(KEY) && !line.contains(char::is_control)
    })
}

/// A profile file: the text as it is, or, where the first byte is odd, as the damaged
/// surroundings of a secret that no message may show.
pub fn profile(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return };
    let Ok(rest) = str::from_utf8(rest) else { return };
    let content = if mode & 1 == 0 {
        rest.to_owned()
    } else {
        let (before, after) = rest.split_once('\n').unwrap_or((rest, ""));
        format!("[profiles.default]\nkey = \"k\"\nsecret = {before}{SECRET}{after}")
    };
    let path = env::temp_dir().join(format!("smartextract-fuzz-{}.toml", process::id()));
    fs::write(&path, content).unwrap();
    let variable =
        |name: &str| (name == "SMARTEXTRACT_CONFIG").then(|| OsString::from(path.clone()));
    let flags = Flags::default();
    let sources =
        Sources { flags: &flags, variable: &variable, config_folder: None, home_folder: None };
    let told = match Resolver::new(&sources) {
        Ok(resolver) => {
            let outcome = resolver.settings().map(|settings| format!("{settings:?}"));
            outcome.map(|shown| shown + &resolver.take_warnings().concat())
        }
        Err(error) => Err(error),
    };
    fs::remove_file(&path).unwrap();
    let told = told.unwrap_or_else(|error| {
        assert!(matches!(error.code(), Code::Config | Code::MissingCredentials));
        format!("{:?}", error.lines())
    });
    assert!(mode & 1 == 0 || !told.contains(SECRET), "{told}");
}

/// A token, as it comes out of an answer, in each format: its reader gets it back.
pub fn quoting(data: &[u8]) {
    let Ok(value) = str::from_utf8(data) else { return };
    let body = serde_json::json!({"data": {"token": value}}).to_string();
    let Ok(token) = read(200, b"application/json", body.as_bytes()) else { return };
    assert_eq!(token.expose(), value);
    // Taken as it is, so that the URL holds every character, too.
    let iframe_url = Token::from(text(&format!("https://h/?t={value}")));
    let grant = Grant { token, iframe_url, environment: "staging".to_owned() };
    let url = grant.iframe_url.expose();
    let printed = |format: Format| format.render(&grant).unwrap().stdout;

    let json: serde_json::Value = serde_json::from_str(&printed(Format::Json)).unwrap();
    assert_eq!((json["token"].as_str(), json["iframe_url"].as_str()), (Some(value), Some(url)));

    let posix: &[_] = &[("'\\''", '\'')];
    let fish: &[_] = &[("\\'", '\''), ("\\\\", '\\')];
    let powershell: &[_] = &[
        ("''", '\''),
        ("\u{2018}\u{2018}", '\u{2018}'),
        ("\u{2019}\u{2019}", '\u{2019}'),
        ("\u{201a}\u{201a}", '\u{201a}'),
        ("\u{201b}\u{201b}", '\u{201b}'),
    ];
    for (format, before, between, escapes) in [
        (Format::Env, "export ", "=", posix),
        (Format::Fish, "set -gx ", " ", fish),
        (Format::Powershell, "$Env:", " = ", powershell),
    ] {
        let statements = printed(format);
        let mut rest: &str = &statements;
        for (name, value) in [("SMARTEXTRACT_TOKEN", value), ("SMARTEXTRACT_IFRAME_URL", url)] {
            let start = format!("{before}{name}{between}'");
            let (found, after) = unquoted(rest.strip_prefix(&start).unwrap(), escapes);
            assert_eq!(found, value, "{format:?}");
            rest = after.strip_prefix(";\n").unwrap();
        }
        assert_eq!(rest, "");
    }

    let iframe = printed(Format::Iframe);
    let attribute = iframe.strip_prefix("<iframe src=\"").unwrap();
    let attribute = attribute.strip_suffix("\"></iframe>\n").unwrap();
    assert!(!attribute.contains(['"', '<', '>', '\'']));
    let mut back = attribute.to_owned();
    for (written, meant) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
    {
        back = back.replace(written, meant);
    }
    assert_eq!(back, url);

    let lines =
        |token_name: &str, url_name: &str| format!("{token_name}={value}\n{url_name}={url}\n");
    match Format::Dotenv.render(&grant) {
        Ok(rendered) => {
            assert_eq!(*rendered.stdout, lines("SMARTEXTRACT_TOKEN", "SMARTEXTRACT_IFRAME_URL"));
        }
        Err(_) => assert!(value.contains(['#', '$', '\\', '\'', '"', '`'])),
    }
    let github = Format::GithubOutput.render(&grant).unwrap();
    assert_eq!(*github.file, lines("token", "iframe_url"));
    let masks: Vec<_> = github.stdout.lines().collect();
    let masked = |line: &str| {
        let data = line.strip_prefix("::add-mask::").unwrap();
        data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    };
    assert_eq!(masks.iter().map(|line| masked(line)).collect::<Vec<_>>(), [value, url]);
}

/// What stands before the quote that ends a text, read with these escapes, and what follows it.
fn unquoted<'a>(mut rest: &'a str, escapes: &[(&str, char)]) -> (String, &'a str) {
    let mut value = String::new();
    'next: loop {
        for (written, meant) in escapes {
            if let Some(after) = rest.strip_prefix(written) {
                value.push(*meant);
                rest = after;
                continue 'next;
            }
        }
        let c = rest.chars().next().expect("a quote at the end");
        rest = &rest[c.len_utf8()..];
        // PowerShell takes each of these for the end.
        if c == '\'' || escapes.iter().any(|(_, meant)| *meant == c && c != '\\') {
            return (value, rest);
        }
        value.push(c);
    }
}

/// A template and a token, parted by a line end: the URL is the template with one component in it.
pub fn template(data: &[u8]) {
    let Ok(data) = str::from_utf8(data) else { return };
    let (template, token) = data.split_once('\n').unwrap_or((data, "t0ken"));
    let Ok(parsed) = Template::parse(template) else { return };
    assert!(is_clean(template));
    let url = parsed.fill(&Token::from(text(token)));
    let (before, after) = template.split_once("{token}").unwrap();
    let middle = url.expose().strip_prefix(before).unwrap().strip_suffix(after).unwrap();
    assert!(middle.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
    let back = percent_encoding::percent_decode_str(middle).decode_utf8().unwrap();
    assert_eq!(back, token);
}

/// A `Retry-After` header, after two bytes that say how much of the budget is left, in seconds,
/// and how many failures there were: the wait fits in between, or there is none.
pub fn retry_after(data: &[u8]) {
    let Some((&[left, failures], value)) = data.split_first_chunk() else { return };
    let Ok(value) = str::from_utf8(value) else { return };
    let least = read_retry_after(value, SystemTime::UNIX_EPOCH);
    let digits = value.trim().bytes().all(|byte| byte.is_ascii_digit()) && !value.trim().is_empty();
    assert!(least.is_some() || !digits, "{value:?}");
    let left = Duration::from_secs(left.into());
    for jitter in [0.0, 0.5, 1.0] {
        if let Some(wait) = wait(u32::from(failures) + 1, least, left, jitter) {
            assert!(wait < left && wait >= least.unwrap_or_default(), "{wait:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_seed_passes() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
        if !seeds.exists() {
            return; // A packaged crate is without them.
        }
        for (target, run) in [
            ("answer", answer as fn(&[u8])),
            ("profile", profile),
            ("quoting", quoting),
            ("template", template),
            ("retry_after", retry_after),
        ] {
            for seed in fs::read_dir(seeds.join(target)).unwrap() {
                run(&fs::read(seed.unwrap().path()).unwrap());
            }
        }
    }
}
