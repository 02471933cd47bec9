//! What the host makes of answers and of lines.

use serde_json::json;

use super::*;

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
    let line = soon(host.wait_for_line(|line| line.text == "two")).await;
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
        let line = soon(host.wait_for_line(|line| line.text == text)).await;
        assert_eq!((line.level, line.category), (level, category), "{text}");
    }
}
