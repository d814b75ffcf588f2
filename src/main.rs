//! The process `tickmesh`: parse, do, say in one line what went wrong.

use std::process::ExitCode;

use clap::CommandFactory as _;
use tickmesh::cli::{self, Cli, Verb};
use tickmesh::failure::Failure;
use tickmesh::{output, up, verbs};

/// A call makes and drops some hundred small pieces on several threads; glibc's allocator took an eighth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match cli::parse(std::env::args_os()) {
        Ok(cli) => run(cli).await,
        Err(error) => refuse(&error),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell(std::env::args_os().any(|arg| arg == "--json"));
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
fn refuse(error: &clap::Error) -> Result<(), Failure> {
    let text = error.to_string();
    if !error.use_stderr() {
        output::line(text.trim_end());
        return Ok(());
    }
    let what = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect::<Vec<_>>().join(" ");
    Err(Failure::usage(format!("{}; see `tickmesh --help`", what.trim_start_matches("error: "))))
}
