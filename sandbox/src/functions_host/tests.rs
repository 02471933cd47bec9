use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::*;

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

#[tokio::test]
async fn json_objects_succeed_and_their_logs_are_kept() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    let json = "application/json; charset=utf-8";
    for (content_type, body) in [(json, "{}"), ("text/json", "{}"), (json, "{\"logs\":null}")] {
        assert!(
            answered(&host, typed(content_type, body)).await.succeeded(),
            "{body}"
        );
    }
    let body = r#"{"Outputs":{"res":1},"logs":["one","two"],"ReturnValue":[7],"Other":0}"#;
    let chunked = json!({
        "headers": { "Content-Type": json, "Transfer-Encoding": "chunked" }, "body": body
    });
    let invocation = answered(&host, chunked).await;
    let Outcome::Succeeded {
        logs,
        outputs,
        return_value,
    } = &invocation.outcome
    else {
        panic!("{invocation:?}");
    };
    assert_eq!(logs, &["one", "two"]);
    assert_eq!((&outputs["res"], return_value), (&json!(1), &json!([7])));
    let line = host.wait_for_line(|line| line.text == "two").await;
    assert_eq!(line.category, Category::Function("Answer".to_owned()));
    assert_eq!(line.level, Level::Information);
    let moved = json!({ "status": 302, "headers": { "Location": "/moved" } });
    assert_eq!(answered(&host, moved).await.logs(), ["followed"]);
}

#[tokio::test]
async fn answers_that_the_host_cannot_read_fail() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    let json = "application/json";
    for (content_type, body) in [
        ("text/plain", "ok"),
        ("application/octet-stream", "{}"),
        ("application/problem+json", "{}"),
        (json, "{"),
        (json, "[]"),
        (json, "\"done\""),
        (json, "{\"Logs\":\"one\"}"),
        (json, "{\"Logs\":[1]}"),
        (json, "{\"Outputs\":[]}"),
    ] {
        let invocation = answered(&host, typed(content_type, body)).await;
        assert!(!reason(&invocation).is_empty(), "{content_type} {body}");
        assert_eq!(invocation.status, Some(200));
    }
    assert!(reason(&answered(&host, json!({ "body": "{}" })).await).contains("UnsupportedMedia"));
}

#[tokio::test]
async fn error_statuses_fail_and_lose_their_logs() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    for status in [304, 400, 404, 500, 503] {
        let body = if status == 304 {
            ""
        } else {
            "{\"Logs\":[\"why\"]}"
        };
        let headers = json!({ "Content-Type": "application/json" });
        let answer = json!({ "status": status, "headers": headers, "body": body });
        let invocation = answered(&host, answer).await;
        assert!(
            reason(&invocation).contains(&status.to_string()),
            "{invocation:?}"
        );
        assert_eq!(invocation.body, body);
    }
    assert!(host.lines().iter().all(|line| line.text != "why"));
}

#[tokio::test]
async fn broken_connections_fail_one_invocation_only() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    for function in ["Reset", "Garbage"] {
        let invocation = host.invoke_timer(function).await;
        assert!(
            reason(&invocation).contains("sending the request"),
            "{invocation:?}"
        );
        assert_eq!(invocation.status, None);
    }
    let short = json!({ "headers": { "Content-Type": "application/json", "Content-Length": "9", "Connection": "close" }, "body": "{}" });
    assert!(!reason(&answered(&host, short).await).is_empty());
    assert!(host.invoke_timer("Echo").await.succeeded());
    assert_eq!(host.starts(), 1);
    assert!(reason(&host.invoke_timer("Nobody").await).contains("Nobody"));
}

