use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tickmesh_proto::types::Timestamp;

use super::{Joined, Page};
use crate::Fault;
use crate::log::{Cut, Lost, Part, Position};

/// Stored events on their way to a client: one page at a time, read when the one before has been taken.
pub(crate) struct Pages {
    /// The place in the log after which the stream goes on.
    pub(crate) position: Position,
    /// The event time through which the pages reach, if the source says it.
    pub(crate) through: Option<Timestamp>,
    /// The loss that is to be told before the first page.
    pub(crate) gap: Option<Lost>,
    /// How many events were sent, those of earlier reads of this stream included.
    pub(crate) sent: u64,
    source: BoxStream<'static, Result<Page, Fault>>,
    rest: Rest,
    exhausted: bool,
}

/// What is left of a page.
#[derive(Default)]
struct Rest {
    bytes: Bytes,
    ends: Vec<usize>,
    next: usize,
}

impl Pages {
    pub(crate) fn new(joined: Joined, gap: Option<Lost>, sent: u64) -> Self {
        let Joined { position, through, pages } = joined;
        Self { position, through, gap, sent, source: pages, rest: Rest::default(), exhausted: false }
    }

    /// Whether every event has been cut.
    pub(crate) fn is_over(&self) -> bool {
        self.exhausted && self.rest.is_empty()
    }

    /// Reads pages until there is something to send or no page left.
    pub(crate) async fn pull(&mut self) -> Result<(), Fault> {
        while self.rest.is_empty() && !self.exhausted {
            match self.source.next().await {
                Some(page) => self.rest = Rest::new(page?),
                None => self.exhausted = true,
            }
        }
        Ok(())
    }

    /// The next events, as many as fit; `None` if a page must be read first.
    pub(crate) fn cut(&mut self, budget: usize) -> Option<Cut> {
        let cut = self.rest.cut(budget)?;
        self.sent += cut.events;
        Some(cut)
    }
}

impl Rest {
    fn new(page: Page) -> Self {
        let (bytes, ends) = page.into_parts();
        Self { bytes, ends, next: 0 }
    }

    fn is_empty(&self) -> bool {
        self.next == self.ends.len()
    }

    fn cut(&mut self, budget: usize) -> Option<Cut> {
        if self.is_empty() {
            return None;
        }
        let start = self.next.checked_sub(1).map_or(0, |before| self.ends[before]);
        let fitting = self.ends[self.next..].partition_point(|end| end - start <= budget);
        let next = self.next + fitting.max(1);
        let part = self.bytes.slice(start..self.ends[next - 1]);
        let cut = Cut { bytes: part.len(), events: (next - self.next) as u64, parts: vec![Part::Framed(part)] };
        self.next = next;
        Some(cut)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn page(events: usize) -> Page {
        let mut page = Page::new();
        (0..events).for_each(|_| page.push(&[7; 15]));
        page
    }

    #[tokio::test]
    async fn pages_are_cut_between_events() {
        let joined = Joined {
            position: Position::new(3),
            through: None,
            pages: Box::pin(stream::iter([Ok(page(5)), Ok(page(0)), Ok(page(1))])),
        };
        let mut pages = Pages::new(joined, None, 10);
        let mut events = Vec::new();
        while !pages.is_over() {
            pages.pull().await.unwrap();
            events.extend(pages.cut(2 * 20 + 19).map(|cut| (cut.events, cut.bytes)));
        }
        assert_eq!(events, [(2, 40), (2, 40), (1, 20), (1, 20)]);
        assert_eq!(pages.sent, 16);
    }
}
