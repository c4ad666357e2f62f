//! `check`: opens a session and reports that it worked, without printing the token.

use serde::Serialize;

use super::session;
use crate::cli::{CheckArgs, ReportFormat};
use crate::console::{Console, printable};
use crate::error::Error;

pub fn run(args: &CheckArgs, console: &Console) -> Result<u8, Error> {
    let settings = session::settings(&args.settings.0, console)?;
    session::open(&settings, console)?;
    let report = Report {
        key: settings.credentials()?.0.value.shortened(),
        environment: settings.environment.value,
        endpoint: settings.token_url.value.to_string(),
    };
    let line = match args.format {
        ReportFormat::Json => serde_json::to_string(&report).expect("strings are always JSON"),
        ReportFormat::Text => {
            let Report { key, environment, endpoint } = report;
            printable(&format!("valid: key {key} in {environment} ({endpoint})"))
        }
    };
    Console::print(line + "\n")?;
    Ok(0)
}

#[derive(Serialize)]
struct Report {
    key: String,
    environment: String,
    endpoint: String,
}
