//! `config show`: every setting as it would be used, with its origin. No network, no
//! `secret_command`, and neither a secret nor a whole key.

use serde::Serialize;
use serde_json::Value;

use crate::cli::ShowFormat;
use crate::console::{Console, printable};
use crate::error::Error;
use crate::settings::{Flags, Resolver, SecretSource, Setting, Sources};

/// A setting as it is shown.
struct Row {
    name: &'static str,
    shown: Result<Shown, Error>,
}

/// A value fit to be shown, and where it came from; both empty where there is none.
#[derive(Default, Serialize)]
struct Shown {
    value: Value,
    origin: Option<String>,
}

impl Shown {
    fn of<T>(setting: &Setting<T>, show: impl FnOnce(&T) -> Value) -> Self {
        Self { value: show(&setting.value), origin: Some(setting.origin.to_string()) }
    }

    fn maybe<T>(setting: Option<&Setting<T>>, show: impl FnOnce(&T) -> Value) -> Self {
        setting.map_or_else(Self::default, |setting| Self::of(setting, show))
    }
}

/// Prints all settings. What is missing is no failure here; what is wrong is, after all else
/// was printed.
pub fn run(flags: &Flags, format: ShowFormat, console: &Console) -> Result<u8, Error> {
    let sources = Sources::of_process(flags);
    let resolver = Resolver::new(&sources)?;
    let rows = rows(&sources, &resolver);
    for warning in resolver.take_warnings() {
        console.warn(warning);
    }
    Console::print(&match format {
        ShowFormat::Table => table(&rows),
        ShowFormat::Json => json(&rows),
    })?;
    let mut wrong = rows.into_iter().filter_map(|row| row.shown.err());
    if let Some(first) = wrong.next() {
        // An unknown environment is what is wrong with its URLs, too.
        let told = first.summary();
        let others = wrong.map(|other| other.summary()).filter(|other| *other != told);
        return Err(others.fold(first, Error::detail));
    }
    if let Err(incomplete) = resolver.settings() {
        console.warn(format!("`smartextract token` would fail: {}", incomplete.summary()));
    }
    Ok(0)
}

fn rows(sources: &Sources<'_>, resolver: &Resolver<'_>) -> Vec<Row> {
    let text = |text: &dyn ToString| Value::from(text.to_string());
    let file = sources.profile_path().map(|path| {
        let state = if resolver.file.is_some() { "" } else { " (not there)" };
        path.with(format!("{}{state}", path.value.display()))
    });
    let mut rows = vec![
        Row { name: "config", shown: Ok(Shown::maybe(file.as_ref(), |path| text(path))) },
        Row {
            name: "profile",
            shown: Ok(Shown::maybe(resolver.profile().as_ref(), |name| text(name))),
        },
    ];
    let mut add = |name, shown| rows.push(Row { name, shown });
    let token_url = resolver.token_url();
    // Which proxy is used depends on where the connection goes.
    let proxy = token_url.as_ref().ok().map(|url| resolver.proxy(&url.value));
    add("env", resolver.environment_name().map(|name| Shown::of(&name, |name| text(name))));
    add("token_url", token_url.map(|url| Shown::of(&url, |url| text(url))));
    let template = resolver.iframe_template();
    add("iframe_template", template.map(|one| Shown::of(&one, |template| text(template))));
    let proxy = proxy.transpose().map(Option::flatten);
    add("proxy", proxy.map(|proxy| Shown::maybe(proxy.as_ref(), |url| text(url))));
    let key = resolver.key();
    add("key", key.map(|key| Shown::maybe(key.as_ref(), |key| text(&key.shortened()))));
    let secret = resolver.secret();
    add("secret", secret.map(|secret| Shown::maybe(secret.as_ref(), described)));
    let timeout = resolver.timeout();
    add("timeout", timeout.map(|one| Shown::of(&one, |time| Value::from(time.as_secs_f64()))));
    let retries = resolver.retries();
    add("retries", retries.map(|one| Shown::of(&one, |&number| Value::from(number))));
    let ca_file = resolver.ca_file();
    add("ca_file", ca_file.map(|file| Shown::maybe(file.as_ref(), |path| text(&path.display()))));
    rows
}

/// What kind of place holds the secret.
fn described(source: &SecretSource) -> Value {
    Value::from(match source {
        SecretSource::Value(_) => "(hidden)".to_owned(),
        SecretSource::File(path) => format!("file {}", path.display()),
        SecretSource::StandardInput => "standard input".to_owned(),
        // Its arguments are not shown: they may name more than the program should tell. Nor is
        // a whole command line that was written as one word.
        SecretSource::Command(words) => {
            format!("command {}", words[0].split_whitespace().next().unwrap_or_default())
        }
    })
}

fn table(rows: &[Row]) -> String {
    let cells: Vec<[String; 3]> = rows
        .iter()
        .map(|row| match &row.shown {
            Ok(shown) => [
                row.name.to_owned(),
                match &shown.value {
                    Value::Null => "-".to_owned(),
                    Value::String(text) => printable(text),
                    number => number.as_f64().unwrap_or_default().to_string(),
                },
                printable(shown.origin.as_deref().unwrap_or_default()),
            ],
            Err(_) => [row.name.to_owned(), "unusable, see below".to_owned(), String::new()],
        })
        .collect();
    let width = |column: usize| {
        cells.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let (names, values) = (width(0), width(1));
    let lines = cells.iter().map(|[name, value, origin]| {
        format!("{name:names$}  {value:values$}  {origin}").trim_end().to_owned() + "\n"
    });
    lines.collect()
}

fn json(rows: &[Row]) -> String {
    let settings = rows.iter().map(|row| {
        let value = match &row.shown {
            Ok(shown) => serde_json::to_value(shown).expect("text and numbers are always JSON"),
            Err(error) => serde_json::json!({ "problem": error.summary() }),
        };
        (row.name.to_owned(), value)
    });
    format!("{}\n", Value::Object(settings.collect()))
}
