"""How long a street takes to enrol: every outpost by its token, at one hub that runs."""

import contextlib
import http.client
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tomli_w

from hub.acts import Acts
from node.enrolling import NewNode, Ports, ask_hub
from security.tokens import Token, parse_token
from sync.wallclock import WallClock, random_bytes
from web.opening import open_installation
from web.settings import load_settings

OUTPOSTS = 149
AT_ONCE = 8
"""Technicians, or scripts, that enrol at the same time."""

STREET, OLD = "120103001000", "120103001001"
"""A street with one outpost that has a machine already: so the street has a gateway."""

HEXI = Path(__file__).parents[1] / "configs" / "divisions" / "tianjin-hexi.csv"
_READY_S = 60.0
_LOOK_S = 0.1


def run() -> dict[str, object]:
    """Enrol all outposts of a street through its gateway, and say how long it took."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        config = _street(folder / "net")
        tokens = _tokens(config)
        with _running(config):
            started = time.perf_counter()
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda token: _enrol(folder / token.device, token), tokens))
            seconds = time.perf_counter() - started
    return {
        "outposts": len(tokens),
        "at_once": AT_ONCE,
        "enrol_all_s": round(seconds, 1),
        "each_ms": round(1_000 * seconds / len(tokens)),
    }


def _street(out: Path) -> Path:
    """A street without outposts, on ports that are free; its settings."""
    words = ["network", "make", "--divisions", str(HEXI), "--unit", OLD, "--out", str(out)]
    subprocess.run(
        [sys.executable, "-m", "postroad", *words], check=True, stdout=subprocess.DEVNULL
    )
    config = out / "nodes" / STREET / "config.toml"
    tables = tomllib.loads(config.read_text(encoding="utf-8"))
    tables["pages"]["port"], tables["gateway"]["port"] = _free_port(), _free_port()
    tables["upstream"].pop("door", None)
    config.write_text(tomli_w.dumps(tables), encoding="utf-8")
    return config


def _tokens(config: Path) -> list[Token]:
    installation = open_installation(load_settings(config))
    acts = Acts(installation, WallClock(), random_bytes)
    try:
        for number in range(1, OUTPOSTS + 1):
            fields = {
                "unit": f"{int(STREET) + 500 + number}",
                "name": f"outpost {number}",
                "tier": "village",
            }
            acts.perform("unit.add", fields, "bench")
        rows = acts.perform("token", {"unit": STREET, "below": True}, "bench")
    finally:
        installation.close()
    return [parse_token(str(told["token"])) for _, told in rows]


def _enrol(folder: Path, token: Token) -> None:
    node, clock = NewNode(folder, WallClock(), random_bytes), WallClock()
    answer = ask_hub(token, node.begin(token), clock)
    assert answer is not None
    node.finish(answer, Ports())


@contextlib.contextmanager
def _running(config: Path) -> Iterator[None]:
    pages = load_settings(config).pages
    words = [sys.executable, "-m", "postroad", "hub", "run", "--config", str(config)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as program:
        try:
            _wait_for(pages.host, pages.port)
            yield
        finally:
            program.terminate()


def _wait_for(host: str, port: int) -> None:
    deadline, pause = time.monotonic() + _READY_S, threading.Event()
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(host, port, timeout=1)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.client.OK:
                return
        pause.wait(_LOOK_S)
    raise TimeoutError("the hub did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
