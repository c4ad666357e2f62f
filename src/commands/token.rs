//! `token`: opens a session and prints it.

use super::session;
use crate::cli::TokenArgs;
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::{Destination, Format};

pub fn run(args: &TokenArgs, console: &Console) -> Result<u8, Error> {
    let destination = Destination::check(args.format, args.output.as_deref())?;
    let settings = session::settings(&args.settings.0, console)?;
    let template = settings.iframe_template.value.to_string();
    args.format.check(Code::Config, "the iframe template", &template)?;
    if args.format != Format::Token {
        session::warn_of_mixed_hosts(&settings, console);
    }
    let session = session::open(&settings, console)?;
    destination.write(args.format, &session)?;
    Ok(0)
}
