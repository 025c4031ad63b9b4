"""A small tree of units with real keys, real sealed records, memory stores and real links.

City > street > two villages. Every secret is a hash of its own name, so that a run replays.
"""

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from security.caseids import RANDOM_BYTES, new_case_id
from security.hlc import Hlc
from security.records import SALT_BYTES, Header, Record, seal_entry
from security.registry import Registry, sign_statement
from security.signing import ReadingKey, SigningKey
from sync.answering import DownstreamDriver
from sync.documents import CASES, KEYS, document_of
from sync.driver import UpstreamDriver
from sync.feeds import decode_feed, encode_feed, feed_key
from sync.ingest import Gate
from sync.ports import Store
from sync.protocol.upstream import Link
from sync.stores.memory import MemoryStore
from sync.transports.memory import Fault, MemoryTransport

CITY = "120100000000"
STREET = "120103001000"
VILLAGE = "120103001001"
OTHER_VILLAGE = "120103001004"
PARENTS = {CITY: None, STREET: CITY, VILLAGE: STREET, OTHER_VILLAGE: STREET}
PATH = (CITY, STREET, VILLAGE)
OTHER_PATH = (CITY, STREET, OTHER_VILLAGE)

_SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43
_CASE_KEY = hashlib.sha256(b"case key").digest()


class StillClock:
    """A clock that stands still until somebody moves it."""

    def __init__(self, ms: int = 1_795_395_900_000) -> None:
        self.ms = ms

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1_000


def secret(name: str) -> bytes:
    """32 bytes that are the same in every run."""
    return hashlib.sha256(b"postroad tree " + name.encode()).digest()


def device_of(unit: str) -> str:
    return f"{unit}-01"


def device_key(unit: str) -> SigningKey:
    return SigningKey.from_private(secret(f"device {unit}"))


def unit_key(unit: str | None) -> SigningKey:
    """The key that signs statements about the units below; None: the root key."""
    return SigningKey.from_private(secret(f"unit {unit}"))


def path_of(unit: str) -> tuple[str, ...]:
    parent = PARENTS[unit]
    return (unit,) if parent is None else (*path_of(parent), unit)


def make_registry() -> Registry:
    """A registry that knows the four units, with one device each."""
    registry = Registry(unit_key(None).public)
    for unit in PARENTS:
        for raw in statements_about(unit):
            registry.apply(raw)
    return registry


def statements_about(unit: str) -> Iterator[bytes]:
    parent = PARENTS[unit]
    fields: dict[str, object] = {
        "unit": unit,
        "n": 0,
        "prev": bytes(32),
        "kind": "unit",
        "name": f"unit {unit}",
        "tier": ("city", "street", "village")[len(path_of(unit)) - 1],
        "parent": parent,
        "signing": unit_key(unit).public,
        "reading": ReadingKey.from_private(secret(f"unit reading {unit}")).public,
        "epoch": 1,
    }
    if parent is None:
        fields["escrow"] = ReadingKey.from_private(secret("escrow")).public
    first = sign_statement(fields, unit_key(parent))
    yield first
    device = {
        "unit": unit,
        "n": 1,
        "prev": hashlib.sha256(first).digest(),
        "kind": "device",
        "device": device_of(unit),
        "station": 1,
        "signing": device_key(unit).public,
        "reading": ReadingKey.from_private(secret(f"device reading {unit}")).public,
        "ssh": _SSH,
        "host": None,
    }
    yield sign_statement(device, unit_key(parent))


def revoke(registry: Registry, unit: str, after_seq: int) -> None:
    """Let the device of a unit lose its authority."""
    position, prev = registry.next_place(unit)
    registry.apply(
        sign_statement(
            {
                "unit": unit,
                "n": position,
                "prev": prev,
                "kind": "revoke",
                "device": device_of(unit),
                "after_seq": after_seq,
            },
            unit_key(PARENTS[unit]),
        )
    )


def seal(
    author: str,
    seq: int,
    prev: bytes = bytes(32),
    *,
    path: tuple[str, ...] | None = None,
    signer: SigningKey | None = None,
    text: str = "",
    record_type: str = "entry",
) -> Record:
    """A real sealed record of a unit's device at a place of its feed."""
    home = path or path_of(author)
    header = Header(
        type=record_type,
        case=new_case_id(0, home[-1], secret(f"case of {path or author}")[:RANDOM_BYTES]),
        path=home,
        device=device_of(author),
        seq=seq,
        prev=prev,
        hlc=Hlc(1_795_395_900_000 + seq, 0),
        audience="default",
    )
    facts: dict[str, object] = {"act": "note", "at": "2026-11-23T09:05:00+08:00"}
    salt = secret(f"salt {author} {seq} {prev.hex()} {path} {text}")[:SALT_BYTES]
    body = {"text": text or f"第{seq}条"}
    return seal_entry(header, facts, body, _CASE_KEY, signer or device_key(author), salt)


