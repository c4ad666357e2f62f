//! `check`: opens a session and reports that it worked, without printing the token.

use serde_json::Value;

use super::session;
use crate::cli::{ReportArgs, ReportFormat};
use crate::console::{Console, printable};
use crate::error::Error;

pub fn run(args: &ReportArgs, console: &Console) -> Result<u8, Error> {
    let settings = session::settings(&args.settings.0, console)?;
    session::open(&settings, console)?;
    let key = settings.credentials()?.0.value.shortened();
    let (environment, endpoint) = (settings.environment.value, settings.token_url.value);
    let line = match args.format {
        ReportFormat::Json => {
            let [key, environment, endpoint] =
                [key, environment, endpoint.to_string()].map(Value::from);
            format!(r#"{{"key":{key},"environment":{environment},"endpoint":{endpoint}}}"#)
        }
        ReportFormat::Text => printable(&format!("valid: key {key} in {environment} ({endpoint})")),
    };
    Console::print(line + "\n")?;
    Ok(0)
}