#[tokio::test]
async fn an_answer_of_nothing_hangs_until_the_timeout_kills_the_handler() {
    let folder = AppFolder::new();
    let quick = Duration::from_millis(150);
    let config = Config {
        function_timeout: Some(quick),
        timeout_grace: Duration::from_millis(10),
        ..folder.config()
    };
    let host = FunctionsHost::start(config).await.unwrap();
    let json = "application/json";
    let nothing = [
        typed(json, ""),
        typed(json, "null"),
        typed(json, " \r\n"),
        json!({}),
        json!({ "status": 204 }),
    ];
    let count = nothing.len();
    for answer in nothing {
        let invocation = answered(&host, answer.clone()).await;
        assert_eq!(invocation.outcome, Outcome::TimedOut, "{answer}");
        assert!(invocation.duration >= quick);
        assert!(invocation.status.is_some());
    }
    assert_eq!(host.invoke_timer("Silent").await.outcome, Outcome::TimedOut);
    assert_eq!(host.exits(), vec![Exit(137); count + 1]);
    let next = host.invoke_timer("Echo").await;
    assert!(next.succeeded(), "not counted as crashes: {next:?}");
}

#[tokio::test]
async fn a_timeout_takes_other_invocations_with_it() {
    let folder = AppFolder::new();
    let config = Config {
        function_timeout: Some(Duration::from_millis(400)),
        timeout_grace: Duration::from_millis(200),
        ..folder.config()
    };
    let host = FunctionsHost::start(config).await.unwrap();
    let begun_in_the_grace = async {
        host.wait_for_line(|line| line.text.starts_with("Timeout value"))
            .await;
        host.invoke_manual("Silent").await
    };
    let (first, second) = tokio::join!(host.invoke_timer("Silent"), begun_in_the_grace);
    assert_eq!(first.outcome, Outcome::TimedOut);
    assert!(reason(&second).contains("sending the request"));
    assert_eq!(host.starts(), 2);
}

#[tokio::test]
async fn exit_code_0_is_never_restarted() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    host.invoke_with_body("Exit", "0").await;
    host.wait_for_state(State::Ended).await;
    let refused = host.invoke_timer("Echo").await;
    assert!(reason(&refused).contains("refused"), "{refused:?}");
    assert_eq!(
        (host.starts(), host.exits(), host.pid()),
        (1, vec![Exit(0)], None)
    );
}

#[tokio::test]
async fn exit_code_200_is_restarted_as_often_as_it_asks() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    for starts in 2..=5 {
        host.invoke_with_body("Exit", "200").await;
        host.wait_for_start(starts).await;
    }
    assert!(host.invoke_timer("Echo").await.succeeded());
}

#[tokio::test]
async fn the_third_crash_shuts_the_host_down() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    host.invoke_with_body("Exit", "3").await;
    host.wait_for_start(2).await;
    host.kill();
    assert_eq!(host.wait_for_exit(2).await, Some(Exit(137)));
    assert!(
        host.invoke_timer("Echo").await.succeeded(),
        "held while it restarts"
    );
    host.invoke_with_body("Exit", "1").await;
    host.wait_for_state(State::ShutDown).await;
    host.wait_for_line(|line| line.text.starts_with("Exceeded http worker restart"))
        .await;
    assert!(reason(&host.invoke_timer("Echo").await).contains("shut down"));
    assert_eq!(host.exits(), [Exit(3), Exit(137), Exit(1)]);
}

