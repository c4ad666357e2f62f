//! Runs the programs in turn, measures each run, and prints medians and ratios.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tempfile::TempDir;

use crate::server::Server;

const RUNS: usize = 60;
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
const REQUEST_BODY: &str =
    r#"{"key":"52ee4d982ee6b2e0432f10c4d03a1b8a","secret":"s3cr3t-of-the-benchmark"}"#;

/// This program is also the one that starts and measures the others.
pub fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["measure", program, ref arguments @ ..] => measure(program, arguments),
        // cargo adds "--bench".
        _ => compare(words.iter().find_map(|word| word.parse().ok()).unwrap_or(RUNS)),
    }
}

/// What one run took.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
    peak_kib: i64,
}

/// Runs a program once and prints its cost.
///
/// In a process of its own, and a small one: Linux counts the memory of the process that starts
/// a program as that program's, up to the moment it begins.
fn measure(program: &str, arguments: &[&str]) {
    let start = Instant::now();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status().unwrap();
    let wall = start.elapsed();
    assert!(status.success(), "{program}: {status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let cpu = (usage.user_time() + usage.system_time()).num_microseconds();
    println!("{} {cpu} {}", wall.as_micros(), usage.max_rss());
}

/// A program with its arguments, in the environment that all of them get.
struct Contender {
    name: &'static str,
    words: Vec<String>,
    variables: Vec<(&'static str, String)>,
    costs: Vec<Cost>,
    instructions: Option<u64>,
}

impl Contender {
    fn new(name: &'static str, words: &[&str], variables: &[(&'static str, String)]) -> Self {
        let words = words.iter().map(|&word| word.to_owned()).collect();
        Self { name, words, variables: variables.to_vec(), costs: Vec::new(), instructions: None }
    }

    /// The program behind another one that runs it.
    fn behind(&self, words: &[&str]) -> Command {
        let mut words = words.iter().copied().chain(self.words.iter().map(String::as_str));
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).env_clear().envs(self.variables.iter().map(|(k, v)| (k, v)));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    fn works(&self) {
        let output = self.behind(&[]).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(stdout.contains("t0ken"), "{}: {stdout}{stderr}", self.name);
    }

    fn run(&mut self) {
        let output = self.behind(&[&myself(), "measure"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<u64> = text.split_whitespace().flat_map(str::parse).collect();
        let [wall, cpu, peak] = numbers[..] else {
            panic!("{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        };
        self.costs.push(Cost {
            wall: Duration::from_micros(wall),
            cpu: Duration::from_micros(cpu),
            peak_kib: i64::try_from(peak).expect("a size"),
        });
    }

    /// One run under callgrind, where that is installed; of a pipe it would see the shell alone.
    fn count(&mut self) {
        if self.words[0] == "sh" {
            return;
        }
        let callgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
        let Ok(output) = self.behind(&callgrind).output() else { return };
        let text = String::from_utf8_lossy(&output.stderr);
        let count = text.split("Collected : ").nth(1).and_then(|rest| rest.lines().next());
        self.instructions = count.and_then(|count| count.trim().parse().ok());
    }

    fn median<T: Ord + Copy>(&self, part: impl Fn(&Cost) -> T) -> T {
        let mut values: Vec<T> = self.costs.iter().map(part).collect();
        values.sort_unstable();
        values[values.len() / 2]
    }
}

fn myself() -> String {
    std::env::current_exe().unwrap().into_os_string().into_string().unwrap()
}

/// The floor: cargo puts it beside this program, under a name that ends in a hash.
fn floor() -> String {
    let folder = Path::new(&myself()).parent().expect("a folder").to_owned();
    let programs = fs::read_dir(folder).unwrap().flatten().filter(|entry| {
        let name = entry.file_name().into_string().unwrap_or_default();
        name.starts_with("floor-") && !name.contains('.')
    });
    let newest = programs.max_by_key(|entry| entry.metadata().unwrap().modified().unwrap());
    let newest = newest.expect("`cargo bench` without `--bench` builds the floor, too");
    newest.path().into_os_string().into_string().unwrap()
}

fn compare(runs: usize) {
    let floor = floor();
    let server = Server::start();
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    fs::write(path("ca.pem"), &server.authority).unwrap();
    fs::write(path("body.json"), REQUEST_BODY).unwrap();
    fs::write(path("request"), plain_request()).unwrap();
    let has_store = write_store(folder.path(), &server.authority);

    let url = format!("https://localhost:{}/auth/token", server.address.port());
    let common: Vec<(&str, String)> = vec![
        ("HOME", path("")),
        ("SMARTEXTRACT_TOKEN_URL", url.clone()),
        ("SMARTEXTRACT_KEY", "52ee4d982ee6b2e0432f10c4d03a1b8a".to_owned()),
        ("SMARTEXTRACT_SECRET", "s3cr3t-of-the-benchmark".to_owned()),
    ];
    let with = |more: &[(&'static str, String)]| [&common[..], more].concat();
    let bundle = ("SSL_CERT_FILE", path("bundle.pem"));
    let certificates = ("SSL_CERT_DIR", path("certs"));
    let lacking = ("SSL_CERT_FILE", BUNDLE.to_owned());

    println!("{runs} runs each; medians\n");
    let own = ["--ca-file", &path("ca.pem")];
    let own_curl = ["--cacert", &path("ca.pem")];
    let address = server.address.to_string();
    let (body, request) = (format!("@{}", path("body.json")), path("request"));
    let contenders = |ours: &[&str], curls: &[&str], variables: &[(&'static str, String)]| {
        let curl = [
            &["curl", "-sSf"][..],
            curls,
            &["-H", "content-type:application/json", "-H", "accept:application/json"],
            &["-d", &body, &url],
        ]
        .concat();
        let pipe = format!("{} | jq -er .data.token", curl.join(" "));
        let ours = [&[env!("CARGO_BIN_EXE_smartextract"), "token"], ours].concat();
        vec![
            Contender::new("floor", &[&floor, &address, own[1], &request], variables),
            Contender::new("smartextract", &ours, variables),
            Contender::new("curl", &curl, variables),
            Contender::new("curl, jq", &["sh", "-c", &pipe], variables),
        ]
    };
    race("one certificate authority (--ca-file)", runs, contenders(&own, &own_curl, &common));
    if !has_store {
        println!("SKIPPED: {BUNDLE} is not there, so there is no store to measure with");
        return;
    }
    // Of the two variables curl heeds one alone.
    let (file, certs) = (path("bundle.pem"), path("certs"));
    let both = contenders(
        &[],
        &["--cacert", &file, "--capath", &certs],
        &with(&[bundle.clone(), certificates.clone()]),
    );
    race("trust store: bundle and folder, as by default", runs, both);
    let bundle_only = contenders(&[], &["--cacert", &file], &with(&[bundle]));
    race("trust store: bundle alone", runs, bundle_only);
    let mut folder_only = contenders(&[], &[], &with(&[lacking, certificates]));
    // curl would want the links named by OpenSSL's hash of the subject.
    folder_only.truncate(2);
    race("trust store: authority in the folder alone", runs, folder_only);
}

/// The request as the floor sends it, byte for byte.
fn plain_request() -> String {
    let length = REQUEST_BODY.len();
    format!(
        "POST /auth/token HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{REQUEST_BODY}"
    )
}

/// A trust store like this machine's, with one authority more: as one file, and as a folder of
/// single certificates, each with a link to it, and a link to the bundle.
fn write_store(folder: &Path, authority: &str) -> bool {
    let Ok(system) = fs::read_to_string(BUNDLE) else { return false };
    let bundle = folder.join("bundle.pem");
    fs::write(&bundle, format!("{system}{authority}")).unwrap();
    let folder = folder.join("certs");
    fs::create_dir(&folder).unwrap();
    symlink(&bundle, folder.join("ca-certificates.crt")).unwrap();
    let certificates = system.split_inclusive("-----END CERTIFICATE-----\n").chain([authority]);
    for (number, certificate) in certificates.enumerate() {
        let name = format!("authority_{number}.pem");
        fs::write(folder.join(&name), certificate).unwrap();
        symlink(&name, folder.join(format!("{number:08x}.0"))).unwrap();
    }
    true
}

fn race(title: &str, runs: usize, mut contenders: Vec<Contender>) {
    for contender in &mut contenders {
        contender.works();
        contender.count();
    }
    for _ in 0..runs {
        contenders.iter_mut().for_each(Contender::run);
    }
    report(title, &contenders);
}

#[expect(clippy::cast_precision_loss, reason = "figures to look at")]
fn report(title: &str, contenders: &[Contender]) {
    println!("| {title} | wall ms | CPU ms | peak KiB | instructions | of the floor's |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let floor = &contenders[0];
    for contender in contenders {
        let wall = contender.median(|cost| cost.wall).as_secs_f64() * 1e3;
        let cpu = contender.median(|cost| cost.cpu).as_secs_f64() * 1e3;
        let peak = contender.median(|cost| cost.peak_kib);
        let counted = contender.instructions.map(|count| count as f64);
        let millions = counted.map_or(String::new(), |count| format!("{:.2} M", count / 1e6));
        let of_floor = counted
            .zip(floor.instructions)
            .map_or(String::new(), |(count, floor)| format!("{:.2}", count / floor as f64));
        let name = contender.name;
        println!("| {name} | {wall:.1} | {cpu:.1} | {peak} | {millions} | {of_floor} |");
    }
    println!();
}
