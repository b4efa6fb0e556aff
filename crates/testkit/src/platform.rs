//! The real program, started as users start it: one process, or many with two gateway nodes, two messaging replicas and
//! two HTTP edges.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

use halley_launcher::{ThrowawayDirectory, throwaway_directory};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::Command,
};

/// How long a start may take: a debug build on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(90);

/// A running platform. Dropping it kills every process of it.
pub struct Platform {
    /// URL of the HTTP edge.
    pub rest: String,
    /// URLs of all HTTP edges.
    pub rests: Vec<String>,
    /// URL of everything with TLS, and the certificate that it shows; only of the one-process form.
    pub tls: Option<(String, PathBuf)>,
    /// URLs of the gateway nodes.
    pub websockets: Vec<String>,
    /// The content of demo.json.
    pub demo: Value,
    directory: ThrowawayDirectory,
    config: Option<PathBuf>,
    processes: Mutex<BTreeMap<String, Process>>,
}

struct Process {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    ready: Ready,
    child: Child,
}

/// How a process shows that it is ready.
#[derive(Clone)]
enum Ready {
    File(PathBuf),
    Admin(SocketAddr),
}

impl Platform {
    /// `halley serve --target all`, with private servers.
    pub async fn one_process() -> Self {
        Self::one_process_with(&[]).await
    }

    /// The same with environment variables.
    pub async fn one_process_with(environment: &[(&str, &str)]) -> Self {
        let directory = directory();
        let data = data_dir(&directory);
        let (address, tls) = (free_address(), free_address());
        let demo = data.join("demo.json");
        let variables: Vec<(String, String)> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let arguments = [
            "serve",
            "--target",
            "all",
            "--listen",
            &address.to_string(),
            "--tls-listen",
            &tls.to_string(),
            "--data-dir",
            &text(&data),
        ];
        let process =
            start(&directory, "halley", &arguments.map(ToOwned::to_owned), &variables, Ready::File(demo.clone())).await;
        let demo = read_json(&demo);
        Self {
            rest: demo["rest"].as_str().unwrap().to_owned(),
            rests: vec![demo["rest"].as_str().unwrap().to_owned()],
            tls: Some((format!("https://localhost:{}", tls.port()), data.join("tls/localhost.pem"))),
            websockets: vec![demo["websocket"].as_str().unwrap().to_owned()],
            demo,
            directory,
            config: None,
            processes: Mutex::new(BTreeMap::from([("halley".to_owned(), process)])),
        }
    }

    /// One process for each service, two of messaging and of the gateway, on one private PostgreSQL and Redis.
    pub async fn many_processes() -> Self {
        Self::many_processes_behind(&[]).await
    }

    /// The same, where clients reach each HTTP edge, and the gateway node of its number, over TLS at a host of its own.
    pub async fn many_processes_behind(hosts: &[String]) -> Self {
        Self::many_processes_told(|edge, _| {
            let host = hosts.get(edge - 1)?;
            Some(("HALLEY_REST__PUBLIC_HOST".to_owned(), host.clone()))
        })
        .await
    }

    /// The same without TLS, where each HTTP edge tells clients the gateway node of its number.
    pub async fn many_processes_for_browsers() -> Self {
        Self::many_processes_told(|edge, gateways| {
            let gateway = gateways.get(edge - 1)?;
            Some(("HALLEY_REST__PUBLIC_WEBSOCKET_HOST".to_owned(), gateway.to_string()))
        })
        .await
    }

    /// The same; `tell` gives a variable for the processes of a number, from that number and the gateways' addresses.
    async fn many_processes_told(tell: impl Fn(usize, &[SocketAddr]) -> Option<(String, String)>) -> Self {
        let directory = directory();
        let data = data_dir(&directory);
        let config = data.join("halley.toml");
        let mut processes = BTreeMap::new();
        let arguments = ["private-servers", "--data-dir", &text(&data)].map(ToOwned::to_owned);
        let servers = start(&directory, "private-servers", &arguments, &[], Ready::File(config.clone())).await;
        processes.insert("private-servers".to_owned(), servers);

        let names = [
            "auth-1",
            "identity-1",
            "groups-1",
            "messaging-1",
            "messaging-2",
            "webhooks-1",
            "realtime-gateway-1",
            "realtime-gateway-2",
            "rest-1",
            "rest-2",
        ];
        let addresses: BTreeMap<&str, SocketAddr> = names.iter().map(|name| (*name, free_address())).collect();
        let peers = peers(&addresses);
        let gateways = ["realtime-gateway-1", "realtime-gateway-2"].map(|name| addresses[name]);
        for name in names {
            let (target, number) = name.rsplit_once('-').unwrap();
            let mut environment = peers.clone();
            environment.extend(tell(number.parse().unwrap(), &gateways));
            let admin = free_address();
            let arguments = [
                "serve",
                "--target",
                target,
                "--listen",
                &addresses[name].to_string(),
                "--admin-listen",
                &admin.to_string(),
                "--config",
                &text(&config),
                "--data-dir",
                &text(&data),
            ]
            .map(ToOwned::to_owned);
            let process = start(&directory, name, &arguments, &environment, Ready::Admin(admin)).await;
            processes.insert(name.to_owned(), process);
        }
        let rest = format!("http://{}", addresses["rest-1"]);
        let websockets: Vec<String> = ["realtime-gateway-1", "realtime-gateway-2"]
            .iter()
            .map(|name| format!("ws://{}", addresses[name]))
            .collect();
        let mut platform = Self {
            rest: rest.clone(),
            rests: ["rest-1", "rest-2"].map(|name| format!("http://{}", addresses[name])).into(),
            tls: None,
            websockets: websockets.clone(),
            demo: Value::Null,
            directory,
            config: Some(config),
            processes: Mutex::new(processes),
        };
        platform.run(&["demo", "--rest", &rest, "--websocket", &websockets[0]]).await;
        platform.demo = read_json(&data.join("demo.json"));
        platform
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        data_dir(&self.directory)
    }

