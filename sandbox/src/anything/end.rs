//! One end: a proxy before a service that answers by the plan.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::http::{Answer, Request, local};
use super::odd::{Call, Change, Content, Damage, End, EventsChange, Odd};
use super::page::{self, Page};
use super::plan::Entry;
use super::request::{posted_ids, storage_call};
use super::send;

/// A running end.
#[derive(Debug)]
pub(super) struct OddEnd {
    pub(super) port: u16,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
    /// Keeps the port while connections are refused.
    closed: Option<TcpSocket>,
}

#[derive(Debug)]
struct Shared {
    end: End,
    base: String,
    service: SocketAddr,
    /// The service's own address, as it writes it in links.
    service_base: String,
    /// Events that are damaged whenever they are served.
    damaged: Vec<(String, Damage)>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<Entry>,
    healed: bool,
    counts: HashMap<Call, usize>,
    /// Pages answered in this run.
    pages: Vec<Page>,
    seen: Seen,
}

/// What an end has done.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Odd answers given, by entry.
    pub(super) served: BTreeMap<usize, usize>,
    /// Ids of events whose text was damaged, and what else names them: their page's request.
    pub(super) damaged: BTreeMap<String, BTreeSet<String>>,
    /// Ids of rows that were posted alone and refused.
    pub(super) refused: BTreeSet<String>,
    /// How often a row was in a post that was taken, and not told so.
    pub(super) untold: HashMap<String, u64>,
    /// Odd answers given since this was last set to 0.
    pub(super) in_this_run: usize,
    /// Where the program keeps its cursor.
    pub(super) cursor: Option<String>,
}

impl OddEnd {
    /// Starts one before the service at this port. The events `damaged` are so for good.
    pub(super) async fn start(
        end: End,
        service: u16,
        entries: Vec<Entry>,
        damaged: Vec<(String, Damage)>,
    ) -> io::Result<OddEnd> {
        let listener = TcpListener::bind(local(0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            end,
            base: format!("http://{}", local(port)),
            service: local(service),
            service_base: format!("http://{}", local(service)),
            damaged,
            state: Mutex::new(State {
                entries,
                ..State::default()
            }),
        });
        let acceptor = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(OddEnd {
            port,
            shared,
            acceptor: Some(acceptor),
            closed: None,
        })
    }

    pub(super) fn base(&self) -> &str {
        &self.shared.base
    }

    /// Before run `number`, from 0: opens the port, or closes it if the plan says so.
    pub(super) async fn begin_run(&mut self, number: usize) -> io::Result<()> {
        let refused = {
            let mut state = self.shared.state();
            state.seen.in_this_run = 0;
            state.pages.clear();
            let refusing = |entry: &Entry| {
                entry.odd == Odd::Refused
                    && (entry.nth..entry.nth + entry.times.min(2)).contains(&number)
            };
            let found = state.entries.iter().find(|entry| refusing(entry));
            let found = found.map(|entry| entry.number).filter(|_| !state.healed);
            if let Some(entry) = found {
                state.note(entry);
            }
            found.is_some()
        };
        if refused && self.closed.is_none() {
            if let Some(acceptor) = self.acceptor.take() {
                acceptor.abort();
                // An error says that it was aborted.
                let _ = acceptor.await;
            }
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(local(self.port))?;
            self.closed = Some(socket);
        }
        if !refused && let Some(socket) = self.closed.take() {
            let listener = socket.listen(1_024)?;
            self.acceptor = Some(tokio::spawn(accept(listener, Arc::clone(&self.shared))));
        }
        Ok(())
    }

    /// From now on every answer is the service's own.
    pub(super) fn heal(&self) {
        self.shared.state().healed = true;
    }

    /// Whether all entries were used, as far as can be told.
    pub(super) fn is_used_up(&self) -> bool {
        let state = self.shared.state();
        let used = |entry: &Entry| {
            let lasts = matches!(entry.odd, Odd::EventDamaged { .. } | Odd::RowRefused { .. });
            lasts || state.seen.served.contains_key(&entry.number)
        };
        state.entries.iter().all(used)
    }