#[tokio::test]
async fn a_handler_that_dies_at_once_says_why() {
    let folder = AppFolder::new();
    let refused = FunctionsHost::start(folder.config().setting("EXIT_AT_START", "2")).await;
    let Err(HostError::NotReady(lines)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(lines.matches("no luck today").count(), 3);
    let missing = Config {
        executable: Some("no-such-handler".into()),
        ..folder.config()
    };
    assert!(matches!(
        FunctionsHost::start(missing).await,
        Err(HostError::Start(_))
    ));
}

#[tokio::test]
async fn a_handler_that_never_answers_its_probe_is_an_error() {
    let folder = AppFolder::new();
    std::fs::write(
        folder.0.join("handler.py"),
        "import threading; threading.Event().wait()",
    )
    .unwrap();
    let config = Config {
        initialization_timeout: Duration::from_millis(100),
        ..folder.config()
    };
    let refused = FunctionsHost::start(config).await;
    let Err(HostError::NotReady(lines)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(lines.matches("Timed out waiting").count(), 3);
}

#[tokio::test]
async fn sigterm_is_judged_by_the_exit_code_it_leads_to() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    host.sigterm().await.unwrap();
    assert_eq!(host.wait_for_exit(1).await, Some(Exit(143)));
    host.wait_for_start(2).await;
    host.stop().await;

    let polite = folder.config().setting("EXIT_ON_SIGTERM", "0");
    let host = FunctionsHost::start(polite).await.unwrap();
    host.sigterm().await.unwrap();
    host.wait_for_state(State::Ended).await;
    assert_eq!(host.exits(), [Exit(0)]);
    assert!(host.sigterm().await.is_err());
}

#[tokio::test]
async fn lines_have_the_hosts_levels() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    let print = json!([
        ["stdout", "error: but on stdout"],
        ["stderr", "a WARNing"],
        ["stderr", "broken é"],
        ["stdout", "azfuncjsonlog:{}"],
        ["stdout", "last"],
    ]);
    host.invoke_with_body("Print", print.to_string()).await;
    for (text, level, category) in [
        (
            "error: but on stdout",
            Level::Information,
            Category::Console,
        ),
        ("a WARNing", Level::Warning, Category::Console),
        ("broken é", Level::Error, Category::Console),
        ("azfuncjsonlog:{}", Level::Information, Category::Worker),
        ("last", Level::Information, Category::Console),
    ] {
        let line = host.wait_for_line(|line| line.text == text).await;
        assert_eq!((line.level, line.category), (level, category), "{text}");
    }
}

#[tokio::test]
async fn the_handler_sees_the_hosts_request_and_a_clean_environment() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config().setting("OKTA_DOMAIN", "a.okta.com")).await;
    let host = host.unwrap();
    let invocation = host.invoke_timer("Echo").await;
    let Outcome::Succeeded {
        return_value: seen, ..
    } = &invocation.outcome
    else {
        panic!("{invocation:?}");
    };
    let headers = &seen["headers"];
    assert_eq!(headers["transfer-encoding"], "chunked");
    assert_eq!(headers["content-length"], Value::Null);
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(headers["x-azure-functions-invocationid"], *invocation.id);
    let agent = headers["user-agent"].as_str().unwrap();
    assert!(agent.starts_with("Azure-Functions-Host/4."));

    let environment = &seen["environment"];
    assert_eq!(
        environment["FUNCTIONS_CUSTOMHANDLER_PORT"],
        host.port().to_string()
    );
    assert_eq!(
        environment["FUNCTIONS_HTTPWORKER_PORT"],
        host.port().to_string()
    );
    assert_eq!(environment["OKTA_DOMAIN"], "a.okta.com");
    assert_eq!(
        environment["FUNCTIONS_APP_ROOT_PATH"],
        *folder.0.to_str().unwrap()
    );
    assert_eq!(
        environment["CARGO_PKG_NAME"],
        Value::Null,
        "nothing of the test's own"
    );

    let text = seen["body"].as_str().unwrap();
    let order = [
        "Data",
        "timer",
        "Schedule",
        "ScheduleStatus",
        "Last",
        "IsPastDue",
        "Metadata",
    ];
    let places: Vec<_> = order
        .iter()
        .map(|key| text.find(&format!("\"{key}\":")))
        .collect();
    assert!(places.is_sorted() && !places.contains(&None), "{text}");
    assert!(host.ready_after().unwrap() > Duration::ZERO);
}

