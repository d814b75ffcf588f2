//! From store to signal log: what is stored is logged, each signal once, whatever a crash left between the two.

use std::collections::VecDeque;

use tickmesh_mesh::status::Fault;

use super::run::{Pipeline, failed, persist, wait};
use crate::forecast::Forecast;
use crate::live::{Engine, Event};
use crate::store::LogMark;

/// Who owns what the service does by itself.
const OWNER: &str = "system";
/// Signals that go into a log at most when it has to be filled again: as many as it keeps whatever their age.
const REFILL: usize = 10_000;
/// Signals that are appended at a time.
const APPEND: usize = 500;

impl Pipeline {
    /// Logs what a crash left between store and log.
    pub(super) async fn catch_up(&mut self, run: &str, mark: LogMark) -> Result<(), Fault> {
        // What the log has served beyond the mark are the forecasts that follow it. Another log than the mark's has
        // none of them, and is filled again.
        let (epoch, _) = self.parts.signals.position();
        let is_same = epoch == mark.epoch;
        let (from, place) = if is_same { (mark.position, mark.place) } else { (0, 0) };
        let mut logged = if is_same { VecDeque::from(self.parts.signals.served_after(from)) } else { VecDeque::new() };
        // To store nothing tells the newest place.
        let newest = self.parts.store.record(run, OWNER, &[], &mark).await.map_err(failed)?;
        let stored = usize::try_from(newest.saturating_sub(place)).unwrap_or(usize::MAX);
        let missing = stored.saturating_sub(logged.len()).min(REFILL);
        let stored_at = logged.drain(..stored.min(logged.len())).next_back();
        self.ahead = logged;
        let forecasts = self.parts.store.recorded_after(run, place, missing).await.map_err(failed)?;
        let forecasts: Vec<Forecast> = forecasts.into_iter().map(|stored| stored.issued.forecast).collect();
        forecasts.chunks(APPEND).try_for_each(|some| self.parts.signals.append(some))?;
        self.parts.signals.publish();
        self.mark = self.mark_after(stored_at.unwrap_or(from), newest);
        Ok(())
    }

    /// The mark at a place of which the log has all signals: at its end, unless it is ahead of the store. Then the last
    /// signal that the store has stands at `stored_at`.
    fn mark_after(&self, stored_at: u64, place: u64) -> LogMark {
        let (epoch, end) = self.parts.signals.position();
        LogMark { epoch, position: if self.ahead.is_empty() { end } else { stored_at }, place }
    }

    /// Stores, logs and publishes. While the disk refuses, the loop stands still and tries
    /// again: it never goes on without.
    pub(super) async fn commit(&mut self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let (store, run, mark) = (&self.parts.store, &self.run, &self.mark);
        let place = persist("store forecasts", || store.record(run, OWNER, &events, mark)).await;
        let issued = events.into_iter().filter_map(|event| match event {
            Event::Issued(issued) => Some(issued.forecast),
            Event::Scored(_) => None,
        });
        let mut forecasts: Vec<Forecast> = issued.collect();
        let known = self.ahead.len().min(forecasts.len());
        let stored_at = self.ahead.drain(..known).next_back();
        forecasts.drain(..known);
        self.log(&forecasts).await;
        self.mark = self.mark_after(stored_at.unwrap_or(self.mark.position), place);
    }

    /// Tells of signals that have lapsed, each once: the market clock went on, and no bar came.
    ///
    /// Not while history is read: what lapsed and was followed by a bar was told of then. Nor while the log is ahead.
    pub(super) async fn lapse(&mut self) {
        if !self.caught_up || !self.ahead.is_empty() {
            return;
        }
        let mut lapsed = self.step(Engine::lapse).await;
        lapsed.retain(|forecast| self.lapsed.insert(forecast.symbol.clone(), forecast.as_of) != Some(forecast.as_of));
        if lapsed.is_empty() {
            return;
        }
        self.board();
        let Some(clock) = self.parts.shared.board.load().clock else { return };
        while let Err(fault) = self.parts.signals.lapse(&lapsed, clock) {
            wait("log signals", &fault).await;
        }
        self.parts.signals.publish();
    }

    async fn log(&self, forecasts: &[Forecast]) {
        for some in forecasts.chunks(APPEND) {
            while let Err(fault) = self.parts.signals.append(some) {
                wait("log signals", &fault).await;
            }
        }
        // The board first: who hears of a signal and asks for the forecast finds it.
        self.board();
        self.parts.signals.publish();
    }
}
