use super::*;

fn published(reply: &Reply) -> Vec<String> {
    let events = reply.json();
    let time = |event: &Value| event["published"].as_str().unwrap().to_owned();
    events.as_array().unwrap().iter().map(time).collect()
}

async fn read_to_the_end(org: &OktaOrg, parameters: &[(&str, &str)]) -> Vec<String> {
    let mut reply = logs(org, parameters).await;
    let mut times = published(&reply);
    while let Some(next) = reply.link("next") {
        reply = get(org, &next).await;
        times.extend(published(&reply));
    }
    times
}

#[tokio::test]
async fn a_bounded_request_goes_by_published_and_ends() {
    let org = org_of(120).await;
    org.append_late(5, Duration::from_secs(6));
    let until = "2100-01-01T00:00:00Z";
    let times = read_to_the_end(
        &org,
        &[("until", until), ("limit", "50"), ("since", &week_ago())],
    )
    .await;
    assert_eq!(times.len(), 125);
    assert!(times.is_sorted());
    let last = &times[100];
    let earlier = read_to_the_end(&org, &[("until", last), ("since", &week_ago())]).await;
    assert_eq!(
        earlier,
        times
            .iter()
            .filter(|time| *time < last)
            .cloned()
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn descending_is_bounded_too_and_an_empty_until_is_polling() {
    let org = org_of(30).await;
    let times = read_to_the_end(&org, &[("sortOrder", "DESCENDING"), ("limit", "20")]).await;
    assert_eq!(times.len(), 30);
    assert!(times.iter().rev().is_sorted());
    assert!(logs(&org, &[("until", "")]).await.link("next").is_some());
}

fn week_ago() -> String {
    (chrono::Utc::now() - chrono::TimeDelta::days(7))
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
