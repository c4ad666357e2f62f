//! `emulator`: the stand-in for the API, on its own until a signal ends it, or around COMMAND.

use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::{env, process, thread};

use anyhow::Context;

use super::child;
use crate::cli::EmulatorArgs;
use crate::console::Console;
use crate::emulator::{Emulator, PAGE_PATHS, TOKEN_PATHS};
use crate::error::Error;
use crate::output::posix_quoted;
use crate::settings::variable_name;
use crate::{program, signals};

pub fn run(args: &EmulatorArgs, console: &Console) -> Result<u8, Error> {
    let (listener, address) = listen(&args.listen, console)?;
    let emulator = Emulator {
        key: args.key.clone(),
        secret: args.secret.clone(),
        disabled_key: args.disabled_key.clone(),
        delay: args.delay,
        fault: args.fail,
        log_requests: console.is_verbose(),
        ..Emulator::default()
    };
    emulator.start(listener);
    if args.command.is_empty() {
        serve_alone(args, address, console)
    } else {
        run_command(args, address, console)
    }
}

/// A listener, and the address at which clients on this machine reach it.
fn listen(on: &str, console: &Console) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |error| {
        Error::config(format!("can't listen on {on}"))
            .cause(error)
            .hint("choose another address with --listen; port 0 is any free port")
    };
    let listener = TcpListener::bind(on).map_err(failed)?;
    let mut address = listener.local_addr().map_err(failed)?;
    if !address.ip().is_loopback() {
        console.warn(format!("other machines may be able to reach the emulator ({address})"));
    }
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok((listener, address))
}

fn variables(args: &EmulatorArgs, address: SocketAddr) -> [(String, String); 4] {
    let base = format!("http://{address}");
    [
        (variable_name("token_url"), base.clone() + TOKEN_PATHS[0]),
        (variable_name("iframe_template"), base + PAGE_PATHS[0] + "?token={token}"),
        (variable_name("key"), args.key.clone()),
        (variable_name("secret"), args.secret.clone()),
    ]
}

fn serve_alone(args: &EmulatorArgs, address: SocketAddr, console: &Console) -> Result<u8, Error> {
    // First, because a signal may arrive once the address is known.
    signals::at_end(|_| process::exit(0)).context("can't wait for signals")?;
    Console::print(format!("http://{address}\n"))?;
    if io::stderr().is_terminal() {
        for (name, value) in variables(args, address) {
            console.notice(&format!("export {name}={}", posix_quoted(&value)));
        }
    }
    loop {
        thread::park();
    }
}

fn run_command(args: &EmulatorArgs, address: SocketAddr, console: &Console) -> Result<u8, Error> {
    let path = match program::path_with_this_program() {
        Ok(path) => path,
        Err(error) => {
            console.warn(format!("can't put smartextract on COMMAND's PATH: {error}"));
            program::search_path()
        }
    };
    let mut command = child::command(&args.command, &path)?;
    command.env("PATH", path).envs(variables(args, address));
    // COMMAND must reach the emulator without a proxy.
    command.env_remove(variable_name("proxy"));
    let mut hosts = env::var("NO_PROXY").unwrap_or_default();
    if hosts.trim().is_empty() {
        hosts = env::var("no_proxy").unwrap_or_default();
    }
    let no_proxy = match hosts.trim() {
        "" => address.ip().to_string(),
        // Clients accept the wildcard only on its own.
        "*" => hosts,
        _ => format!("{hosts},{}", address.ip()),
    };
    command.env("NO_PROXY", &no_proxy).env("no_proxy", &no_proxy);
    child::run(&mut command)
}
