//! What one exchange costs: `smartextract token` compared with curl, and with curl piped to jq.
//!
//! `cargo bench`, or `cargo bench -- RUNS`. README.md describes what is measured and how.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs, thread};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

const RUNS: usize = 60;
/// The certificates that this machine trusts (Debian, Ubuntu).
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
const KEY: &str = "52ee4d982ee6b2e0432f10c4d03a1b8a";
const SECRET: &str = "s3cr3t-of-the-benchmark";

const PROGRAMS: [&str; 3] = ["smartextract", "curl", "curl, jq"];
const TRUST: [&str; 3] = ["`--ca-file`", "bundle", "bundle and directory"];
/// The goals: kind of trust, program, kind of cost, and how many times the cost of smartextract the
/// program must have at least.
const GOALS: [(usize, usize, usize, f64); 8] = [
    (0, 1, CPU, 2.5),
    (1, 1, CPU, 7.0),
    (1, 2, CPU, 12.0),
    (2, 1, CPU, 4.0),
    (2, 2, CPU, 7.0),
    (0, 1, PEAK, 2.5),
    (1, 1, PEAK, 2.5),
    (2, 1, PEAK, 2.5),
];

/// Wall time and CPU time (user and system) in microseconds, peak memory in KiB.
type Cost = [f64; 3];
const COSTS: [&str; 3] = ["wall ms", "CPU ms", "peak KiB"];
const CPU: usize = 1;
const PEAK: usize = 2;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, command)) if first == "measure" => measure(command),
        _ if !cfg!(target_os = "linux") => println!("SKIPPED: the benchmark needs Linux"),
        // cargo adds `--bench`.
        _ => compare(arguments.iter().find_map(|word| word.parse().ok()).unwrap_or(RUNS)),
    }
}

/// Runs a command once and prints its cost.
///
/// In a small process of its own, because Linux counts the memory of the process that starts a
/// program as that program's until the program begins.
fn measure(command: &[String]) {
    let start = Instant::now();
    let status = Command::new(&command[0]).args(&command[1..]).stdout(Stdio::null()).status();
    let wall = start.elapsed().as_micros();
    assert!(status.unwrap().success(), "{command:?} failed");
    let (cpu, peak) = usage_of_children();
    println!("{wall} {cpu} {peak}");
}

#[cfg(target_os = "linux")]
fn usage_of_children() -> (i64, i64) {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    ((usage.user_time() + usage.system_time()).num_microseconds(), usage.max_rss())
}

#[cfg(not(target_os = "linux"))]
fn usage_of_children() -> (i64, i64) {
    unreachable!("the benchmark needs Linux")
}

/// A command, with the costs of its runs.
struct Contender {
    command: Vec<String>,
    variables: Vec<(&'static str, String)>,
    costs: Vec<Cost>,
}

impl Contender {
    /// The command as arguments of this program's own `measure`, or by itself.
    fn command(&self, measured: bool) -> Command {
        let own = [env::current_exe().unwrap().display().to_string(), "measure".to_owned()];
        let mut words = own.iter().filter(|_| measured).chain(&self.command);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).env_clear().env("PATH", env::var_os("PATH").unwrap());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn check(&self) {
        let output = self.command(false).output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stdout.contains("t0ken"), "{:?}: {stdout}{stderr}", self.command);
    }

    fn run(&mut self) {
        let output = self.command(true).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<f64> = text.split_whitespace().flat_map(str::parse).collect();
        let stderr = String::from_utf8_lossy(&output.stderr);
        self.costs.push(numbers.try_into().unwrap_or_else(|_| panic!("no cost: {stderr}")));
    }

    fn medians(&self) -> Cost {
        [0, 1, 2].map(|part| {
            let mut values: Vec<f64> = self.costs.iter().map(|cost| cost[part]).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        })
    }
}