def chain(author: str, count: int, *, path: tuple[str, ...] | None = None) -> list[Record]:
    """The first records of a unit's feed, each following on from the one before."""
    records: list[Record] = []
    for seq in range(1, count + 1):
        records.append(seal(author, seq, records[-1].hash if records else bytes(32), path=path))
    return records


def raws(records: list[Record]) -> list[bytes]:
    return [record.raw for record in records]


def write(store: Store, author: str, *, path: tuple[str, ...] | None = None) -> Record:
    """Append one record to the feed of a unit in its own store, as a casebook does."""
    key = feed_key(device_of(author))
    before = store.local(key)
    feed = decode_feed(before)
    record = seal(author, feed.head + 1, feed.hash, path=path)
    placed = feed.placed(record.header, record.hash)[1]
    store.put([document_of(record, "")], {key: encode_feed(placed)}, expect={key: before})
    return record


def ids(store: Store) -> list[str]:
    """The ids of all records of a store, in the order in which it took them."""
    page = store.changes(0, limit=100_000, databases=(CASES, KEYS))
    return [row.document.id for row in page.rows]


def memory_store(name: str) -> MemoryStore:
    return MemoryStore(random.Random(name).randbytes)


def restored(store: Store) -> Callable[[], MemoryStore]:
    """A backup: call it to get the store as it was, under the same incarnation."""
    incarnation = bytes.fromhex(store.incarnation)
    documents = [row.document for row in store.changes(0, limit=100_000).rows]
    local = dict(store.locals(""))

    def restore() -> MemoryStore:
        copy = MemoryStore(lambda _count: incarnation)
        copy.put(documents, local)
        return copy

    return restore


@dataclass
class Node:
    """One unit: its store, its gate, and how it answers its children."""

    unit: str
    registry: Registry
    store: Store
    clock: StillClock

    @property
    def gate(self) -> Gate:
        return Gate(self.registry, self.store, self.unit)

    @property
    def answering(self) -> DownstreamDriver:
        return DownstreamDriver(
            unit=self.unit,
            store=self.store,
            gate=self.gate,
            registry=self.registry,
            clock=self.clock,
        )

    def answer(self, device: str) -> Callable[[bytes], bytes]:
        """How this node answers one device; always by its present store."""
        return lambda body: self.answering.answer_bytes(body, device)

    def session_with(
        self, parent: "Node", next_fault: Callable[[], Fault | None] = lambda: None
    ) -> UpstreamDriver:
        """A fresh driver, as after a restart of the program."""
        device = device_of(self.unit)
        return UpstreamDriver(
            link=Link(self.unit, device, parent.unit),
            store=self.store,
            gate=self.gate,
            transport=MemoryTransport(parent.answer(device), next_fault=next_fault),
            clock=self.clock,
            jitter=lambda: 0.5,
        )

    def write(self, count: int = 1, *, path: tuple[str, ...] | None = None) -> list[Record]:
        return [write(self.store, self.unit, path=path) for _ in range(count)]

    @property
    def ids(self) -> list[str]:
        return ids(self.store)


@dataclass
class Tree:
    """All nodes by unit code; the registry is shared, as if statements travelled at once."""

    registry: Registry = field(default_factory=make_registry)
    clock: StillClock = field(default_factory=StillClock)
    nodes: dict[str, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for unit in PARENTS:
            self.nodes[unit] = Node(unit, self.registry, memory_store(unit), self.clock)

    def __getitem__(self, unit: str) -> Node:
        return self.nodes[unit]

    def sync(
        self, unit: str, next_fault: Callable[[], Fault | None] = lambda: None
    ) -> UpstreamDriver:
        """A driver of one unit towards its parent."""
        parent = PARENTS[unit]
        assert parent is not None
        return self.nodes[unit].session_with(self.nodes[parent], next_fault)

    def settle(self) -> None:
        """Healthy sessions everywhere, often enough for a record to cross the tree twice."""
        for _ in range(2):
            for unit in (VILLAGE, OTHER_VILLAGE, STREET, VILLAGE, OTHER_VILLAGE):
                report = self.sync(unit).run_once()
                assert report.outcome == "done", report
