//! The process `tickmesh`: parse, do, say in one line what went wrong.

use std::process::ExitCode;

use clap::CommandFactory as _;
use tickmesh::cli::{self, Cli, Verb};
use tickmesh::failure::Failure;
use tickmesh::{up, verbs};

/// A call makes and drops some hundred small pieces on several threads; glibc's allocator took an eighth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tickmesh: {failure}");
            failure.exit_code()
        }
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let Cli { global, verb } = cli;
    match verb {
        Verb::Up(args) => up::run(&global, *args).await,
        Verb::Import(args) => verbs::import::run(&global, args).await,
        Verb::Train(args) => verbs::train::run(&global, args).await,
        Verb::Predict(args) => verbs::predict::run(&global, args).await,
        Verb::Watch(args) => verbs::watch::run(&global, args).await,
        Verb::Optimize(args) => verbs::optimize::run(&global, args).await,
        Verb::Status => verbs::status::run(&global).await,
        Verb::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "tickmesh", &mut std::io::stdout());
            Ok(())
        }
    }
}

/// Help and version are answers; anything else is a wrong command line, said in one line.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        print!("{error}");
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let what = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect::<Vec<_>>().join(" ");
    eprintln!("tickmesh: {}; see `tickmesh --help`", what.trim_start_matches("error: "));
    ExitCode::from(64)
}
