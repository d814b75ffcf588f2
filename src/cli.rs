//! The command line: verbs and flags.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Command, CommandFactory as _, Parser, Subcommand, ValueEnum};

/// Turns live and historical market data into honest forecasts, signals and portfolios.
#[derive(Debug, Parser)]
#[command(name = "tickmesh", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// What every verb understands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Flags that every verb understands.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// Where bars, models and logs are kept [default: .tickmesh].
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The gateway that client verbs talk to.
    #[arg(long, global = true, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = without_slash)]
    pub server: String,
    /// Print JSON, one value a line, in place of tables and progress; what goes wrong is JSON on standard error.
    #[arg(long, global = true)]
    pub json: bool,
}

/// An URL that a path can follow.
fn without_slash(url: &str) -> Result<String, Infallible> {
    Ok(url.trim_end_matches('/').to_owned())
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the mesh: market, model, portfolio and gateway in one process (the default).
    Up(Box<UpArgs>),
    /// Import bars from CSV files into a running mesh, then train what has no model yet.
    Import(ImportArgs),
    /// Train models in a running mesh and show their walk-forward figures.
    Train(TrainArgs),
    /// Forecast symbols, with reasons.
    Predict(PredictArgs),
    /// Watch prices, signals and weights live.
    Watch(WatchArgs),
    /// Compute portfolio weights.
    Optimize(OptimizeArgs),
    /// Show the state of a running mesh and its live score.
    Status,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Which parts run in this process; each is called as on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// All of them.
    All,
    /// market-svc alone.
    Market,
    /// model-svc alone.
    Model,
    /// portfolio-svc alone.
    Portfolio,
    /// The gateway alone.
    Gateway,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// Flags of `up`. Each wins over the environment, which wins over the configuration file.
#[derive(Args, Clone, Debug, Default)]
pub struct UpArgs {
    /// Which parts to run [default: all].
    #[arg(long, value_name = "PART")]
    pub target: Option<Target>,
    /// Replayed trading days a second, above 0 to 1,000 [default: 1].
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true)]
    pub speed: Option<f64>,
    /// First date that is replayed rather than imported [default: 2021-01-01].
    #[arg(long, value_name = "DATE")]
    pub replay_from: Option<String>,
    /// Where live events come from: replay, synthetic or none [default: replay].
    #[arg(long, value_name = "FEED")]
    pub feed: Option<String>,
    /// Daily bars to use in place of the bundled ones: CSV, may be gzipped.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Replay the same bars again as a new run with a score of its own; models are kept.
    #[arg(long)]
    pub replay_again: bool,
    /// Listen address of market-svc [default: 127.0.0.1:50051].
    #[arg(long, value_name = "ADDR")]
    pub market_addr: Option<SocketAddr>,
    /// Listen address of model-svc [default: 127.0.0.1:50052].
    #[arg(long, value_name = "ADDR")]
    pub model_addr: Option<SocketAddr>,
    /// Listen address of portfolio-svc [default: 127.0.0.1:50053].
    #[arg(long, value_name = "ADDR")]
    pub portfolio_addr: Option<SocketAddr>,
    /// Listen address of the gateway [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    pub gateway_addr: Option<SocketAddr>,
    /// Where market-svc is reached [default: its own address].
    #[arg(long, value_name = "URL")]
    pub market_url: Option<String>,
    /// Where model-svc is reached [default: its own address].
    #[arg(long, value_name = "URL")]
    pub model_url: Option<String>,
    /// Where portfolio-svc is reached [default: its own address].
    #[arg(long, value_name = "URL")]
    pub portfolio_url: Option<String>,
    /// Origins besides loopback whose pages may call the gateway; may be given more than once.
    #[arg(long, value_name = "ORIGIN")]
    pub cors_origin: Vec<String>,
    /// Configuration file (TOML) [default: none; or TICKMESH_CONFIG].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the configuration in force, each value with where it comes from, and exit.
    #[arg(long)]
    pub print_config: bool,
}

/// Arguments of `import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// CSV files, may be gzipped: symbol, date, open, high, low, close, volume, with adj_close if known; headers in any
    /// order.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where the bars come from, kept with them [default: the file's name].
    #[arg(long, value_name = "TEXT")]
    pub source: Option<String>,
    /// Do not train models for new symbols.
    #[arg(long)]
    pub no_train: bool,
}

/// Arguments of `train`.
#[derive(Args, Debug)]
pub struct TrainArgs {
    /// Symbols; none means all.
    #[arg(value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// Model family: forest or ridge.
    #[arg(long, value_enum, default_value_t = Family::Forest)]
    pub family: Family,
    /// Walk-forward folds, 2 to 20.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=20))]
    pub folds: u32,
    /// Seed of all randomness.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
}

/// Model families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Family {
    /// A histogram random forest.
    Forest,
    /// Ridge regression.
    Ridge,
}

