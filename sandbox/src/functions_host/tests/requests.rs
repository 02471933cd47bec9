//! What a handler is sent, and when.

use serde_json::{Value, json};

use super::*;

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
