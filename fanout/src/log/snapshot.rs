use std::sync::Arc;

use futures_util::stream;

use super::keys::KeyId;
use super::window::Following;
use super::{Log, Matcher, Position};
use crate::topic::{Joined, Page, View, Wanted};

impl Log {
    /// The newest visible event of each wanted key, for a source that has nothing else to begin a stream with.
    ///
    /// A key that has had a newer event by the time its page is made is left out: that event follows after the
    /// snapshot. So the pages need no memory of their own, however slowly they are read. Only keys with an event since
    /// the log was opened or in the recovered window are known here.
    pub fn snapshot(&self, wanted: &Wanted) -> Joined {
        let mut matcher = Matcher::new(Arc::new(wanted.clone()));
        let position = self.learn(&mut matcher);
        let pages = Pages { log: self.clone(), matcher, position, next: 0 };
        Joined { position, through: None, pages: Box::pin(stream::iter(pages.map(Ok))) }
    }
}

/// The pages of a snapshot, made one by one.
struct Pages {
    log: Log,
    matcher: Matcher,
    position: Position,
    next: KeyId,
}

impl Iterator for Pages {
    type Item = Page;

    fn next(&mut self) -> Option<Page> {
        let keys = KeyId::try_from(self.matcher.known()).expect("keys are numbered by KeyId");
        let mut page = Page::new();
        while self.next < keys && !page.is_full() {
            self.add(self.next, &mut page);
            self.next += 1;
        }
        (!page.is_empty()).then_some(page)
    }
}

impl Pages {
    fn add(&self, key: KeyId, page: &mut Page) {
        if !self.matcher.key(key) {
            return;
        }
        let window = self.log.window();
        let Some(position) = window.newest.position(key).filter(|position| *position <= self.position) else { return };
        let event = match (window.newest.kept(key), window.following(position.before())) {
            (Some(kept), _) => self.part(Some(kept.body.clone()), kept.inner.clone()),
            (None, Following::Piece(piece)) => {
                let index = piece.index_after(position.before());
                self.part(Some(piece.body(index)), piece.inner(index))
            }
            (None, _) => None,
        };
        drop(window);
        event.iter().for_each(|event| page.push(event));
    }

    fn part<T>(&self, body: Option<T>, inner: Option<T>) -> Option<T> {
        match self.matcher.view() {
            View::Body => body,
            View::Inner => inner,
        }
    }
}