#[tokio::test]
async fn timers_come_in_every_shape_the_host_sends() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    let body = async |firing: TimerFiring| {
        let invocation = host.invoke_timer_as("Echo", &firing).await;
        let Outcome::Succeeded { return_value, .. } = invocation.outcome else {
            panic!()
        };
        serde_json::from_str::<Value>(return_value["body"].as_str().unwrap()).unwrap()
    };
    for (last_run, last) in [
        (LastRun::NotMonitored, Value::Null),
        (LastRun::NeverWithOffset, json!("0001-01-01T00:00:00+00:00")),
        (LastRun::NeverWithoutOffset, json!("0001-01-01T00:00:00")),
    ] {
        let sent = body(TimerFiring {
            past_due: true,
            last_run,
            retry: None,
        })
        .await;
        assert_eq!(sent["Data"]["timer"]["ScheduleStatus"]["Last"], last);
        assert_eq!(sent["Data"]["timer"]["IsPastDue"], true);
        assert_eq!(sent["Metadata"]["sys"]["MethodName"], "Echo");
    }
    let retry = Retry {
        count: 1,
        max: 2,
        exception_bytes: 200_000,
    };
    let sent = body(TimerFiring {
        retry: Some(retry),
        ..TimerFiring::default()
    })
    .await;
    assert_eq!(sent["Metadata"]["RetryContext"]["RetryCount"], 1);
    assert!(sent.to_string().len() > 200_000);
}

#[tokio::test]
async fn http_calls_come_in_the_hosts_envelope() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    let call = HttpCall {
        path: "/api/Echo?code=x%20y".to_owned(),
        headers: [("Content-Type".to_owned(), "application/json".to_owned())].into(),
        body: Some("{}".to_owned()),
        ..HttpCall::default()
    };
    let invocation = host.invoke_http("Echo", &call).await;
    let Outcome::Succeeded { return_value, .. } = invocation.outcome else {
        panic!()
    };
    let sent: Value = serde_json::from_str(return_value["body"].as_str().unwrap()).unwrap();
    let request = &sent["Data"]["timer"];
    assert_eq!(
        (&request["Method"], &request["Body"]),
        (&json!("POST"), &json!("{}"))
    );
    assert_eq!(request["Query"]["code"], "x y");
    assert_eq!(
        request["Headers"]["Content-Type"],
        json!(["application/json"])
    );
}

#[tokio::test]
async fn a_manual_run_overlaps_a_scheduled_one() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    let (scheduled, manual) = tokio::join!(host.invoke_timer("Meet"), host.invoke_manual("Meet"));
    assert!(scheduled.succeeded() && manual.succeeded());
}

#[tokio::test]
async fn scheduled_runs_of_one_timer_wait_for_each_other() {
    let folder = AppFolder::new();
    let config = Config {
        function_timeout: Some(Duration::from_millis(200)),
        timeout_grace: Duration::from_millis(10),
        ..folder.config()
    };
    let host = FunctionsHost::start(config).await.unwrap();
    let (first, second) = tokio::join!(host.invoke_timer("Meet"), host.invoke_timer("Meet"));
    assert_eq!(
        (first.outcome, second.outcome),
        (Outcome::TimedOut, Outcome::TimedOut)
    );
}

#[tokio::test]
async fn a_ready_handler_is_pinged_for_life() {
    let folder = AppFolder::new();
    let config = Config {
        ping_every: Duration::from_millis(10),
        ..folder.config()
    };
    let host = FunctionsHost::start(config).await.unwrap();
    host.status
        .clone()
        .wait_for(|status| status.pings >= 3)
        .await
        .unwrap();
    assert!(host.pings_answered() >= 3);
}

#[tokio::test]
async fn functions_that_cannot_be_indexed_are_left_out_with_a_line() {
    let folder = AppFolder::new();
    let mut config = folder
        .config()
        .setting("AzureWebJobs.Echo.Disabled", "true");
    let host = FunctionsHost::start(config.clone()).await.unwrap();
    assert_eq!(host.functions().len(), FUNCTIONS.len() - 1);
    config.app_settings.remove("WHEN");
    let host = FunctionsHost::start(config).await.unwrap();
    assert!(host.functions().is_empty());
    assert!(host.lines().iter().any(|line| line.text.contains("%WHEN%")));
}

#[tokio::test]
async fn a_dropped_host_leaves_no_handler_behind() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    let port = host.port();
    drop(host);
    while wire::get(port, "/").await.is_ok() {
        tokio::task::yield_now().await;
    }
}
