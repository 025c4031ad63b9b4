"""Two network namespaces and a cable between them, made by the test and gone with it."""

import ctypes
import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HUB_HOST = "198.51.100.1"
NODE_HOST = "198.51.100.2"
NOBODYS_CARD = "02:00:00:00:00:99"

_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Cable:
    """What lies between a hub and a node, each in a namespace of its own."""

    hub: str
    node: str

    @contextmanager
    def inside(self, namespace: str) -> Iterator[None]:
        """Sockets that this thread makes in the block belong to the namespace."""
        with Path("/proc/thread-self/ns/net").open("rb") as home:
            with Path(f"/run/netns/{namespace}").open("rb") as there:
                _enter(there.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())

    def lose_everything(self) -> None:
        """From now on packets of both sides go to a card that nobody has, without a word."""
        self._neighbours("replace", NOBODYS_CARD)

    def heal(self) -> None:
        """Packets arrive again."""
        for namespace, device, other in self._sides():
            _ip(namespace, "neigh", "del", other, "dev", device)

    def change_address(self, host: str) -> None:
        """Give the node another address, as a modem does that dialled anew."""
        _ip(self.node, "addr", "del", f"{NODE_HOST}/24", "dev", "modem")
        _ip(self.node, "addr", "add", f"{host}/24", "dev", "modem")

    def limit(self, rate: str, *, queue_ms: int = 100) -> None:
        """Let through so much each way, such as `64kbit`; the queue before it is short."""
        for namespace, device, _ in self._sides():
            _run(
                *("ip", "netns", "exec", namespace, "tc", "qdisc", "replace", "dev", device),
                *("root", "tbf", "rate", rate, "burst", "4kb", "latency", f"{queue_ms}ms"),
            )

    def _neighbours(self, verb: str, card: str) -> None:
        for namespace, device, other in self._sides():
            _ip(namespace, "neigh", verb, other, "lladdr", card, "dev", device)

    def _sides(self) -> tuple[tuple[str, str, str], ...]:
        return (self.hub, "tower", NODE_HOST), (self.node, "modem", HUB_HOST)


@contextmanager
def cable() -> Iterator[Cable]:
    """A hub and a node at `HUB_HOST` and `NODE_HOST`, with nothing else between or around."""
    assert os.geteuid() == 0, "networks of the test's own need root"
    name = f"postroad-{os.getpid()}-{next(_NUMBERS)}"
    made = Cable(f"{name}-hub", f"{name}-node")
    try:
        for namespace in (made.hub, made.node):
            _run("ip", "netns", "add", namespace)
            _ip(namespace, "link", "set", "lo", "up")
        _ip(made.hub, "link", "add", "tower", "type", "veth", "peer", "name", "modem")
        _ip(made.hub, "link", "set", "modem", "netns", made.node)
        for (namespace, device, _), host in zip(
            made._sides(), (HUB_HOST, NODE_HOST), strict=True
        ):
            _ip(namespace, "addr", "add", f"{host}/24", "dev", device)
            _ip(namespace, "link", "set", device, "up")
        yield made
    finally:
        for namespace in (made.hub, made.node):
            subprocess.run(
                ["ip", "netns", "del", namespace], check=False, capture_output=True, timeout=20
            )


def _enter(handle: int) -> None:
    if _LIBC.setns(handle, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _ip(namespace: str, *words: str) -> None:
    _run("ip", "-n", namespace, *words)


def _run(*words: str) -> None:
    ran = subprocess.run(words, check=False, capture_output=True, text=True, timeout=20)
    assert ran.returncode == 0, f"{' '.join(words)}: {ran.stderr}"
