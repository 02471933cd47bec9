use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::*;

mod answers;
mod life;
mod requests;

const FUNCTIONS: [&str; 8] = [
    "Answer", "Echo", "Print", "Exit", "Reset", "Garbage", "Silent", "Meet",
];

/// A function app around the Python handler, gone when dropped.
struct AppFolder(PathBuf);

impl AppFolder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("host-{}-{number}", std::process::id()));
        for function in FUNCTIONS {
            let folder = root.join(function);
            std::fs::create_dir_all(&folder).unwrap();
            let binding = json!({ "bindings": [{
                "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "%WHEN%"
            }]});
            std::fs::write(folder.join("function.json"), binding.to_string()).unwrap();
        }
        let host = json!({
            "version": "2.0",
            "functionTimeout": "00:10:00",
            "customHandler": { "description": {
                "defaultExecutablePath": "python3", "arguments": ["%SCRIPT%"]
            }}
        });
        std::fs::write(root.join("host.json"), host.to_string()).unwrap();
        std::fs::write(root.join("handler.py"), include_str!("tests/handler.py")).unwrap();
        Self(root)
    }

    fn config(&self) -> Config {
        let config = Config::new(&self.0);
        config
            .setting("WHEN", "0 * * * * *")
            .setting("SCRIPT", "handler.py")
    }
}

impl Drop for AppFolder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

async fn answered(host: &FunctionsHost, answer: Value) -> Invocation {
    host.invoke_with_body("Answer", answer.to_string()).await
}

fn typed(content_type: &str, body: &str) -> Value {
    json!({ "headers": { "Content-Type": content_type }, "body": body })
}

fn reason(invocation: &Invocation) -> &str {
    match &invocation.outcome {
        Outcome::Failed { reason } => reason,
        other => panic!("expected a failure, got {other:?}"),
    }
}

/// Turns a wait that would never end into a failure.
async fn soon<T>(awaited: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), awaited)
        .await
        .expect("this within 20 seconds")
}
