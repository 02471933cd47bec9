//! The process: its start, its end, and what the host does about it.

use super::*;

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
    soon(host.wait_for_state(State::Ended)).await;
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
        soon(host.wait_for_start(starts)).await;
    }
    assert!(host.invoke_timer("Echo").await.succeeded());
}

#[tokio::test]
async fn the_third_crash_shuts_the_host_down() {
    let folder = AppFolder::new();
    let host = FunctionsHost::start(folder.config()).await.unwrap();
    host.invoke_with_body("Exit", "3").await;
    soon(host.wait_for_start(2)).await;
    host.kill();
    assert_eq!(soon(host.wait_for_exit(2)).await, Some(Exit(137)));
    assert!(
        host.invoke_timer("Echo").await.succeeded(),
        "held while it restarts"
    );
    host.invoke_with_body("Exit", "1").await;
    soon(host.wait_for_state(State::ShutDown)).await;
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
    assert_eq!(soon(host.wait_for_exit(1)).await, Some(Exit(143)));
    soon(host.wait_for_start(2)).await;
    host.stop().await;

    let polite = folder.config().setting("EXIT_ON_SIGTERM", "0");
    let host = FunctionsHost::start(polite).await.unwrap();
    host.sigterm().await.unwrap();
    soon(host.wait_for_state(State::Ended)).await;
    assert_eq!(host.exits(), [Exit(0)]);
    assert!(host.sigterm().await.is_err());
}

#[tokio::test]
async fn a_ready_handler_is_pinged_for_life() {
    let folder = AppFolder::new();
    let config = Config {
        ping_every: Duration::from_millis(10),
        ..folder.config()
    };
    let host = FunctionsHost::start(config).await.unwrap();
    host.dispatcher
        .status
        .clone()
        .wait_for(|status| status.pings >= 3)
        .await
        .unwrap();
    assert!(host.pings_answered() >= 3);
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
