//! `config show`: every setting as it would be used, with its origin.

use serde_json::{Map, Value, json};

use crate::cli::{ShowArgs, ShowFormat};
use crate::console::{Console, printable};
use crate::error::{Code, Error};
use crate::settings::{self, Row, Sources, row_text};

/// Prints all settings. A missing setting is not an error. An invalid one is, but the others are
/// printed first.
pub fn run(args: ShowArgs, console: &Console) -> Result<u8, Error> {
    let flags = args.settings.into_flags();
    let resolved = settings::resolve(&Sources::from_env(&flags))?;
    for warning in &resolved.warnings {
        console.warn(warning.clone());
    }
    let rows = resolved.rows();
    Console::print(match args.format {
        ShowFormat::Table => table(&rows),
        ShowFormat::Json => json(rows.iter()),
    })?;
    let errors: Vec<&Error> =
        rows.iter().filter_map(|row| row.shown.as_ref().err().copied()).collect();
    let is_valid = errors.iter().all(|error| error.code() == Code::MissingCredentials);
    let others: Vec<String> = errors.iter().skip(1).map(|error| error.summary()).collect();
    match resolved.complete() {
        Ok(_) => Ok(0),
        Err(missing) if is_valid => {
            console.warn(format!("smartextract token would fail: {}", missing.summary()));
            Ok(0)
        }
        // The first of the errors, because rows and `complete` have the same order.
        Err(first) => Err(others.into_iter().fold(first, Error::detail)),
    }
}

fn table(rows: &[Row<'_>]) -> String {
    let cells: Vec<[String; 3]> = rows
        .iter()
        .map(|row| match &row.shown {
            Ok(Some((value, origin))) => {
                [row.name.to_owned(), printable(&row_text(value)), printable(origin)]
            }
            Ok(None) => [row.name.to_owned(), "-".to_owned(), String::new()],
            Err(_) => [row.name.to_owned(), "invalid, see below".to_owned(), String::new()],
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

fn json<'a>(rows: impl Iterator<Item = &'a Row<'a>>) -> String {
    let settings = rows.map(|row| {
        let setting = match &row.shown {
            Ok(Some((value, origin))) => json!({ "value": value, "origin": origin }),
            Ok(None) => json!({ "value": null, "origin": null }),
            Err(error) => json!({ "problem": error.summary() }),
        };
        (row.name.to_owned(), setting)
    });
    format!("{}\n", Value::Object(settings.collect::<Map<_, _>>()))
}
