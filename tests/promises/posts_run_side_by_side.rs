//! A sink holds no post back for another one: the calls of a page go out together, and what they
//! share, the token, is asked for once.

use okta_sentinel::log_analytics::batch::Batch;
use okta_sentinel::log_analytics::post_error::{Outcome, PostError};
use okta_sentinel::log_analytics::sink::Sink;
use okta_sentinel::log_analytics::tables;
use sandbox::workspace::Fault;

use crate::support::fixture::{Fixture, IngestionApi, for_each_sink};

for_each_sink!(
    four_posts_are_under_way_at_once,
    what_takes_too_long_is_told_apart_where_it_decides,
);

const ROWS: [&str; 4] = ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}", "{\"a\":4}"];

async fn post(sink: &dyn Sink, row: &str) -> Result<(), PostError> {
    let body = sink.prepare(&Batch::of_one(row.as_bytes()));
    sink.post(&tables::OKTA, &body).await
}

async fn post_all(sink: &dyn Sink) -> [Result<(), PostError>; 4] {
    let [one, two, three, four] = ROWS.map(|row| post(sink, row));
    let (one, two, three, four) = tokio::join!(one, two, three, four);
    [one, two, three, four]
}

async fn four_posts_are_under_way_at_once(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 0).await;
    let sink = fixture.shipper().sink;
    let faults = fixture.workspace.faults();
    faults.push_n(&Fault::Stall, ROWS.len());
    let all_stalled = async {
        faults.wait_for_stalled(ROWS.len()).await;
        faults.release();
    };
    let (posted, ()) = tokio::join!(post_all(sink.as_ref()), all_stalled);
    assert_eq!(posted, [Ok(()), Ok(()), Ok(()), Ok(())]);
    assert_eq!(fixture.workspace.table("Okta_CL").rows(), 4);
}

async fn what_takes_too_long_is_told_apart_where_it_decides(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 0).await;
    let sink = fixture.shipper().sink;
    let fault = Fault::status(408, "RequestTimeout");
    fixture.workspace.faults().push(fault);
    let error = post(sink.as_ref(), ROWS[0]).await.unwrap_err();
    let due = match api {
        IngestionApi::DataCollector => Outcome::Retry { after: None },
        IngestionApi::LogsIngestion => Outcome::Slow,
    };
    assert_eq!(error.outcome, due, "{error}");
}

#[tokio::test]
async fn a_token_that_four_posts_find_refused_is_renewed_once() {
    let fixture = Fixture::start_with_events(IngestionApi::LogsIngestion, 0).await;
    let (sink, identity) = (fixture.shipper().sink, fixture.workspace.identity());
    post(sink.as_ref(), ROWS[0]).await.unwrap();
    assert_eq!(identity.requests().len(), 1);
    identity.revoke_tokens();
    assert_eq!(
        post_all(sink.as_ref()).await,
        [Ok(()), Ok(()), Ok(()), Ok(())]
    );
    assert_eq!(identity.requests().len(), 2);
}

#[tokio::test]
async fn a_batch_is_prepared_without_a_copy_where_it_goes_out_as_it_is() {
    let fixture = Fixture::start_with_events(IngestionApi::DataCollector, 0).await;
    let batch = Batch::of_one(ROWS[0].as_bytes());
    let body = fixture.shipper().sink.prepare(&batch);
    assert_eq!(body.body.as_ptr(), batch.body().as_ptr());
    assert_eq!(body.plain_len, batch.body().len());
}
