//! Clients in other languages, made from the contracts as they are.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::process::Command;

use crate::support::{Form, block_on};

const SERVICES: [(&str, &str); 6] = [
    ("auth", "auth-1"),
    ("identity", "identity-1"),
    ("groups", "groups-1"),
    ("messaging", "messaging-1"),
    ("webhooks", "webhooks-1"),
    ("realtime", "realtime-gateway-1"),
];

#[test]
fn a_python_client_talks_to_every_service() {
    block_on(async {
        let platform = Form::ManyProcesses.platform().await;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let python = root.join("target/tools/grpc/bin/python");
        assert!(python.exists(), "there is no {}: run deploy/local/install-tools grpc", python.display());
        let mut command = Command::new(python);
        command.arg(root.join("tests/end-to-end/python/grpc_client.py")).arg(platform.data_dir().join("halley.toml"));
        command.args(SERVICES.map(|(name, process)| format!("{name}={}", platform.address(process))));
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(Duration::from_secs(120), command.output()).await.expect("in time");
        let output = output.expect("python");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && printed.contains("every service answered"), "{printed}");
    });
}