fn compare(runs: usize) {
    let (address, authority) = start_server();
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    fs::write(path("ca.pem"), &authority).unwrap();
    fs::write(path("body.json"), format!(r#"{{"key":"{KEY}","secret":"{SECRET}"}}"#)).unwrap();
    write_trust_store(directory.path(), &authority);

    let url = format!("https://localhost:{}/auth/token", address.port());
    let (ca, bundle, certs) = (path("ca.pem"), path("bundle.pem"), path("certs"));
    let body = format!("@{}", path("body.json"));
    let contenders = |ours: &[&str], curls: &[&str], variables: &[(&'static str, &str)]| {
        let request = ["-d", &body, "-H", "content-type:application/json", &url];
        let curl = [&["curl", "-sSf"], curls, &request].concat();
        let pipe = format!("{} | jq -er .data.token", curl.join(" "));
        let smartextract = [&[env!("CARGO_BIN_EXE_smartextract"), "token"], ours].concat();
        let settings = [
            ("SMARTEXTRACT_TOKEN_URL", url.as_str()),
            ("SMARTEXTRACT_KEY", KEY),
            ("SMARTEXTRACT_SECRET", SECRET),
        ];
        let variables = [&settings, variables].concat();
        [smartextract, curl, vec!["sh", "-c", &pipe]].map(|command| Contender {
            command: command.iter().map(|&word| word.to_owned()).collect(),
            variables: variables.iter().map(|&(name, value)| (name, value.to_owned())).collect(),
            costs: Vec::new(),
        })
    };
    let (file, dir) = (("SSL_CERT_FILE", bundle.as_str()), ("SSL_CERT_DIR", certs.as_str()));
    let mut setups = [
        contenders(&["--ca-file", &ca], &["--cacert", &ca], &[]),
        contenders(&[], &["--cacert", &bundle], &[file]),
        contenders(&[], &["--cacert", &bundle, "--capath", &certs], &[file, dir]),
    ];
    setups.as_flattened().iter().for_each(Contender::check);
    // In turns, so that other load on the machine affects all of them.
    for _ in 0..runs {
        setups.as_flattened_mut().iter_mut().for_each(Contender::run);
    }
    report(runs, &setups.map(|contenders| contenders.map(|contender| contender.medians())));
}

/// This machine's trust store with one authority more: as a file, and as a directory of single
/// certificates with the links that OpenSSL looks for.
fn write_trust_store(directory: &Path, authority: &str) {
    let system = fs::read_to_string(BUNDLE).unwrap_or_else(|error| panic!("{BUNDLE}: {error}"));
    let bundle = format!("{system}{authority}");
    fs::write(directory.join("bundle.pem"), &bundle).unwrap();
    let certs = directory.join("certs");
    fs::create_dir(&certs).unwrap();
    for (number, pem) in bundle.split_inclusive("-----END CERTIFICATE-----\n").enumerate() {
        fs::write(certs.join(format!("{number}.pem")), pem).unwrap();
    }
    let links = Command::new("openssl").arg("rehash").arg(&certs).status();
    assert!(links.unwrap().success(), "openssl rehash failed");
    fs::copy(directory.join("bundle.pem"), certs.join("ca-certificates.crt")).unwrap();
}

fn report(runs: usize, setups: &[[Cost; 3]; 3]) {
    println!("Medians of {runs} runs.\n");
    println!("| trust | program | {} |\n| --- | --- | --- | --- | --- |", COSTS.join(" | "));
    for (trust, costs) in TRUST.iter().zip(setups) {
        for (program, [wall, cpu, peak]) in PROGRAMS.iter().zip(costs) {
            let (wall, cpu) = (wall / 1e3, cpu / 1e3);
            println!("| {trust} | {program} | {wall:.1} | {cpu:.1} | {peak} |");
        }
    }
    println!("\n| cost relative to smartextract | trust | program | goal | measured |");
    println!("| --- | --- | --- | --- | --- |");
    for (setup, program, part, goal) in GOALS {
        let measured = setups[setup][program][part] / setups[setup][0][part];
        let (what, trust, program) = (COSTS[part], TRUST[setup], PROGRAMS[program]);
        println!("| {what} | {trust} | {program} | {goal} | {measured:.1} |");
    }
    let size = fs::metadata(env!("CARGO_BIN_EXE_smartextract")).unwrap().len();
    println!("\nThe measured program has {size} bytes (goal: 2500000).");
}

/// A stand-in for the API, with TLS 1.3 and P-256 like most web servers, in a thread that ends
/// with the process. Returns its address and the authority behind its certificate.
fn start_server() -> (SocketAddr, String) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "benchmark authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config =
        ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into());
    let config = Arc::new(config.unwrap());
    // The first address of the name, so that no program has to try a second one.
    let listener = TcpListener::bind("localhost:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            // If a connection breaks, its client fails, and with it the benchmark.
            thread::spawn(move || answer(StreamOwned::new(connection, socket)));
        }
    });
    (address, authority)
}

/// Reads one request, whose body ends with its JSON, and answers with a token.
fn answer(mut stream: StreamOwned<ServerConnection, TcpStream>) -> io::Result<()> {
    const BODY: &str = r#"{ "data": { "token": "t0ken" } }"#;
    stream.sock.set_nodelay(true)?;
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !request.ends_with(b"}") {
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            length => request.extend_from_slice(&piece[..length]),
        }
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
    let response = format!("{head}\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
    stream.write_all(response.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}
