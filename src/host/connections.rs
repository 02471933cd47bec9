//! The connections of the HTTP server, and what each may hold and for how long.
//!
//! The Functions host needs a handful. Whoever else reaches the port must not keep it from being
//! answered: at the cap a new connection takes the place of one that has asked for nothing yet.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at once.
const MOST: usize = 64;

/// What a request's head may take to arrive, and how long a connection may idle before it.
const HEAD_LIMIT: Duration = Duration::from_secs(10);

/// Bytes of a head, and of a body that is not yet read.
const BUFFER_BYTES: usize = 64 * 1024;

/// The pause after a connection could not be taken, for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until `stop`, and those under way to their end.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let (places, tasks) = (Places::default(), TaskTracker::new());
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                if let Some(place) = places.take() {
                    tasks.spawn(connection(stream, router.clone(), place, stop.clone()));
                }
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

async fn connection(stream: TcpStream, router: Router, place: Place, stop: CancellationToken) {
    let evicted = place.evicted.clone();
    let (place, router) = (Arc::new(place), TowerToHyperService::new(router));
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&place));
        let (answer, place) = (router.call(request), Arc::clone(&place));
        async move {
            let answer = answer.await;
            place.set(State::Answered);
            answer
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    tokio::select! {
        _ = served.as_mut() => return,
        () = evicted.cancelled() => return,
        () = stop.cancelled() => served.as_mut().graceful_shutdown(),
    }
    let _ = served.await;
}

/// What a connection is worth: the lowest gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// No request of it has arrived whole.
    Silent,
    /// It was answered, and may ask again.
    Answered,
    /// A request of it is being worked on.
    Busy,
}

/// The places that are taken.
#[derive(Clone, Default)]
struct Places(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    /// By age, the oldest first.
    places: BTreeMap<u64, (State, CancellationToken)>,
    next: u64,
}

/// The place of one connection, until it is dropped.
pub(super) struct Place {
    number: u64,
    evicted: CancellationToken,
    places: Places,
}

impl Places {
    /// A place for a new connection, the oldest of the least worth making room; `None` where all
    /// are busy.
    fn take(&self) -> Option<Place> {
        let mut taken = self.taken();
        if taken.places.len() >= MOST {
            let oldest = taken.places.iter().min_by_key(|(_, (state, _))| *state);
            let (&oldest, _) = oldest.filter(|(_, (state, _))| *state < State::Busy)?;
            let (_, evicted) = taken.places.remove(&oldest)?;
            evicted.cancel();
        }
        let (number, evicted) = (taken.next, CancellationToken::new());
        taken.next += 1;
        taken
            .places
            .insert(number, (State::Silent, evicted.clone()));
        Some(Place {
            number,
            evicted,
            places: self.clone(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) fn set(&self, now: State) {
        if let Some((state, _)) = self.places.taken().places.get_mut(&self.number) {
            *state = now;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().places.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_cap_the_oldest_that_asked_for_nothing_gives_way() {
        let places = Places::default();
        let all: Vec<_> = (0..MOST).map(|_| places.take().unwrap()).collect();
        all[0].set(State::Busy);
        all[1].set(State::Answered);
        let _new = places.take().unwrap();
        let evicted: Vec<_> = all.iter().map(|it| it.evicted.is_cancelled()).collect();
        assert!(evicted[2] && evicted.iter().filter(|it| **it).count() == 1);
    }

    #[test]
    fn no_request_under_way_gives_way() {
        let places = Places::default();
        let all: Vec<_> = (0..MOST).map(|_| places.take().unwrap()).collect();
        all.iter().for_each(|place| place.set(State::Busy));
        assert!(places.take().is_none());
        all[7].set(State::Answered);
        assert!(places.take().is_some() && all[7].evicted.is_cancelled());
        drop(all);
        assert!(places.taken().places.is_empty());
    }
}
