"""A real mesh for clients that nobody here wrote: the built binary on free loopback ports and a temporary folder."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import grpc
import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("BINARY_UNDER_TEST", ROOT / "target" / "ci" / "tickmesh"))
PARTS = ("market", "model", "portfolio", "gateway")


def _generate_stubs():
    """Compiles the contracts for Python, as any user of grpcio would."""
    from grpc_tools import protoc

    out = tempfile.mkdtemp(prefix="tickmesh-stubs-")
    include = pathlib.Path(protoc.__file__).parent / "_proto"
    files = [str(f.relative_to(ROOT / "proto")) for f in sorted((ROOT / "proto").rglob("*.proto"))]
    code = protoc.main(
        ["protoc", f"-I{ROOT / 'proto'}", f"-I{include}", f"--python_out={out}", f"--grpc_python_out={out}", *files]
    )
    assert code == 0, "the contracts must compile for Python"
    sys.path.insert(0, out)


_generate_stubs()


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


class Mesh:
    """One `tickmesh up` process."""

    def __init__(self, data_dir, *flags, ports=None, env=None):
        self.data_dir = pathlib.Path(data_dir)
        self.flags = [str(f) for f in flags]
        self.ports = dict(zip(PARTS, ports or free_ports(len(PARTS))))
        self.env = env or {}
        self.process = None
        self.log = None

    def command(self):
        addresses = [f"--{part}-addr=127.0.0.1:{port}" for part, port in self.ports.items()]
        return [str(BINARY), "--data-dir", str(self.data_dir), "up", *addresses, *self.flags]

    def start(self, ready=True):
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        self.log = open(self.data_dir.parent / f"{self.data_dir.name}.log", "ab")
        env = {k: v for k, v in os.environ.items() if not k.startswith("TICKMESH_")} | self.env
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=subprocess.STDOUT, env=env)
        if ready:
            self.wait_ready()
        return self

    def output(self):
        return (self.data_dir.parent / f"{self.data_dir.name}.log").read_text(errors="replace")

    def url(self, path=""):
        return f"http://127.0.0.1:{self.ports['gateway']}{path}"

    def get(self, path, **kwargs):
        return requests.get(self.url(path), timeout=10, **kwargs)

    def post(self, path, body, **kwargs):
        return requests.post(self.url(path), data=body, timeout=10, **kwargs)

    def wait(self, what, condition, seconds=90):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                pytest.fail(f"the mesh ended with {self.process.returncode} while waiting for {what}:\n{self.output()[-4000:]}")
            try:
                if condition():
                    return
            except (requests.RequestException, OSError):
                pass
            time.sleep(0.05)
        pytest.fail(f"waited {seconds} s for {what}:\n{self.output()[-4000:]}")

    def wait_ready(self):
        self.wait("ready", lambda: self.get("/readyz").status_code == 200)

    def channel(self, part="gateway"):
        return grpc.insecure_channel(f"127.0.0.1:{self.ports[part]}")

    def kill(self):
        self.process.kill()
        self.process.wait(10)
        self.log.close()

    def stop(self, sig=signal.SIGTERM, seconds=30):
        if self.process.poll() is None:
            self.process.send_signal(sig)
        code = self.process.wait(seconds)
        self.log.close()
        return code


@pytest.fixture(scope="session")
def mesh(tmp_path_factory):
    """A mesh that replays five days a second, shared by tests that only read."""
    mesh = Mesh(tmp_path_factory.mktemp("mesh") / "data", "--speed", 5)
    mesh.start()
    yield mesh
    if mesh.process.poll() is None:
        mesh.stop()


@pytest.fixture
def new_mesh(tmp_path):
    """Builds meshes and ends those that a test leaves running."""
    started = []

    def build(*flags, data_dir=None, **kwargs):
        started.append(Mesh(data_dir or tmp_path / "data", *flags, **kwargs))
        return started[-1]

    yield build
    for mesh in started:
        if mesh.process and mesh.process.poll() is None:
            mesh.kill()