/// Arguments of `predict`.
#[derive(Args, Debug)]
pub struct PredictArgs {
    /// Symbols.
    #[arg(required = true, value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// Show what each feature contributes.
    #[arg(long)]
    pub explain: bool,
}

/// Arguments of `watch`.
#[derive(Args, Debug)]
pub struct WatchArgs {
    /// Symbols; none means all.
    #[arg(value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// Stop after this many updates.
    #[arg(long, value_name = "N")]
    pub updates: Option<u64>,
}

/// Arguments of `optimize`.
#[derive(Args, Debug)]
pub struct OptimizeArgs {
    /// Symbols; none means all.
    #[arg(value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// What to seek: MAX_SHARPE, MIN_VOLATILITY, TARGET_RETURN, TARGET_VOLATILITY, RISK_PARITY, EQUAL_WEIGHT or
    /// INVERSE_VOLATILITY.
    #[arg(long, default_value = "MAX_SHARPE")]
    pub objective: String,
    /// Return or volatility a year, for the two TARGET objectives.
    #[arg(long)]
    pub target: Option<f64>,
    /// Greatest weight of each symbol.
    #[arg(long)]
    pub max_weight: Option<f64>,
    /// Returns to look back over.
    #[arg(long, default_value_t = 504)]
    pub lookback: u32,
}

/// Parses the command line; without a verb it means `up`.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(with_default_verb(args.into_iter().collect())?)
}

/// `tickmesh --speed 5` means `tickmesh up --speed 5`. The first word that is neither a flag nor a flag's value is the
/// verb.
fn with_default_verb(mut args: Vec<OsString>) -> Result<Vec<OsString>, clap::Error> {
    let mut command = Cli::command();
    command.build();
    let mut words = args.iter().skip(1).map(|arg| arg.to_string_lossy());
    while let Some(word) = words.next() {
        if matches!(&*word, "-h" | "--help" | "-V" | "--version") {
            return Ok(args);
        }
        if !word.starts_with('-') {
            return if command.find_subcommand(&*word).is_some() {
                Ok(args)
            } else {
                Err(unknown(&mut command, &word))
            };
        }
        if takes_the_next_word(&command, &word) {
            words.next();
        }
    }
    drop(words);
    args.insert(1.min(args.len()), "up".into());
    Ok(args)
}

fn unknown(command: &mut Command, word: &str) -> clap::Error {
    let known = command.get_subcommands().map(Command::get_name).collect::<Vec<_>>().join(", ");
    command.error(ErrorKind::InvalidSubcommand, format!("unknown command '{word}'; there are {known}"))
}

/// Whether `flag`, known to every verb or to `up`, is followed by its value: `--speed 5`, but neither `--json` nor
/// `--speed=5`.
fn takes_the_next_word(command: &Command, flag: &str) -> bool {
    let Some(name) = flag.strip_prefix("--") else { return false };
    let of_up = command.find_subcommand("up").into_iter().flat_map(Command::get_arguments);
    command.get_arguments().chain(of_up).any(|arg| arg.get_long() == Some(name) && arg.get_action().takes_values())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Cli {
        parse(text.split(' ').map(OsString::from)).unwrap()
    }

    #[test]
    fn is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_verb_means_up() {
        let Verb::Up(up) = parse_text("tickmesh --speed 5").verb else { panic!("up") };
        assert_eq!(up.speed, Some(5.0));
        assert!(matches!(parse_text("tickmesh").verb, Verb::Up(_)));
    }

    #[test]
    fn a_flags_value_is_no_verb() {
        let cli = parse_text("tickmesh --data-dir watch");
        assert!(matches!(cli.verb, Verb::Up(_)));
        assert_eq!(cli.global.data_dir, Some("watch".into()));
        let Verb::Up(up) = parse_text("tickmesh --json --feed status --speed 5").verb else { panic!("up") };
        assert_eq!((up.feed.as_deref(), up.speed), (Some("status"), Some(5.0)));
        assert!(matches!(parse_text("tickmesh --data-dir watch status").verb, Verb::Status));
        assert!(matches!(parse_text("tickmesh --data-dir=up status").verb, Verb::Status));
    }

    #[test]
    fn a_verb_that_there_is_not_is_answered_with_those_that_there_are() {
        for word in ["wacth", "frobnicate"] {
            let error = parse(["tickmesh", "--json", word].map(OsString::from)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidSubcommand);
            let text = error.to_string();
            let expected =
                format!("unknown command '{word}'; there are up, import, train, predict, watch, optimize, status");
            assert!(text.contains(&expected), "{text}");
        }
        assert_eq!(parse(["tickmesh", "help"].map(OsString::from)).unwrap_err().kind(), ErrorKind::DisplayHelp);
    }

    #[test]
    fn global_flags_stand_before_or_after_the_verb() {
        assert!(parse_text("tickmesh --json status").global.json);
        assert!(parse_text("tickmesh status --json").global.json);
    }

    #[test]
    fn a_part_is_called_as_on_the_command_line() {
        assert_eq!(Target::Portfolio.to_string(), "portfolio");
    }
}
