//! What one exchange costs: `smartextract token`, curl, and curl piped to jq, against a TLS 1.3
//! server on loopback.
//!
//! `cargo bench`, or `cargo bench -- RUNS`. Needs Linux, curl, jq, openssl and the bundle of Debian's
//! `ca-certificates`. All trust that bundle and one certificate more, as a file and as a directory of
//! single files, as on Debian. CPU is the user and system time of all processes.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs, thread};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
const KEY: &str = "52ee4d982ee6b2e0432f10c4d03a1b8a";
const SECRET: &str = "s3cr3t-of-the-benchmark";

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, command)) if first == "measure" => measure(command),
        _ if !cfg!(target_os = "linux") => println!("SKIPPED: the benchmark needs Linux"),
        // cargo adds `--bench`.
        _ => compare(arguments.iter().find_map(|word| word.parse().ok()).unwrap_or(60)),
    }
}

/// Runs a command and prints wall time and CPU time in microseconds, and peak memory in KiB. In a
/// process of its own, because Linux counts the memory of the parent as the child's until it starts.
fn measure(command: &[String]) {
    let start = Instant::now();
    let status = Command::new(&command[0]).args(&command[1..]).stdout(Stdio::null()).status();
    let wall = start.elapsed().as_micros();
    assert!(status.unwrap().success(), "{command:?} failed");
    #[cfg(target_os = "linux")]
    {
        use nix::sys::resource::{UsageWho, getrusage};
        use nix::sys::time::TimeValLike;
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
        let cpu = usage.user_time() + usage.system_time();
        println!("{wall} {} {}", cpu.num_microseconds(), usage.max_rss());
    }
}

fn compare(runs: usize) {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (port, authority) = start_server();
    write_trust_store(directory.path(), &authority);
    fs::write(path("body.json"), format!(r#"{{"key":"{KEY}","secret":"{SECRET}"}}"#)).unwrap();
    let url = format!("https://localhost:{port}/auth/token");
    let curl = format!(
        "curl -sSf --cacert {} --capath {} -d @{} -H content-type:application/json {url}",
        path("bundle.pem"),
        path("certs"),
        path("body.json")
    );
    let program = env!("CARGO_BIN_EXE_smartextract");
    let commands = [
        ("smartextract", format!("{program} token")),
        ("curl", curl.clone()),
        ("curl, jq", format!("sh -c '{curl} | jq -er .data.token'")),
    ];
    let mut costs = commands.clone().map(|_| [Vec::new(), Vec::new(), Vec::new()]);
    // In turns, so that other load on the machine affects all of them.
    for _ in 0..runs {
        for ((_, command), costs) in commands.iter().zip(&mut costs) {
            let measured =
                format!("exec {} measure {command}", env::current_exe().unwrap().display());
            let output = Command::new("sh")
                .args(["-c", &measured])
                .env("SMARTEXTRACT_TOKEN_URL", &url)
                .env("SMARTEXTRACT_KEY", KEY)
                .env("SMARTEXTRACT_SECRET", SECRET)
                .env("SSL_CERT_FILE", path("bundle.pem"))
                .env("SSL_CERT_DIR", path("certs"))
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            for (number, costs) in text.split_whitespace().zip(costs) {
                costs.push(number.parse::<f64>().unwrap());
            }
        }
    }
    let medians = costs.map(|costs| costs.map(median));
    println!("Medians of {runs} runs (and how many times the cost of smartextract):\n");
    println!("| program | wall ms | CPU ms | peak KiB |\n| --- | --- | --- | --- |");
    for ((name, _), [wall, cpu, peak]) in commands.iter().zip(medians) {
        let [own_wall, own_cpu, own_peak] = medians[0];
        let (wall_ms, cpu_ms) = (wall / 1e3, cpu / 1e3);
        println!(
            "| {name} | {wall_ms:.1} ({:.1}) | {cpu_ms:.1} ({:.1}) | {peak} ({:.1}) |",
            wall / own_wall,
            cpu / own_cpu,
            peak / own_peak
        );
    }
    println!("\nThe measured program has {} bytes.", fs::metadata(program).unwrap().len());
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// This machine's trust store with one authority more: as a file, and as a directory of single
/// certificates with the links that OpenSSL looks for.
fn write_trust_store(directory: &Path, authority: &str) {
    let bundle = fs::read_to_string(BUNDLE).expect(BUNDLE) + authority;
    fs::write(directory.join("bundle.pem"), &bundle).unwrap();
    let certs = directory.join("certs");
    fs::create_dir(&certs).unwrap();
    for (number, pem) in bundle.split_inclusive("-----END CERTIFICATE-----\n").enumerate() {
        fs::write(certs.join(format!("{number}.pem")), pem).unwrap();
    }
    let links = Command::new("openssl").arg("rehash").arg(&certs).status();
    assert!(links.unwrap().success(), "openssl rehash failed");
    fs::write(certs.join("ca-certificates.crt"), &bundle).unwrap();
}

/// A stand-in for the API, with P-256 like most web servers, in a thread that ends with the process.
/// Returns its port and the authority behind its certificate.
fn start_server() -> (u16, String) {
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
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            // If a connection breaks, its client fails, and with it the benchmark.
            thread::spawn(move || respond(StreamOwned::new(connection, socket)));
        }
    });
    (port, authority)
}

/// Reads one request, whose body ends with its JSON, and responds with a token.
fn respond(mut stream: StreamOwned<ServerConnection, TcpStream>) -> io::Result<()> {
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
