use super::*;

fn broken_off(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return io.kind() == std::io::ErrorKind::ConnectionReset;
        }
        cause = inner.source();
    }
    false
}

#[tokio::test]
async fn statuses_come_as_scripted_with_oktas_body_and_headers() {
    let org = org_of(5).await;
    for (fault, status, code, limit) in [
        (Fault::rate_limited(), 429, "E0000047", "100000"),
        (Fault::concurrency_limited(), 429, "E0000047", "0"),
        (Fault::RetryAfter(7), 429, "E0000047", "100000"),
        (Fault::status(500, "E0000009"), 500, "E0000009", "100000"),
        (Fault::status(500, "E0000053"), 500, "E0000053", "100000"),
        (Fault::status(503, "E0000010"), 503, "E0000010", "100000"),
        (Fault::status(401, "E0000011"), 401, "E0000011", "100000"),
        (Fault::status(403, "E0000006"), 403, "E0000006", "100000"),
        (Fault::status(404, "E0000007"), 404, "E0000007", "100000"),
    ] {
        org.faults().push(fault.clone());
        let reply = logs(&org, &[]).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (status, code),
            "{fault:?}"
        );
        assert_eq!(reply.header("x-rate-limit-limit"), limit, "{fault:?}");
        if status == 429 {
            assert_eq!(
                reply.header("retry-after") == "7",
                fault == Fault::RetryAfter(7)
            );
        }
    }
    assert_eq!(logs(&org, &[]).await.status, 200);
}

#[tokio::test]
async fn faults_come_in_the_order_scripted_by_number_first_then_queue_then_always() {
    let org = org_of(5).await;
    let faults = org.faults();
    faults.always(Fault::Html(502));
    faults.push_n(2, Fault::status(500, "E0000009"));
    faults.on_request(2, Fault::status(503, "E0000010"));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(logs(&org, &[]).await.status);
    }
    assert_eq!(statuses, [500, 503, 500, 502, 502]);
    faults.clear();
    assert_eq!(logs(&org, &[]).await.status, 200);
}

#[tokio::test]
async fn a_reset_before_the_headers_is_a_real_one() {
    let org = org_of(5).await;
    org.faults().push(Fault::ResetBeforeHeaders);
    let url = format!("{}/api/v1/logs", org.url());
    let error = try_get(&org, &url).await.unwrap_err();
    assert!(broken_off(&error), "{error:?}");
    assert_eq!(org.requests()[0].status, None);
    assert_eq!(logs(&org, &[]).await.status, 200);
}

#[tokio::test]
async fn a_reset_within_the_body_comes_after_the_headers() {
    let org = org(OrgConfig {
        events: 1000,
        gzip: false,
        ..OrgConfig::default()
    })
    .await;
    org.faults().push(Fault::ResetMidBody);
    let request = client().get(format!("{}/api/v1/logs?limit=1000", org.url()));
    let request = request.header("authorization", format!("SSWS {}", org.token()));
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let announced = response.content_length().unwrap();
    let mut read = 0;
    let error = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => read += chunk.len() as u64,
            Ok(None) => panic!("the body ended after {read} of {announced} bytes"),
            Err(error) => break error,
        }
    };
    assert!(broken_off(&error), "{error:?}");
    assert!(
        read > 0 && read <= announced / 2,
        "{read} of {announced} bytes"
    );
}

