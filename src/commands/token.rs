//! `token`: opens a session and prints it.

use super::session;
use crate::cli::TokenArgs;
use crate::console::Console;
use crate::error::Error;
use crate::output::{OutputFile, StepFile, is_standard_output};

pub fn run(args: TokenArgs, console: &Console) -> Result<u8, Error> {
    let format = args.format;
    let output = args.output.filter(|path| !is_standard_output(path));
    if let (Some(variable), Some(_)) = (format.file_variable(), &output) {
        return Err(Error::usage("--output can't be combined with the GitHub formats").hint(
            format!("remove --output: the format writes to the file that {variable} names"),
        ));
    }
    let settings = session::settings(&args.settings.0, console)?;
    // Checks everything that could prevent printing the token before opening a session.
    format.check(&settings.iframe_template.value.to_string())?;
    let step_file = format.file_variable().map(StepFile::open).transpose()?;
    let output = output.map(|path| OutputFile::open(&path)).transpose()?;
    let rendered = format.render(&session::open(&settings, console)?)?;
    match (step_file, output) {
        (Some(file), _) => file.append(&rendered.file, || Console::print(&rendered.stdout))?,
        (None, Some(file)) => file.write(&rendered.stdout)?,
        (None, None) => Console::print(&rendered.stdout)?,
    }
    Ok(0)
}
