use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::*;

/// A part whose ends the configuration chooses.
struct Actor(Setup);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Script {
    addr: SocketAddr,
    build: Build,
    data_dir: PathBuf,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Build {
    Serves,
    Fails,
    Lasts,
}

impl Default for Script {
    fn default() -> Self {
        Self { addr: ([127, 0, 0, 1], 0).into(), build: Build::Serves, data_dir: ".tickmesh".into() }
    }
}

impl Part for Actor {
    const NAME: &'static str = "actor-svc";
    const SECTION: &'static str = "actor";
    type Config = Script;
    type Error = Refusal;

    fn listen_addr(script: &Script) -> SocketAddr {
        script.addr
    }

    async fn build(script: Script, setup: Setup) -> Result<Self, Refusal> {
        assert_eq!(setup.data_dir, script.data_dir, "the process hands on where files are kept");
        match script.build {
            Build::Serves => Ok(Self(setup)),
            Build::Fails => Err(Refusal::new(64, &"actor.build = fails: must not")),
            Build::Lasts => std::future::pending().await,
        }
    }

    fn addr(&self) -> SocketAddr {
        self.0.listener.local_addr().expect("it is bound")
    }

    async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Refusal> {
        shutdown.await;
        Err(Refusal::new(7, &"served and stopped"))
    }
}

fn env(pairs: &[(&str, &str)]) -> Sources {
    Sources::new().env(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

/// How a process ends that is told to stop once it serves, or cannot be built further.
async fn end(sources: Sources) -> Result<(), Refusal> {
    let stop = CancellationToken::new();
    let run = run_until::<Actor>(sources, stop.clone());
    let tell = async {
        tokio::task::yield_now().await; // it builds, and serves if it can, before anybody tells it
        stop.cancel();
    };
    let ((), ended) = tokio::join!(biased; tell, run);
    ended
}

async fn refused(sources: Sources) -> (u8, String) {
    let refusal = end(sources).await.unwrap_err();
    (refusal.exit_code(), refusal.to_string())
}

#[tokio::test]
async fn is_built_by_its_section_and_serves_until_told_to_stop() {
    assert_eq!(refused(env(&[])).await, (7, "served and stopped".into()));
    let elsewhere = [("TICKMESH_DATA_DIR", "/elsewhere"), ("TICKMESH_ACTOR__DATA_DIR", "/elsewhere")];
    assert_eq!(refused(env(&elsewhere)).await.0, 7);
}

#[tokio::test]
async fn what_its_caller_got_wrong_ends_it_with_64() {
    let (code, line) = refused(env(&[("TICKMESH_ACTR__ADDR", "127.0.0.1:0")])).await;
    assert_eq!((code, line.contains("known here are data_dir, actor")), (64, true), "{line}");
    let (code, line) = refused(env(&[("TICKMESH_ACTOR__ADR", "127.0.0.1:0")])).await;
    assert_eq!((code, line.contains("unknown key actor.adr")), (64, true), "{line}");
    let (code, line) = refused(env(&[("TICKMESH_ACTOR__ADDR", "0.0.0.0:0")])).await;
    assert_eq!((code, line.contains("give TICKMESH_ACTOR__ADDR")), (64, true), "{line}");
    assert_eq!(refused(env(&[("TICKMESH_ACTOR__BUILD", "fails")])).await.0, 64, "a part's own code is kept");
}

#[tokio::test]
async fn a_taken_port_ends_it_with_1() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = held.local_addr().unwrap().to_string();
    assert_eq!(refused(env(&[("TICKMESH_ACTOR__ADDR", &addr)])).await.0, 1);
}

#[tokio::test]
async fn told_to_stop_while_it_is_built_it_ends_well() {
    end(env(&[("TICKMESH_ACTOR__BUILD", "lasts")])).await.unwrap();
}

#[test]
fn the_file_has_the_same_keys() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "data_dir = \"/files\"\n[actor]\nbuild = \"lasts\"\n").unwrap();
    let settings = config::load::<Settings<Actor>>(Sources::new().file(Some(file.path()))).unwrap().config;
    assert_eq!(settings.data_dir, Path::new("/files"));
    assert!(matches!(settings.part.build, Build::Lasts));
}
