use super::*;

#[tokio::test]
async fn what_okta_refuses_is_refused_with_oktas_code() {
    let org = org_of(5).await;
    let old = (chrono::Utc::now() - chrono::TimeDelta::days(181)).to_rfc3339();
    let now = chrono::Utc::now().to_rfc3339();
    let long = "x".repeat(41);
    let many = "a b c d e f g h i j k";
    for (parameters, code) in [
        (vec![("since", now.as_str()), ("after", "1_1")], "E0000001"),
        (vec![("after", "1627500044869_1")], "E0000001"),
        (vec![("limit", "1001")], "E0000001"),
        (vec![("limit", "-1")], "E0000001"),
        (vec![("limit", "ten")], "E0000001"),
        (vec![("since", "yesterday")], "E0000001"),
        (vec![("since", "")], "E0000001"),
        (vec![("until", "2026-13-01T00:00:00Z")], "E0000001"),
        (vec![("sortOrder", "ascending")], "E0000001"),
        (vec![("page", "2")], "E0000001"),
        (vec![("limit", "1"), ("limit", "2")], "E0000001"),
        (vec![("q", long.as_str())], "E0000001"),
        (vec![("q", many)], "E0000001"),
        (vec![("since", old.as_str())], "E0000053"),
        (
            vec![("filter", "published gt \"2026-01-01T00:00:00Z\"")],
            "E0000053",
        ),
        (
            vec![("filter", "eventType eq \"a\" and eventType eq \"b\"")],
            "E0000053",
        ),
        (vec![("filter", "")], "E0000053"),
    ] {
        let reply = logs(&org, &parameters).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, code),
            "{parameters:?}"
        );
        let error = reply.json();
        assert!(error["errorSummary"].is_string() && error["errorCauses"].is_array());
        assert_eq!(error["errorLink"], code);
        assert!(error["errorId"].as_str().unwrap().starts_with("oae"));
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_filter_only() {
    let org = org_of(50).await;
    let next = logs(&org, &[("limit", "5")]).await.next();
    assert_eq!(
        get(&org, &next.replace("limit=5", "limit=2"))
            .await
            .ids()
            .len(),
        2
    );
    let other = format!("{next}&filter=eventType+eq+%22user.session.start%22");
    assert_eq!(get(&org, &other).await.code(), "E0000001");
}

#[tokio::test]
async fn a_cursor_dies_of_old_age_where_the_org_says_so() {
    let config = OrgConfig {
        events: 5,
        cursor_lifetime: Some(Duration::ZERO),
        ..OrgConfig::default()
    };
    let org = org(config).await;
    let next = logs(&org, &[]).await.next();
    assert_eq!(get(&org, &next).await.code(), "E0000001");
}

#[tokio::test]
async fn without_the_orgs_token_there_is_no_answer_but_401() {
    let org = org_of(5).await;
    let url = format!("{}/api/v1/logs", org.url());
    for given in [None, Some("SSWS wrong"), Some("Bearer 00sandbox")] {
        let mut request = client().get(&url);
        if let Some(given) = given {
            request = request.header("authorization", given);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        assert!(response.text().await.unwrap().contains("\"E0000011\""));
    }
    let seen: Vec<_> = org
        .requests()
        .iter()
        .map(|request| request.authorization)
        .collect();
    assert_eq!(
        seen,
        [
            Authorization::Missing,
            Authorization::Wrong,
            Authorization::Wrong
        ]
    );
}

#[tokio::test]
async fn other_paths_and_methods_are_not_found() {
    let org = org_of(5).await;
    for path in ["/", "/api/v1/users", "/api/v1/logs/", "/api/v1/logs/x"] {
        let reply = get(&org, &format!("{}{path}", org.url())).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (404, "E0000008"),
            "{path}"
        );
    }
    let posted = client()
        .post(format!("{}/api/v1/logs", org.url()))
        .send()
        .await
        .unwrap();
    assert_eq!(posted.status(), 405);
}

#[tokio::test]
async fn every_answer_tells_of_the_rate_limit_the_time_and_the_request() {
    let org = org_of(5).await;
    let reply = logs(&org, &[]).await;
    for name in [
        "x-rate-limit-limit",
        "x-rate-limit-remaining",
        "x-rate-limit-reset",
    ] {
        assert!(reply.header(name).parse::<i64>().unwrap() > 0, "{name}");
    }
    assert!(reply.header("date").ends_with(" GMT"));
    assert!(chrono::DateTime::parse_from_rfc2822(reply.header("date")).is_ok());
    assert_ne!(
        reply.header("x-okta-request-id"),
        logs(&org, &[]).await.header("x-okta-request-id")
    );
    assert_eq!(reply.header("content-type"), "application/json");
}

#[tokio::test]
async fn over_the_limit_comes_429_until_the_window_is_over() {
    let rate_window = Duration::from_millis(1500);
    let org = org(OrgConfig {
        events: 5,
        rate_limit: Some(2),
        rate_window,
        ..OrgConfig::default()
    })
    .await;
    let remaining = |reply: &Reply| reply.header("x-rate-limit-remaining").to_owned();
    assert_eq!(remaining(&logs(&org, &[]).await), "1");
    assert_eq!(remaining(&logs(&org, &[]).await), "0");
    let refused = logs(&org, &[]).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "E0000047"));
    assert_eq!(
        (
            refused.header("x-rate-limit-limit"),
            remaining(&refused).as_str()
        ),
        ("2", "0")
    );
    // The header's own promise is what is waited for.
    let reset: i64 = refused.header("x-rate-limit-reset").parse().unwrap();
    let left = reset * 1000 - chrono::Utc::now().timestamp_millis();
    tokio::time::sleep(Duration::from_millis(left.max(0).unsigned_abs())).await;
    assert_eq!(logs(&org, &[]).await.status, 200);
}

#[tokio::test]
async fn a_skewed_clock_shows_in_the_headers_alike() {
    let clock_skew = chrono::TimeDelta::hours(-3);
    let org = org(OrgConfig {
        events: 5,
        clock_skew,
        ..OrgConfig::default()
    })
    .await;
    let reply = logs(&org, &[]).await;
    let date = chrono::DateTime::parse_from_rfc2822(reply.header("date"))
        .unwrap()
        .timestamp();
    let reset: i64 = reply.header("x-rate-limit-reset").parse().unwrap();
    assert!((reset - date - 60).abs() <= 1);
    assert!((chrono::Utc::now().timestamp() - date - 3 * 3600).abs() <= 2);
    assert_eq!(reply.ids().len(), 5);
}

#[tokio::test]
async fn the_journal_holds_what_came_and_what_went() {
    let org = org_of(5).await;
    let yesterday = (chrono::Utc::now() - chrono::TimeDelta::days(1))
        .format("%FT%TZ")
        .to_string();
    let reply = logs(&org, &[("since", &yesterday), ("limit", "3")]).await;
    get(&org, &reply.next()).await;
    org.wait_for_requests(2).await;
    let seen = org.requests();
    let (first, second) = (&seen[0], &seen[1]);
    let since = yesterday.replace(':', "%3A");
    assert_eq!(first.target, format!("/api/v1/logs?since={since}&limit=3"));
    assert_eq!(
        (first.start, first.status, first.events),
        (StartGiven::Since, Some(200), 3)
    );
    assert_eq!(
        (second.start, second.status, second.events),
        (StartGiven::After, Some(200), 2)
    );
    assert_eq!(first.accept_encoding.as_deref(), Some("gzip"));
    assert_eq!(first.authorization, Authorization::Accepted);
}