    pub(super) fn seen(&self) -> Seen {
        self.shared.state().seen.clone()
    }
}

impl Drop for OddEnd {
    fn drop(&mut self) {
        if let Some(acceptor) = &self.acceptor {
            acceptor.abort();
        }
    }
}

impl State {
    fn note(&mut self, entry: usize) {
        *self.seen.served.entry(entry).or_default() += 1;
        self.seen.in_this_run += 1;
    }

    /// Counts a call and finds its odd answer.
    fn next(&mut self, call: Call) -> Option<Odd> {
        let count = self.counts.entry(call).or_default();
        let nth = *count;
        *count += 1;
        if self.healed {
            return None;
        }
        let entry = self.entries.iter().find(|entry| entry.answers(call, nth));
        let (number, odd) = entry.map(|entry| (entry.number, entry.odd.clone()))?;
        self.note(number);
        Some(odd)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, request: &Request) -> Call {
        match self.end {
            End::Okta => Call::Page,
            End::Identity => Call::Token,
            End::Workspace => {
                let health = "OktaConnectorHealth";
                let log_type = request.header("log-type").unwrap_or_default();
                match log_type.contains(health) || request.target.contains(health) {
                    true => Call::HealthPost,
                    false => Call::Post,
                }
            }
            End::Storage => storage_call(request),
        }
    }

    /// The service's own answer, with its links leading here.
    async fn ask(&self, request: &Request) -> io::Result<Answer> {
        let mut asked = request.clone();
        if self.end == End::Okta {
            // The events are changed as text.
            asked
                .headers
                .retain(|(name, _)| !name.eq_ignore_ascii_case("accept-encoding"));
        }
        let mut answer = asked.send(self.service).await?;
        if self.end == End::Okta {
            for (name, value) in &mut answer.headers {
                if name.eq_ignore_ascii_case("link") {
                    let text = String::from_utf8_lossy(value);
                    *value = text.replace(&self.service_base, &self.base).into_bytes();
                }
            }
        }
        Ok(answer)
    }

    /// Answers one request; false when the connection cannot be used again.
    async fn serve(
        &self,
        stream: &mut BufReader<TcpStream>,
        request: &Request,
    ) -> io::Result<bool> {
        let call = self.call(request);
        if call == Call::SaveCursor || call == Call::AcquireLease {
            self.state().seen.cursor = Some(request.path());
        }
        let odd = self.state().next(call);
        let bodiless = request.method == "HEAD";
        match odd {
            None | Some(Odd::Refused | Odd::EventDamaged { .. } | Odd::RowRefused { .. }) => {
                let mut answer = self.ask(request).await?;
                self.remember(request, &answer);
                self.damage_for_good(request, &mut answer);
                send::plain(stream.get_mut(), &answer, bodiless).await
            }
            Some(Odd::LeaseBrokenFirst) => {
                let cursor = self.state().seen.cursor.clone().unwrap_or_default();
                if let Some(broken) = super::storage::break_lease(&cursor) {
                    broken.send(self.service).await?;
                }
                let answer = self.ask(request).await?;
                send::plain(stream.get_mut(), &answer, bodiless).await
            }
            Some(Odd::Instead(reply)) => {
                self.note_refused(call, request);
                send::reply(stream.get_mut(), &reply).await
            }
            Some(Odd::After(reply)) => {
                let answer = self.ask(request).await?;
                self.note_untold(call, request, &answer);
                self.note_refused(call, request);
                send::reply(stream.get_mut(), &reply).await
            }
            Some(Odd::Changed(change)) => {
                let mut answer = self.ask(request).await?;
                if !tells_the_truth(&change) {
                    self.note_untold(call, request, &answer);
                }
                let accepts_gzip = request.header("accept-encoding");
                let accepts_gzip = accepts_gzip.is_some_and(|accepted| accepted.contains("gzip"));
                self.change(request, &mut answer, &change);
                self.damage_for_good(request, &mut answer);
                send::changed(stream.get_mut(), answer, &change, bodiless, accepts_gzip).await
            }
        }
    }

