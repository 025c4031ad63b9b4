"""Bad links: how long content takes, and what it costs, beside PouchDB on the same link.

Ours is the whole way of the product: an outpost's store, sealed and signed records, a session
through the SSH tunnel, a hub in another process that verifies and syncs to disk. PouchDB moves
the same content in clear, live and with retries, to pouchdb-server and to `postroad store
serve`. The bars are times of the payload at the rate of the link, and times of the payload's
bytes. A run is given up at four times the ideal.

![Time against the quality of the link](links.svg)
"""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import outpost, pouch
from benchmarks.badlink import Relay, Shape
from benchmarks.wirecost import content, payload_bytes
from sync.driver import UpstreamDriver
from sync.uplink import Uplink

ROUND_TRIP_S = 0.3
CUT_BYTES = 256 << 10
GIVE_UP = 4
_LOOK_S = 0.2

SHAPES = {
    "1 Mbit/s": (Shape(1_000_000, ROUND_TRIP_S), 400),
    "1 Mbit/s, cut every 256 KiB": (Shape(1_000_000, ROUND_TRIP_S, CUT_BYTES), 400),
    "256 kbit/s, cut every 256 KiB": (Shape(256_000, ROUND_TRIP_S, CUT_BYTES), 200),
}
LONG = {
    "128 kbit/s, cut every 256 KiB": (Shape(128_000, ROUND_TRIP_S, CUT_BYTES), 150),
    "64 kbit/s, cut every 256 KiB": (Shape(64_000, ROUND_TRIP_S, CUT_BYTES), 150),
}
"""Each link with the cases that cross it; of the long form alone what takes minutes."""


def run() -> dict[str, object]:
    """Measure the links that take no more than some minutes."""
    return _measure(SHAPES)


def run_long() -> dict[str, object]:
    """Measure the slow links: a quarter of an hour."""
    return _measure(LONG)


def _measure(shapes: dict[str, tuple[Shape, int]]) -> dict[str, object]:
    rows: list[dict[str, object]] = []
    for name, (shape, cases) in shapes.items():
        link: dict[str, object] = {"link": name, "cases": cases}
        with _folder() as folder:
            rows.append({**link, "way": "push", **_push(shape, cases, folder)})
        with _folder() as folder:
            rows.append({**link, "way": "pull", **_pull(shape, cases, folder)})
        for peer in ("pouchdb-server", "store serve") if pouch.is_here() else ():
            with _folder() as folder:
                way = f"PouchDB to {peer}"
                rows.append({**link, "way": way, **_pouch(peer, shape, cases, folder)})
        for row in rows[-4:]:
            print(row, flush=True)
    with _folder() as folder:
        return {**_idle(folder), "rows": rows}


def _push(shape: Shape, cases: int, folder: Path) -> dict[str, object]:
    with outpost.hub(folder / "hub") as hub, Relay(hub.port, shape) as relay:
        driver, store, uplink = outpost.village(folder / "village", relay.port)
        outpost.fill(store, cases)
        return _measured(driver, uplink, relay, shape, cases)


def _pull(shape: Shape, cases: int, folder: Path) -> dict[str, object]:
    with outpost.hub(folder / "hub", cases) as hub, Relay(hub.port, shape) as relay:
        driver, _, uplink = outpost.village(folder / "village", relay.port)
        return _measured(driver, uplink, relay, shape, cases)


def _measured(
    driver: UpstreamDriver,
    uplink: Uplink,
    relay: Relay,
    shape: Shape,
    cases: int,
) -> dict[str, object]:
    payload = payload_bytes(cases)
    ideal = payload * 8 / shape.bits_per_s
    started = time.perf_counter()
    moved, outcome = 0, ""
    for report in outpost.sessions(driver):
        outcome, moved = report.outcome, moved + report.pushed + report.pulled
        if time.perf_counter() - started > ideal * GIVE_UP:
            break
    seconds = time.perf_counter() - started
    uplink.close()
    return _row(seconds, ideal, payload, relay) | {
        "arrived": 1.0 if outcome == "done" else round(moved / (cases * 9), 3)
    }


def _pouch(peer: str, shape: Shape, cases: int, folder: Path) -> dict[str, object]:
    rows = list(content(cases))
    payload = sum(row.bytes for row in rows)
    ideal = payload * 8 / shape.bits_per_s
    with ExitStack() as stack:
        serving = pouch.our_server(folder / "served.sqlite")
        if peer == "pouchdb-server":
            serving = pouch.pouchdb_server(folder)
        port = stack.enter_context(serving)
        client = stack.enter_context(pouch.Pouch(folder))
        pouch.create(port, "cases")
        client.put("office", [row.document for row in rows])
        relay = stack.enter_context(Relay(port, shape))
        started, pause = time.perf_counter(), threading.Event()
        client.sync("office", f"http://127.0.0.1:{relay.port}/cases")
        arrived = 0
        while arrived < len(rows) and time.perf_counter() - started < ideal * GIVE_UP:
            pause.wait(_LOOK_S)
            arrived = pouch.documents(port, "cases") or arrived
        seconds = time.perf_counter() - started
        return _row(seconds, ideal, payload, relay) | {"arrived": round(arrived / len(rows), 3)}


def _row(seconds: float, ideal: float, payload: int, relay: Relay) -> dict[str, object]:
    return {
        "seconds": round(seconds, 1),
        "ideal_seconds": round(ideal, 1),
        "time_to_ideal": round(seconds / ideal, 2),
        "bytes_to_payload": round(relay.carried / payload, 2),
        "cuts": relay.cuts,
    }


def _idle(folder: Path) -> dict[str, object]:
    """What it costs to learn that nothing is new, and to bring 1,000 entries."""
    with outpost.hub(folder / "hub") as hub, Relay(hub.port, Shape(0, ROUND_TRIP_S)) as relay:
        driver, store, uplink = outpost.village(folder / "village", relay.port)
        outpost.fill(store, 112)
        first = driver.run_once()
        before = relay.carried
        second = driver.run_once()
        uplink.close()
        store.close()
    return {
        "entries": first.pushed,
        "round_trips_for_entries": first.round_trips,
        "round_trips_when_nothing_is_new": second.round_trips,
        "bytes_when_nothing_is_new": relay.carried - before,
    }


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hub").mkdir()
        (folder / "village").mkdir()
        yield folder