    /// Where a process of the many-process form listens, as host and port.
    pub fn address(&self, name: &str) -> String {
        let processes = self.processes.lock().unwrap();
        let process = processes.get(name).unwrap_or_else(|| panic!("there is no process {name}"));
        let mut arguments = process.arguments.iter().skip_while(|argument| *argument != "--listen");
        arguments.nth(1).unwrap_or_else(|| panic!("{name} listens nowhere")).clone()
    }

    /// The pid of a process: `halley`, or of the many-process form `messaging-1` and the like.
    pub fn pid(&self, name: &str) -> u32 {
        let processes = self.processes.lock().unwrap();
        let process = processes.get(name).unwrap_or_else(|| panic!("there is no process {name}"));
        process.child.id()
    }

    /// The pids of all processes, by name.
    pub fn pids(&self) -> BTreeMap<String, u32> {
        let processes = self.processes.lock().unwrap();
        processes.iter().map(|(name, process)| (name.clone(), process.child.id())).collect()
    }

    /// What each process has written so far, by name.
    pub fn logs(&self) -> BTreeMap<String, String> {
        let read = |name: String| {
            let text = fs::read(log(&self.directory, &name)).unwrap_or_default();
            (name, String::from_utf8_lossy(&text).into_owned())
        };
        self.pids().into_keys().map(read).collect()
    }

    /// `kill -9`.
    pub async fn kill(&self, name: &str) {
        let pid = Pid::from_raw(self.pid(name).cast_signed());
        kill(pid, Signal::SIGKILL).unwrap();
        let ended = || self.processes.lock().unwrap().get_mut(name).unwrap().child.try_wait().unwrap();
        crate::eventually("the killed process is gone", async || ended()).await;
    }

    /// Starts a process again with the same arguments, and waits until it is ready.
    pub async fn restart(&self, name: &str) {
        let old = self.processes.lock().unwrap().remove(name).unwrap();
        let process = start(&self.directory, name, &old.arguments, &old.environment, old.ready).await;
        self.processes.lock().unwrap().insert(name.to_owned(), process);
    }

    /// `kill -9` of the private Redis; whoever runs it starts it again.
    pub async fn kill_redis(&self) {
        let owner = if self.config.is_some() { "private-servers" } else { "halley" };
        let pid = child_of(self.pid(owner), "redis-server");
        kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
    }

    /// Asks a process to end by SIGTERM; answers how long that took.
    pub async fn terminate(&self, name: &str) -> Duration {
        let begun = Instant::now();
        kill(Pid::from_raw(self.pid(name).cast_signed()), Signal::SIGTERM).unwrap();
        let ended = || self.processes.lock().unwrap().get_mut(name).unwrap().child.try_wait().unwrap();
        tokio::time::timeout(Duration::from_secs(20), async {
            while ended().is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{name} did not end"));
        begun.elapsed()
    }

    /// Runs a command of the program on this platform; answers what it printed.
    pub async fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments).await;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "halley {arguments:?}: {printed}{}", String::from_utf8_lossy(&output.stderr));
        printed
    }

    /// Runs a command that must fail; answers its complaint.
    pub async fn run_failing(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments).await;
        assert!(
            !output.status.success(),
            "halley {arguments:?} must fail: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    async fn output(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(binary());
        command.args(arguments).arg("--data-dir").arg(self.data_dir()).kill_on_drop(true);
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        let limit = Duration::from_secs(120);
        tokio::time::timeout(limit, command.output())
            .await
            .unwrap_or_else(|_| panic!("halley {arguments:?} hangs"))
            .unwrap()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let mut processes = self.processes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if std::thread::panicking() {
            for name in processes.keys() {
                eprintln!("--- {name}\n{}", tail(&log(&self.directory, name)));
            }
        }
        for process in processes.values_mut() {
            // A process that has ended can't be killed, which is fine.
            drop(process.child.kill().and_then(|()| process.child.wait()));
        }
    }
}

