use super::*;

#[tokio::test]
async fn following_next_serves_every_event_once_in_the_order_of_the_log() {
    let org = org_of(257).await;
    assert_eq!(poll_all(&org, "50").await, org.ids().collect::<Vec<_>>());
    assert_eq!(org.served_ids(), org.ids().collect::<Vec<_>>());
    assert_eq!(org.total_events(), 257);
}

#[tokio::test]
async fn links_are_absolute_one_a_line_and_carry_the_original_limit_and_filter() {
    let org = org_of(300).await;
    let filter = "eventType eq \"user.session.start\" or eventType eq \"user.session.end\"";
    let reply = logs(&org, &[("limit", "7"), ("filter", filter)]).await;
    assert!(
        reply
            .link("self")
            .unwrap()
            .starts_with(&format!("{}/api/v1/logs?limit=7", org.url()))
    );
    let next = url::Url::parse(&reply.next()).unwrap();
    let pairs: std::collections::BTreeMap<_, _> = next.query_pairs().into_owned().collect();
    assert_eq!(
        pairs.keys().collect::<Vec<_>>(),
        ["after", "filter", "limit"]
    );
    assert_eq!(
        (pairs["filter"].as_str(), pairs["limit"].as_str()),
        (filter, "7")
    );
    assert!(next.as_str().starts_with(org.url()));
    for event in reply.json().as_array().unwrap() {
        assert!(
            event["eventType"]
                .as_str()
                .unwrap()
                .starts_with("user.session.")
        );
    }
}

#[tokio::test]
async fn a_filtered_chain_serves_the_filtered_events_and_no_others() {
    let org = org_of(500).await;
    let filter = "eventType eq \"user.session.start\"";
    let mut reply = logs(&org, &[("limit", "10"), ("filter", filter)]).await;
    let mut served = 0;
    while !reply.ids().is_empty() {
        served += reply.ids().len();
        reply = get(&org, &reply.next()).await;
    }
    let all = logs(&org, &[("limit", "1000")]).await.json();
    let wanted = |event: &&Value| event["eventType"] == "user.session.start";
    assert_eq!(
        served,
        all.as_array().unwrap().iter().filter(wanted).count()
    );
    assert!(served > 20);
}

#[tokio::test]
async fn keywords_must_all_occur() {
    let org = org_of(1_000).await;
    let reply = logs(&org, &[("q", "köln USER.SESSION.START"), ("limit", "1000")]).await;
    assert!(!reply.ids().is_empty() && reply.ids().len() < 50);
    for event in reply.json().as_array().unwrap() {
        assert_eq!(event["eventType"], "user.session.start");
        assert!(event.to_string().contains("Köln"));
    }
}

#[tokio::test]
async fn at_the_end_a_fresh_link_leads_to_what_is_appended_later() {
    let org = org_of(3).await;
    let last = logs(&org, &[]).await;
    let empty = get(&org, &last.next()).await;
    let again = get(&org, &empty.next()).await;
    assert_eq!((empty.text.as_str(), again.text.as_str()), ("[]", "[]"));
    assert!(last.next() != empty.next() && empty.next() != again.next());
    org.append(2);
    let tail: Vec<_> = org.ids().skip(3).collect();
    assert_eq!(get(&org, &again.next()).await.ids(), tail);
    assert_eq!(
        get(&org, &last.next()).await.ids(),
        tail,
        "an older link leads there too"
    );
}

#[tokio::test]
async fn at_the_end_the_same_link_or_none_is_given_when_so_configured() {
    for end_of_stream in [EndOfStream::SameLink, EndOfStream::NoLink] {
        let org = org(OrgConfig {
            events: 3,
            end_of_stream,
            ..OrgConfig::default()
        })
        .await;
        let next = logs(&org, &[]).await.next();
        let empty = get(&org, &next).await;
        let expected = (end_of_stream == EndOfStream::SameLink).then(|| next.clone());
        assert_eq!((empty.text.as_str(), empty.link("next")), ("[]", expected));
        org.append(1);
        assert_eq!(get(&org, &next).await.ids().len(), 1);
    }
}

