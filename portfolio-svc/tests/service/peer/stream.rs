use std::pin::Pin;

use futures_util::Stream;
use tickmesh_proto::r#type::v1::{Ack, SnapshotComplete};
use tonic::Status;

use super::Tape;

/// What a live stream's response is made from; the cursor is the feed's run and the number of the day.
pub(crate) enum Part {
    Ack(Ack),
    Snapshot(usize),
    SnapshotComplete(SnapshotComplete, String),
    Day(usize, String),
}

pub(crate) type Parts = Pin<Box<dyn Stream<Item = Part> + Send>>;

/// Ack, the newest day as snapshot, then each day as the clock moves; after a cursor the days from there on.
pub(crate) fn live(tape: &Tape, resume_after: &str) -> Result<Parts, Status> {
    let mut clock = tape.clock.subscribe();
    let mut run = tape.epoch.subscribe();
    let epoch = *run.borrow_and_update();
    let cursor = move |day: usize| format!("{epoch}/{day}");
    let resume: Option<usize> = match resume_after.split_once('/') {
        None => None,
        Some((run, day)) if run == epoch => day.parse().ok(),
        Some(_) => return Err(Status::out_of_range("a cursor of another run")),
    };
    let ack = Ack { epoch: epoch.into(), resume_after: resume_after.into(), ..Ack::default() };
    Ok(Box::pin(async_stream::stream! {
        yield Part::Ack(ack);
        let mut sent = match resume {
            Some(day) => day,
            None => {
                let now = *clock.borrow_and_update();
                yield Part::Snapshot(now);
                yield Part::SnapshotComplete(SnapshotComplete::default(), cursor(now));
                now
            }
        };
        loop {
            let now = *clock.borrow_and_update();
            while sent < now {
                sent += 1;
                yield Part::Day(sent, cursor(sent));
            }
            let goes_on = tokio::select! {
                moved = clock.changed() => moved.is_ok(),
                _ = run.changed() => false,
            };
            if !goes_on {
                return;
            }
        }
    }))
}
