//! `config show`: every setting as it would be used, with its origin.

use serde_json::{Map, Value, json};

use crate::cli::{ReportFormat, ShowArgs};
use crate::console::{Console, printable};
use crate::error::Error;
use crate::settings::{self, Row, Sources};

pub fn run(args: &ShowArgs, console: &Console) -> Result<u8, Error> {
    let settings = settings::resolve(&Sources::from_env(&args.settings.0))?;
    for warning in &settings.warnings {
        console.warn(warning.clone());
    }
    Console::print(match args.format {
        ReportFormat::Text => table(&settings.rows()),
        ReportFormat::Json => json(settings.rows()),
    })?;
    if let Err(missing) = settings.credentials() {
        console.warn(format!("smartextract token would fail: {}", missing.summary()));
    }
    Ok(0)
}

fn table(rows: &[Row]) -> String {
    let values: Vec<String> = rows.iter().map(|row| printable(&row.text())).collect();
    let name_width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let value_width = values.iter().map(|value| value.chars().count()).max().unwrap_or_default();
    let mut table = String::new();
    for (row, value) in rows.iter().zip(&values) {
        let origin = printable(row.origin.as_deref().unwrap_or_default());
        let line = format!("{:name_width$}  {value:value_width$}  {origin}", row.name);
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

fn json(rows: Vec<Row>) -> String {
    let mut settings = Map::new();
    for Row { name, value, origin } in rows {
        settings.insert(name, json!({ "value": value, "origin": origin }));
    }
    format!("{}\n", Value::Object(settings))
}
