//! Whose a data directory is: it belongs to one feed, to the data and the start of its replay or the shape of its walk.

use std::path::Path;

use jiff::civil::Date;

use crate::config::{Config, FeedKind, Synthetic};
use crate::error::Error;
use crate::feed::Data;
use crate::store::{Batch, Mark, Store, StoreError};

/// What a data directory is made for, as its store remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The feed, by the date where its replay starts if it is one.
    start: String,
    /// The data, by its SHA-256 if it is a file's.
    data: String,
    /// The file's name, if it was remembered: older directories lack it.
    name: Option<String>,
}

impl Claim {
    /// What this configuration makes a directory for.
    pub(crate) fn new(config: &Config, start: Date, data: &Data) -> Self {
        let (start, data, name) = match config.feed {
            FeedKind::Replay => (start.to_string(), data.digest(), Some(data.name().to_owned())),
            FeedKind::Synthetic => (SYNTHETIC.to_owned(), walk(&config.synthetic), None),
            FeedKind::None => (NONE.to_owned(), "any".to_owned(), None),
        };
        Self { start, data, name }
    }

    /// Takes a directory that is new, or that nothing has been stored in, as after a start with a file of no use. Lets
    /// nobody else's be used.
    ///
    /// # Errors
    /// If it was made for something else, or its store fails.
    pub(crate) async fn stake(self, store: &dyn Store, path: &Path) -> Result<(), Error> {
        let theirs = Self::read(store).await?;
        if let Some(theirs) = theirs.as_ref().filter(|theirs| !self.covers(theirs))
            && !store.instruments().await?.is_empty()
        {
            return Err(theirs.refusal(path));
        }
        if theirs.as_ref() == Some(&self) {
            return Ok(());
        }
        let mut marks = vec![(Mark::ReplayStart, self.start), (Mark::ReplayData, self.data)];
        marks.extend(self.name.map(|name| (Mark::DataName, name)));
        store.write(&Batch { marks, ..Batch::default() }).await?;
        Ok(())
    }

    async fn read(store: &dyn Store) -> Result<Option<Self>, StoreError> {
        let marks = (store.mark(Mark::ReplayStart).await?, store.mark(Mark::ReplayData).await?);
        let (Some(start), Some(data)) = marks else { return Ok(None) };
        Ok(Some(Self { start, data, name: store.mark(Mark::DataName).await? }))
    }

    /// Whether this goes on with what `theirs` began. Older directories remember the seed of a walk alone; the name of
    /// a file does not matter.
    fn covers(&self, theirs: &Self) -> bool {
        let seed = self.data.split(',').next().unwrap_or_default();
        self.start == theirs.start && (self.data == theirs.data || seed == theirs.data)
    }

    fn refusal(&self, path: &Path) -> Error {
        let Self { start, data, name } = self;
        let (holds, flags) = match start.as_str() {
            SYNTHETIC => (data.clone(), format!("--feed synthetic and the same [market.synthetic] ({data})")),
            NONE => ("bars without a feed".to_owned(), "--feed none".to_owned()),
            date => {
                let (bars, flag) = match name {
                    _ if *data == Data::bundled().digest() => ("the bundled bars".to_owned(), "no --data".to_owned()),
                    Some(name) => (name.clone(), format!("--data {name}")),
                    None => ("other bars".to_owned(), "the --data that it was made with".to_owned()),
                };
                (format!("a replay of {bars} from {date}"), format!("--feed replay --replay-from {date} and {flag}"))
            }
        };
        Error::OtherReplay { path: path.to_owned(), holds, flags }
    }
}

const SYNTHETIC: &str = "synthetic";
const NONE: &str = "none";

/// What the live sessions of a walk depend on.
fn walk(Synthetic { symbols, ticks, history: _, seed }: &Synthetic) -> String {
    format!("synthetic seed {seed}, symbols {symbols}, ticks {ticks}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::Instrument;
    use crate::store::in_memory;

    fn claim(config: &Config) -> Claim {
        Claim::new(config, config.check().unwrap(), &Data::bundled())
    }

    async fn stake(store: &dyn Store, config: &Config) -> Result<(), String> {
        claim(config).stake(store, Path::new("/data")).await.map_err(|error| error.to_string())
    }

    async fn fill(store: &dyn Store) {
        let instruments = vec![Instrument::of(&"IBM".try_into().unwrap())];
        store.write(&Batch { instruments, ..Batch::default() }).await.unwrap();
    }

    /// What a configuration is told of a directory that another one has made.
    async fn told(first: &Config, second: &Config) -> String {
        let store = in_memory().await;
        stake(&store, first).await.unwrap();
        fill(&store).await;
        stake(&store, first).await.unwrap();
        stake(&store, second).await.unwrap_err()
    }

    #[tokio::test]
    async fn says_what_a_directory_holds_and_which_flags_go_on_with_it() {
        let replay = Config::default();
        let late = Config { replay_from: "2022-01-01".into(), ..Config::default() };
        let none = Config { feed: FeedKind::None, ..Config::default() };
        let synthetic = Config { feed: FeedKind::Synthetic, ..Config::default() };
        let shape = Synthetic { ticks: 21, ..Synthetic::default() };
        let other = Config { synthetic: shape, ..synthetic.clone() };
        let bundled = "the data directory /data holds a replay of the bundled bars from 2021-01-01: go on with \
                       --feed replay --replay-from 2021-01-01 and no --data, or name another --data-dir";
        for second in [&late, &none, &synthetic] {
            assert_eq!(told(&replay, second).await, bundled);
        }
        assert_eq!(
            told(&none, &replay).await,
            "the data directory /data holds bars without a feed: go on with --feed none, or name another --data-dir"
        );
        let walk = "synthetic seed 42, symbols 10, ticks 20";
        for second in [&replay, &other] {
            assert_eq!(
                told(&synthetic, second).await,
                format!(
                    "the data directory /data holds {walk}: go on with --feed synthetic and the same \
                     [market.synthetic] ({walk}), or name another --data-dir"
                )
            );
        }
    }

    #[tokio::test]
    async fn a_file_is_called_by_its_name() {
        let data = |name: &str, text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Data::open(Some(&path)).unwrap()
        };
        let (config, store) = (Config::default(), in_memory().await);
        let stake = async |data: &Data| {
            let claim = Claim::new(&config, config.check().unwrap(), data);
            claim.stake(&store, Path::new("/data")).await.map_err(|error| error.to_string())
        };
        stake(&data("broken.csv", "0")).await.unwrap();
        stake(&data("mine.csv", "1")).await.expect("nothing came of the broken file");
        fill(&store).await;
        let text = stake(&data("other.csv", "2")).await.unwrap_err();
        assert!(text.contains("a replay of mine.csv from 2021-01-01"), "{text}");
        assert!(text.contains("--replay-from 2021-01-01 and --data mine.csv, or"), "{text}");
        stake(&data("moved.csv", "1")).await.unwrap();
    }

    #[tokio::test]
    async fn a_directory_that_remembers_less_is_taken_over() {
        let store = in_memory().await;
        let marks = vec![(Mark::ReplayStart, SYNTHETIC.to_owned()), (Mark::ReplayData, "synthetic seed 42".to_owned())];
        store.write(&Batch { marks, ..Batch::default() }).await.unwrap();
        let config = Config { feed: FeedKind::Synthetic, ..Config::default() };
        let synthetic = Synthetic { symbols: 11, ..Synthetic::default() };
        stake(&store, &config).await.unwrap();
        fill(&store).await;
        stake(&store, &Config { synthetic, ..config }).await.unwrap_err();
    }
}
