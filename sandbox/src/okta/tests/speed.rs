use super::*;

#[tokio::test]
async fn gzip_is_used_only_for_those_who_take_it_and_only_where_the_org_does() {
    for gzip in [true, false] {
        let org = org(OrgConfig {
            events: 50,
            gzip,
            ..OrgConfig::default()
        })
        .await;
        let url = format!("{}/api/v1/logs", org.url());
        for (accepted, packed) in [
            ("gzip", gzip),
            ("gzip, br", gzip),
            ("br", false),
            ("gzip;q=0", false),
        ] {
            let request = client().get(&url).header("accept-encoding", accepted);
            let request = request.header("authorization", format!("SSWS {}", org.token()));
            let response = request.send().await.unwrap();
            let encoding = response.headers().get("content-encoding").is_some();
            let body = response.bytes().await.unwrap();
            assert_eq!(
                (encoding, body[..2] == [0x1f, 0x8b]),
                (packed, packed),
                "{accepted}"
            );
        }
    }
}

#[tokio::test]
async fn the_next_page_is_made_ready_while_the_client_reads_this_one() {
    let org = org_of(250).await;
    let first = logs(&org, &[("limit", "100")]).await;
    let ready = org.org.ready.wait_until_ready(100);
    tokio::time::timeout(Duration::from_secs(20), ready)
        .await
        .expect("a page made in advance");
    assert_eq!(
        get(&org, &first.next()).await.ids(),
        org.ids().skip(100).take(100).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_page_that_was_not_full_is_never_served_from_memory() {
    let org = org_of(100).await;
    let next = logs(&org, &[("limit", "100")]).await.next();
    assert_eq!(get(&org, &next).await.text, "[]");
    org.append(150);
    assert_eq!(
        get(&org, &next).await.ids(),
        org.ids().skip(100).take(100).collect::<Vec<_>>()
    );
    assert_eq!(poll_all(&org, "100").await, org.ids().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_million_events_take_no_memory_and_no_time_to_start() {
    let org = org_of(1_000_000).await;
    let reply = logs(&org, &[("limit", "1000")]).await;
    assert_eq!(reply.ids().len(), 1000);
    assert_eq!(org.ids().nth(999_999).unwrap().len(), 36);
}

#[tokio::test]
async fn orgs_of_the_same_settings_serve_the_same_bytes() {
    let first_published = Some(chrono::Utc::now() - chrono::TimeDelta::hours(1));
    let config = |seed| OrgConfig {
        seed,
        events: 50,
        first_published,
        ..OrgConfig::default()
    };
    let (one, same, other) = (
        org(config(7)).await,
        org(config(7)).await,
        org(config(8)).await,
    );
    let page = logs(&one, &[]).await.text;
    assert_eq!(page, logs(&same, &[]).await.text);
    assert_ne!(page, logs(&other, &[]).await.text);
}