    /// Changes what a page holds.
    fn change(&self, request: &Request, answer: &mut Answer, change: &Change) {
        if self.end != End::Okta || answer.status != 200 {
            return;
        }
        let mut page = Page::of(&request.target, answer);
        let ids = page.ids();
        let lone = request.asks("limit=1");
        let mut state = self.state();
        let mut damaged = Vec::new();
        match change {
            Change::Events(change) => {
                let big = matches!(change, EventsChange::Damage { .. });
                damaged = page::change_events(&mut page, change, &state.pages);
                page.write(answer);
                debug_assert!(big || damaged.is_empty());
            }
            Change::Link(change) => {
                let first = state
                    .pages
                    .first()
                    .map_or(&request.target, |page| &page.target);
                let first = first.clone();
                page::change_link(&mut page, *change, &self.base, &first);
                page.write(answer);
            }
            Change::Body(Content::Repeated { .. }) | Change::GzipBomb(_) if lone => damaged = ids,
            _ => {}
        }
        for id in damaged {
            let names = state.seen.damaged.entry(id).or_default();
            names.insert(request.target.clone());
        }
        state.pages.push(page);
    }

    /// Damages the events that are damaged whenever they are served.
    fn damage_for_good(&self, request: &Request, answer: &mut Answer) {
        if self.damaged.is_empty() || answer.status != 200 {
            return;
        }
        let mut page = Page::of(&request.target, answer);
        let mut found = false;
        for event in &mut page.events {
            let id = page::id_of(event);
            let damaged = self
                .damaged
                .iter()
                .find(|(known, _)| Some(known) == id.as_ref());
            if let Some((id, damage)) = damaged {
                page::damage_event(event, *damage);
                found = true;
                let mut state = self.state();
                let names = state.seen.damaged.entry(id.clone()).or_default();
                names.insert(request.target.clone());
            }
        }
        if found {
            page.write(answer);
        }
    }

    fn remember(&self, request: &Request, answer: &Answer) {
        if self.end == End::Okta && answer.status == 200 {
            self.state().pages.push(Page::of(&request.target, answer));
        }
    }

    fn note_refused(&self, call: Call, request: &Request) {
        if call == Call::Post
            && let [alone] = posted_ids(request).as_slice()
        {
            self.state().seen.refused.insert(alone.clone());
        }
    }

    fn note_untold(&self, call: Call, request: &Request, answer: &Answer) {
        if call == Call::Post && matches!(answer.status, 200 | 204) {
            let ids = posted_ids(request);
            let mut state = self.state();
            for id in ids {
                *state.seen.untold.entry(id).or_default() += 1;
            }
        }
    }
}

/// Whether the client can still know that its post was taken.
fn tells_the_truth(change: &Change) -> bool {
    matches!(
        change,
        Change::Interim(_)
            | Change::Without("Date")
            | Change::Beside(..)
            | Change::ManyHeaders(..=8_000)
    )
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            // Answers go out in pieces.
            let _ = stream.set_nodelay(true);
            connections.spawn(serve_connection(stream, Arc::clone(&shared)));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_connection(stream: TcpStream, shared: Arc<Shared>) {
    let mut stream = BufReader::new(stream);
    while let Ok(Some(request)) = Request::read(&mut stream).await {
        match shared.serve(&mut stream, &request).await {
            Ok(true) => {}
            Ok(false) => {
                wait_for_close(&mut stream).await;
                return;
            }
            Err(_) => return,
        }
    }
}

/// Silence: what the client still sends is read and dropped until it gives up.
async fn wait_for_close(stream: &mut BufReader<TcpStream>) {
    let mut dropped = [0; 1_024];
    while matches!(stream.read(&mut dropped).await, Ok(1..)) {}
}