fn peers(addresses: &BTreeMap<&str, SocketAddr>) -> Vec<(String, String)> {
    let of =
        |names: &[&str]| names.iter().map(|name| format!("http://{}", addresses[name])).collect::<Vec<_>>().join(",");
    [
        ("AUTH", of(&["auth-1"])),
        ("IDENTITY", of(&["identity-1"])),
        ("GROUPS", of(&["groups-1"])),
        ("MESSAGING", of(&["messaging-1", "messaging-2"])),
        ("WEBHOOKS", of(&["webhooks-1"])),
        ("REALTIME_GATEWAY", of(&["realtime-gateway-1", "realtime-gateway-2"])),
    ]
    .map(|(name, value)| (format!("HALLEY_PEERS__{name}"), value))
    .into()
}

async fn start(
    directory: &ThrowawayDirectory,
    name: &str,
    arguments: &[String],
    environment: &[(String, String)],
    ready: Ready,
) -> Process {
    if let Ready::File(path) = &ready {
        drop(fs::remove_file(path));
    }
    let output = File::options().create(true).append(true).open(log(directory, name)).unwrap();
    let mut command = std::process::Command::new(binary());
    // Tests show many a wrong credential, all from one address.
    command.env("HALLEY_REST__RATE_WRONG_CREDENTIALS", "0");
    // Their webhooks are on this machine, and nobody waits ten seconds for a second call.
    command.env("HALLEY_WEBHOOKS__ALLOW_INTERNAL", "true");
    command.env("HALLEY_WEBHOOKS__FIRST_RETRY_MS", "300").env("HALLEY_WEBHOOKS__SECOND_RETRY_MS", "300");
    command.args(arguments).envs(environment.iter().cloned()).stdin(Stdio::null());
    command.stdout(output.try_clone().unwrap()).stderr(output);
    // Platforms that tests share are never dropped: they end with the test's process.
    let spawned = halley_launcher::spawn(command, Signal::SIGTERM);
    let mut child = spawned.unwrap_or_else(|error| panic!("start {}: {error}", binary().display()));
    let begun = Instant::now();
    while !is_ready(&ready).await {
        let ended = child.try_wait().unwrap();
        let late = begun.elapsed() > START_LIMIT;
        assert!(ended.is_none() && !late, "{name} did not start:\n{}", tail(&log(directory, name)));
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    Process { arguments: arguments.to_vec(), environment: environment.to_vec(), ready, child }
}

async fn is_ready(ready: &Ready) -> bool {
    match ready {
        Ready::File(path) => path.exists(),
        Ready::Admin(address) => {
            let ask = async {
                let mut stream = TcpStream::connect(address).await.ok()?;
                stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n").await.ok()?;
                let mut answer = Vec::new();
                stream.take(100).read_to_end(&mut answer).await.ok()?;
                String::from_utf8(answer).ok()
            };
            let answer = tokio::time::timeout(Duration::from_secs(2), ask).await;
            matches!(answer, Ok(Some(text)) if text.contains(" 200 "))
        }
    }
}

fn directory() -> ThrowawayDirectory {
    let directory = throwaway_directory("halley-platform-").unwrap();
    fs::create_dir(directory.path().join("data")).unwrap();
    directory
}

fn data_dir(directory: &ThrowawayDirectory) -> PathBuf {
    directory.path().join("data")
}

fn log(directory: &ThrowawayDirectory, name: &str) -> PathBuf {
    directory.path().join(format!("{name}.log"))
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A port that is free, and below those that the system hands out: until its process starts, no connection gets it.
fn free_address() -> SocketAddr {
    loop {
        let random = (uuid::Uuid::new_v4().as_u128() % 20_000) as u16;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 10_000 + random));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// HALLEY_BIN, or the program beside this one, or beside its folder as tests have one.
fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("HALLEY_BIN") {
        let named = PathBuf::from(named);
        if named.is_absolute() {
            return named;
        }
        return Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(named);
    }
    let own = std::env::current_exe().unwrap();
    let found = own.ancestors().skip(1).take(2).map(|folder| folder.join("halley")).find(|program| program.is_file());
    found.unwrap_or_else(|| {
        panic!("there is no halley near {}: build it with `cargo build -p halley`, or set HALLEY_BIN", own.display())
    })
}

/// The child of a process that runs a program.
fn child_of(parent: u32, program: &str) -> u32 {
    let children = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let of: u32 = rest.split_whitespace().nth(1)?.parse().ok()?;
        (of == parent && name == program).then_some(pid)
    });
    children.into_iter().next().unwrap_or_else(|| panic!("{parent} has no child {program}"))
}
