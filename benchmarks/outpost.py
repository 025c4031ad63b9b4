"""A hub in a process of its own with its gateway, and an outpost that reaches it by tunnel.

Everything between the two stores is the product: sealed records, sessions, SSH, the gateway,
the gate, SQLite files that are synced to disk. Only the stores are filled by hand.
"""

import multiprocessing
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks import samples
from security.records import Record
from security.sshcert import issue_user_certificate, public_line
from security.tunnel.admission import Admission, GatewaySettings, Reports
from security.tunnel.client import ClientSettings, DeviceIdentity, TunnelClient
from security.tunnel.gateway import Gateway
from simulation.tree import KeyedTree, device_of
from sync.answering import DownstreamDriver
from sync.documents import document_of
from sync.driver import UpstreamDriver
from sync.ingest import Gate
from sync.protocol.upstream import Link
from sync.status import SessionReport
from sync.stores.sqlite import SqliteStore
from sync.transports.http import HttpTransport
from sync.transports.http_server import ExchangeServer
from sync.uplink import Uplink
from sync.wallclock import WallClock, random_bytes

NOW_S = 1_795_400_000
_DAY_S = 86_400
_CA = random.Random(11).randbytes(32)
_HOST = random.Random(12).randbytes(32)
_DEVICE = random.Random(13).randbytes(32)
_PUT = 1_000


@dataclass(frozen=True, slots=True)
class Hub:
    """A running hub: its port on loopback, and a way to ask how much its store holds."""

    port: int
    pipe: Connection

    def last_seq(self) -> int:
        """The last sequence number of the hub's store."""
        self.pipe.send("last_seq")
        return int(self.pipe.recv())


@contextmanager
def hub(folder: Path, filled: int = 0) -> Iterator[Hub]:
    """A hub of the village's street; `filled` cases are waiting in it for the village."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(folder, filled, theirs), daemon=True)
    process.start()
    try:
        yield Hub(int(ours.recv()), ours)
    finally:
        ours.send("stop")
        process.join(20)
        process.kill()


def village(folder: Path, port: int) -> tuple[UpstreamDriver, SqliteStore, Uplink]:
    """An outpost whose hub is reached at a port; close the uplink and the store afterwards."""
    keys = samples.tree()
    store = SqliteStore.open(folder / "village.sqlite", random_bytes)
    device = device_of(samples.VILLAGE)
    private, ca = _private(_DEVICE), _private(_CA)
    certificate = issue_user_certificate(
        ca,
        public_line(private.public_key()),
        device,
        serial=7,
        valid_from=NOW_S - _DAY_S,
        valid_to=NOW_S + _DAY_S,
    )
    client = TunnelClient(
        [("127.0.0.1", port)],
        DeviceIdentity(device, private, certificate),
        [public_line(_private(_HOST).public_key())],
        ClientSettings(),
    )
    uplink, street = Uplink(client), _street(keys)
    driver = UpstreamDriver(
        link=Link(samples.VILLAGE, device, street),
        store=store,
        gate=Gate(keys.registry, store, samples.VILLAGE),
        transport=HttpTransport(uplink.stream, WallClock()),
        clock=WallClock(),
        jitter=random.Random(1).random,
    )
    return driver, store, uplink


def fill(store: SqliteStore, cases: int, origin: str = "") -> int:
    """Put so many cases into a store; gives the bytes of their records."""
    keys, source = samples.tree(), random.Random(3)
    records: list[Record] = []
    for _ in range(cases):
        records += samples.case_records(keys, source, len(records) + 1)
    for start in range(0, len(records), _PUT):
        store.put([document_of(record, origin) for record in records[start : start + _PUT]])
    return sum(len(record.raw) for record in records)


def sessions(driver: UpstreamDriver) -> Iterator[SessionReport]:
    """Hold sessions, with the waits that the product would make, until one is done."""
    pause = multiprocessing.get_context().Event()
    while True:
        report = driver.run_once()
        yield report
        if report.outcome == "done":
            return
        pause.wait(report.retry_after_ms / 1_000)


def _street(keys: KeyedTree) -> str:
    return keys.registry.path(samples.VILLAGE)[-2]


def _private(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


def _serve(folder: Path, filled: int, pipe: Connection) -> None:
    keys = samples.tree()
    street = _street(keys)
    store = SqliteStore.open(folder / "street.sqlite", random_bytes)
    if filled:
        fill(store, filled, origin="")
    driver = DownstreamDriver(
        unit=street,
        store=store,
        gate=Gate(keys.registry, store, street),
        registry=keys.registry,
        clock=WallClock(),
    )
    exchanges = ExchangeServer(driver.reception, _no_pages)
    gateway = Gateway(
        GatewaySettings("127.0.0.1", 0),
        _private(_HOST),
        Admission(
            ca_public=_private(_CA).public_key().public_bytes_raw(),
            authorise=lambda _device, _certificate: None,
            now=lambda: NOW_S,
        ),
        exchanges.adopt,
        Reports(on_session=lambda _record: None, on_clone=lambda _alarm: None),
    )
    with gateway:
        pipe.send(gateway.address[1])
        while pipe.recv() != "stop":
            pipe.send(store.last_seq)
    exchanges.stop()
    store.close()


def _no_pages(connection: object, caller: object) -> None:
    raise ConnectionRefusedError(f"{caller} asked for pages: {connection}")
