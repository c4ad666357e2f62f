//! `emulator`: the stand-in for the API, on its own until a signal ends it, or around COMMAND.

use std::ffi::{OsStr, OsString};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitStatus;
use std::{env, fs, io};

use tempfile::TempDir;

use super::child::{self, Signals};
use crate::cli::EmulatorArgs;
use crate::console::Console;
use crate::emulator::{Accounts, Emulator, Log, PAGE_PATHS, TOKEN_PATHS};
use crate::error::{Code, Error};
use crate::settings::variable_name;

pub fn run(args: &EmulatorArgs, console: &Console) -> Result<u8, Error> {
    check_credentials(args)?;
    let log =
        if console.is_quiet() { None } else { Some(Log::start(Console::log).map_err(internal)?) };
    let emulator = Emulator {
        accounts: Accounts::new(args.key.clone(), args.secret.clone(), args.disabled_key.clone()),
        delay: args.delay,
        fault: args.fail,
        token_requests: 0.into(),
        log: log.clone(),
    };
    let (listener, address) = listen(args.listen, console)?;
    // A signal that arrives once the address is known must find its handler.
    let signals = Signals::catch()?;
    emulator.start(listener).map_err(internal)?;
    let ended = if args.command.is_empty() {
        Console::print(format!("http://{address}\n"))?;
        signals.wait_for_one();
        None
    } else {
        Some(run_command(args, address, signals)?)
    };
    if let Some(log) = log {
        log.flush();
    }
    Ok(ended.map_or(0, child::exit_code))
}

fn check_credentials(args: &EmulatorArgs) -> Result<(), Error> {
    let texts = [&args.key, &args.secret, &args.disabled_key];
    if texts.into_iter().any(|text| text.is_empty() || text.trim() != text) {
        return Err(Error::usage("a key or a secret is empty or has white space around it"));
    }
    Ok(())
}

fn internal(error: io::Error) -> Error {
    Error::new(Code::Internal, "the emulator can't run").cause(error)
}

/// A listener, and the address at which clients on this machine reach it.
fn listen(on: SocketAddr, console: &Console) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |error| Error::config(format!("can't listen on {on}")).cause(error);
    let listener = TcpListener::bind(on).map_err(failed)?;
    let mut address = listener.local_addr().map_err(failed)?;
    address.set_ip(address.ip().to_canonical());
    if !address.ip().is_loopback() {
        console.warn(format!("other machines may be able to reach the emulator ({address})"));
    }
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok((listener, address))
}

/// Runs COMMAND with all that it needs to find the emulator, and with this program on its `PATH`.
fn run_command(
    args: &EmulatorArgs,
    address: SocketAddr,
    signals: Signals,
) -> Result<ExitStatus, Error> {
    let (path, _temporary) = path_with_program().map_err(|error| {
        Error::new(Code::Internal, "can't put smartextract on COMMAND's PATH").cause(error)
    })?;
    let mut command = child::command(&args.command, Some(&path));
    command
        // Neither this program's proxy nor another client's may be asked for the emulator.
        .env_remove(variable_name("proxy"))
        .envs(no_proxy(address.ip(), |name| env::var_os(name)))
        .env(variable_name("token_url"), format!("http://{address}{}", TOKEN_PATHS[0]))
        .env(
            variable_name("iframe_template"),
            format!("http://{address}{}?token={{token}}", PAGE_PATHS[0]),
        )
        .env(variable_name("key"), &args.key)
        .env(variable_name("secret"), &args.secret);
    signals.run(&mut command)
}

/// `NO_PROXY` and `no_proxy` with the emulator's hosts. Clients differ in which one they read.
fn no_proxy(
    host: IpAddr,
    variable: impl Fn(&str) -> Option<OsString>,
) -> [(&'static str, OsString); 2] {
    const NAMES: [&str; 2] = ["NO_PROXY", "no_proxy"];
    let given = |name| variable(name).filter(|hosts| !hosts.is_empty());
    NAMES.map(|name| {
        let hosts = given(name).or_else(|| NAMES.into_iter().find_map(given));
        let mut entries: Vec<OsString> = hosts.into_iter().collect();
        // Clients accept the wildcard only on its own.
        if entries.iter().all(|hosts| hosts.to_string_lossy().trim() != "*") {
            let hosts = [host, Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            entries.extend(hosts.map(|host| host.to_string().into()));
            entries.dedup();
        }
        (name, entries.join(OsStr::new(",")))
    })
}

/// COMMAND's `PATH`, on which `smartextract` is this program: this process's own `PATH` if it leads
/// there, otherwise with a temporary directory before it that contains only a link to this program.
/// The program's own directory may have others in it, which would hide those that the user prefers.
fn path_with_program() -> io::Result<(OsString, Option<TempDir>)> {
    let program = env::current_exe()?;
    let name = format!("smartextract{}", env::consts::EXE_SUFFIX);
    // Without PATH, programs are looked up in these directories.
    let path = env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    // An empty entry would stand for the current directory.
    let entries = || env::split_paths(&path).filter(|entry| !entry.as_os_str().is_empty());
    let found = entries().map(|directory| directory.join(&name)).find(|file| file.is_file());
    let found = found.filter(|file| file.is_absolute()).and_then(|file| file.canonicalize().ok());
    if found.is_some() && found == program.canonicalize().ok() {
        return Ok((path, None));
    }
    let temporary = tempfile::Builder::new().prefix("smartextract-").tempdir()?;
    link(&program, &temporary.path().join(name))?;
    let first = temporary.path().to_owned();
    let path = env::join_paths([first].into_iter().chain(entries())).map_err(io::Error::other)?;
    Ok((path, Some(temporary)))
}

#[cfg(unix)]
fn link(program: &Path, link: &Path) -> io::Result<()> {
    // A link to nothing would only fail once COMMAND uses it.
    fs::metadata(program).and_then(|_| std::os::unix::fs::symlink(program, link))
}

/// On Windows a symbolic link needs a privilege, and a hard link the same volume.
#[cfg(windows)]
fn link(program: &Path, link: &Path) -> io::Result<()> {
    fs::hard_link(program, link).or_else(|_| fs::copy(program, link).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_emulators_hosts_join_no_proxy_unless_it_excludes_every_host() {
        for (upper, lower, expected_upper, expected_lower) in [
            (None, None, "127.0.0.2,127.0.0.1,::1", "127.0.0.2,127.0.0.1,::1"),
            (Some("a,b"), None, "a,b,127.0.0.2,127.0.0.1,::1", "a,b,127.0.0.2,127.0.0.1,::1"),
            (Some(""), Some("a"), "a,127.0.0.2,127.0.0.1,::1", "a,127.0.0.2,127.0.0.1,::1"),
            (Some("*"), None, "*", "*"),
            (Some("a"), Some(" *"), "a,127.0.0.2,127.0.0.1,::1", " *"),
        ] {
            let given = |name: &str| if name == "NO_PROXY" { upper } else { lower };
            let result = no_proxy([127, 0, 0, 2].into(), |name| given(name).map(OsString::from));
            assert_eq!(
                result,
                [("NO_PROXY", expected_upper.into()), ("no_proxy", expected_lower.into())]
            );
        }
    }
}