#[tokio::test]
async fn since_goes_by_persistence_so_a_late_event_comes_last_with_an_old_published() {
    let org = org_of(10).await;
    let before = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    org.append_late(1, Duration::from_hours(48));
    org.append_raw(vec![Bytes::from_static(
        br#"{"uuid":"given","published":"2020-01-01T00:00:00.000Z","eventType":"x.y"}"#,
    )]);
    let reply = logs(&org, &[("since", &before)]).await;
    assert_eq!(reply.ids(), org.ids().skip(10).collect::<Vec<_>>());
    let late: chrono::DateTime<chrono::Utc> = reply.json()[0]["published"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(late < chrono::Utc::now() - chrono::TimeDelta::hours(47));
    assert_eq!(reply.json()[1]["uuid"], "given");
    assert_eq!(
        logs(&org, &[("filter", "eventType eq \"x.y\"")])
            .await
            .ids(),
        ["given"]
    );
}

#[tokio::test]
async fn since_starts_at_the_first_event_persisted_then() {
    let org = org_of(100).await;
    let published = logs(&org, &[]).await.json()[40]["published"]
        .as_str()
        .unwrap()
        .to_owned();
    let reply = logs(&org, &[("since", &published)]).await;
    assert_eq!(reply.ids(), org.ids().skip(40).collect::<Vec<_>>());
}

#[tokio::test]
async fn events_older_than_90_days_are_left_out_without_a_word() {
    let now = chrono::Utc::now();
    let org = org(OrgConfig {
        events: 100,
        first_published: Some(now - chrono::TimeDelta::days(100)),
        spacing: Duration::from_hours(24),
        ..OrgConfig::default()
    })
    .await;
    let since =
        (now - chrono::TimeDelta::days(120)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let served = logs(&org, &[("since", &since)]).await.ids().len();
    assert!((89..=91).contains(&served), "{served} of 100 days");
    let of_a_week = logs(&org, &[]).await.ids().len();
    assert!(
        (6..=8).contains(&of_a_week),
        "without since: 7 days, not {of_a_week}"
    );
}

#[tokio::test]
async fn raw_events_are_served_as_given_duplicates_and_missing_ids_included() {
    let org = org_of(1).await;
    let fat = format!(r#"{{"uuid":"b","x":"{}"}}"#, "y".repeat(40_000));
    let events = [
        "{\"uuid\":\"a\"}",
        "{\"uuid\":\"a\"}",
        "{\"eventType\":\"no.id\"}",
        &fat,
    ];
    org.append_raw(
        events
            .iter()
            .map(|event| Bytes::copy_from_slice(event.as_bytes()))
            .collect(),
    );
    let reply = logs(&org, &[]).await;
    assert_eq!(reply.ids()[1..], ["a", "a", "", "b"]);
    assert!(reply.text.ends_with(&format!(",{}]", events.join(","))));
    assert_eq!(org.ids().skip(1).collect::<Vec<_>>(), ["a", "a", "b"]);
    assert_eq!(org.total_events(), 5);
}

#[tokio::test]
async fn limit_0_is_an_empty_page_that_loses_nothing() {
    let org = org_of(3).await;
    let reply = logs(&org, &[("limit", "0")]).await;
    assert_eq!(reply.text, "[]");
    assert_eq!(
        get(&org, &reply.next().replace("limit=0", "limit=5"))
            .await
            .ids()
            .len(),
        3
    );
}

#[tokio::test]
async fn the_default_page_has_100_events_and_a_cap_makes_pages_smaller() {
    let org_of_many = org_of(150).await;
    assert_eq!(logs(&org_of_many, &[]).await.ids().len(), 100);
    let capped = org(OrgConfig {
        events: 150,
        max_page: 20,
        ..OrgConfig::default()
    })
    .await;
    let reply = logs(&capped, &[("limit", "1000")]).await;
    assert_eq!(reply.ids().len(), 20);
    assert!(reply.next().contains("limit=1000"));
}

#[tokio::test]
async fn a_page_can_be_in_another_order_and_still_no_event_is_lost() {
    for page_order in [PageOrder::Reversed, PageOrder::Shuffled] {
        let org = org(OrgConfig {
            events: 95,
            page_order,
            ..OrgConfig::default()
        })
        .await;
        let (mut served, mut log) = (poll_all(&org, "30").await, org.ids().collect::<Vec<_>>());
        assert_ne!(served, log);
        served.sort();
        log.sort();
        assert_eq!(served, log);
    }
}

#[tokio::test]
async fn an_idle_org_has_no_events_of_the_last_minutes() {
    let since = chrono::Utc::now() - chrono::TimeDelta::minutes(5);
    let since = since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    for (idle_for, expected) in [(0, 5), (600, 0)] {
        let org = org(OrgConfig {
            events: 5,
            idle_for: Duration::from_secs(idle_for),
            ..OrgConfig::default()
        })
        .await;
        let served = logs(&org, &[("since", &since)]).await.ids().len();
        assert_eq!(served, expected, "idle for {idle_for} s");
    }
}