#[tokio::test]
async fn spoilt_pages_arrive_whole_and_are_not_arrays_of_events() {
    for gzip in [true, false] {
        let org = org(OrgConfig {
            events: 20,
            gzip,
            ..OrgConfig::default()
        })
        .await;
        for fault in [Fault::CutBody, Fault::BadJson, Fault::NotAnArray] {
            org.faults().push(fault.clone());
            let reply = logs(&org, &[]).await;
            assert_eq!(reply.status, 200);
            let parsed: Result<Value, _> = serde_json::from_str(&reply.text);
            match fault {
                Fault::NotAnArray => assert!(parsed.unwrap().is_object()),
                _ => assert!(parsed.is_err(), "{fault:?}"),
            }
            assert!(reply.text.len() > 20_000, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_stalled_request_is_answered_when_released() {
    let org = org_of(5).await;
    org.faults().push(Fault::Stall);
    let (reply, ()) = tokio::join!(logs(&org, &[]), async {
        org.faults().wait_for_stalled(1).await;
        assert_eq!(org.requests()[0].status, None);
        org.faults().release();
    });
    assert_eq!(reply.ids().len(), 5);
}

#[tokio::test]
async fn a_stalled_request_ends_with_its_connection() {
    let org = org_of(5).await;
    org.faults().push(Fault::Stall);
    let stalled = org.faults();
    tokio::select! {
        reply = logs(&org, &[]) => panic!("answered: {reply:?}"),
        () = stalled.wait_for_stalled(1) => {}
    }
    stalled.wait_for_none_stalled().await;
}

#[tokio::test]
async fn a_slow_body_arrives_in_pieces_and_complete() {
    let org = org_of(20).await;
    org.faults().push(Fault::SlowBody {
        chunk: 512,
        delay: Duration::from_millis(1),
    });
    let begun = std::time::Instant::now();
    let reply = logs(&org, &[]).await;
    assert_eq!(reply.ids().len(), 20);
    assert!(begun.elapsed() > Duration::from_millis(10));
}

#[tokio::test]
async fn an_endless_body_goes_on_until_the_client_has_enough() {
    let org = org_of(5).await;
    org.faults().push(Fault::EndlessBody);
    let request = client().get(format!("{}/api/v1/logs", org.url()));
    let mut response = request.send().await.unwrap();
    let mut read = 0;
    while read < 20_000_000 {
        read += response.chunk().await.unwrap().expect("no end").len();
    }
}

#[tokio::test]
async fn an_oversize_page_is_padded_unless_one_event_is_asked_for() {
    let org = org_of(5).await;
    org.faults().always(Fault::Oversize(3_000_000));
    let fat = logs(&org, &[("limit", "2")]).await;
    assert!(fat.text.len() > 3_000_000 && fat.ids().len() == 2);
    assert!(logs(&org, &[("limit", "1")]).await.text.len() < 10_000);
}

#[tokio::test]
async fn links_lie_as_scripted_and_no_event_is_lost_by_it() {
    let org = org_of(5).await;
    let faults = org.faults();
    faults.push(Fault::EmptyPageWithNext);
    let empty = logs(&org, &[("limit", "3")]).await;
    assert_eq!(empty.text, "[]");
    faults.push(Fault::NextIsSelf);
    let url = empty.next();
    let repeated = get(&org, &url).await;
    assert_eq!((repeated.ids().len(), repeated.next()), (3, url.clone()));
    faults.push(Fault::NoNext);
    assert_eq!(get(&org, &url).await.link("next"), None);
    faults.push(Fault::NextElsewhere(
        "https://elsewhere.example/api/v1/logs?after=1".to_owned(),
    ));
    assert!(
        get(&org, &url)
            .await
            .next()
            .starts_with("https://elsewhere.example/")
    );
    let rest = get(&org, &get(&org, &url).await.next()).await;
    assert_eq!(rest.ids(), org.ids().skip(3).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_redirect_and_an_html_page_are_what_they_say() {
    let org = org_of(5).await;
    org.faults()
        .push(Fault::Redirect("https://elsewhere.example/".to_owned()));
    let reply = logs(&org, &[]).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (302, "https://elsewhere.example/")
    );
    org.faults().push(Fault::Html(503));
    let reply = logs(&org, &[]).await;
    assert_eq!(reply.status, 503);
    assert!(reply.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn expired_cursors_are_refused_and_new_ones_are_good() {
    let org = org_of(5).await;
    let next = logs(&org, &[("limit", "2")]).await.next();
    org.faults().push(Fault::ExpireCursors);
    assert_eq!(get(&org, &next).await.code(), "E0000001");
    assert_eq!(get(&org, &next).await.code(), "E0000001");
    let fresh = logs(&org, &[("limit", "2")]).await.next();
    assert_eq!(get(&org, &fresh).await.ids().len(), 2);
}

#[tokio::test]
async fn a_dropped_org_no_longer_listens() {
    let org = org_of(5).await;
    let url = format!("{}/api/v1/logs", org.url());
    let faults = org.faults();
    faults.push(Fault::Stall);
    let waiting = tokio::spawn({
        let (url, client) = (url.clone(), client());
        async move {
            client
                .get(url)
                .send()
                .await
                .map(|response| response.status().as_u16())
        }
    });
    faults.wait_for_stalled(1).await;
    drop(org);
    assert_eq!(
        waiting.await.unwrap().unwrap(),
        401,
        "what stalls is answered at the end"
    );
    let refused = async { while client().get(&url).send().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(20), refused)
        .await
        .expect("nobody listens");
}
