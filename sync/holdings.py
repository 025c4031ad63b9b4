"""Who above holds which feed, with proof: signed by each hub, handed down from tier to tier.

A hub signs for every feed whose records it has synced to disk for a child, and passes on what
the hubs above have signed for feeds of that child's subtree. What is on its way to a child is
kept in memory and sent until the child shows that it got it. It is small and may be lost: the
feed's next record brings a newer one.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock

from security.errors import SecurityError
from security.held import Held, read_held, sign_held
from security.registry import Registry
from security.signing import Signer
from sync.feeds import decode_feed
from sync.ports import Clock, Store
from sync.protocol.messages import HELD_MAX, Cursor

KEY_PREFIX = "held/"

_FEED_PREFIX = "feed/"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Holder:
    """A unit above that holds a feed up to `seq`, since `at_ms` by its own clock."""

    unit: str
    seq: int
    at_ms: int


@dataclass(slots=True)
class _Mail:
    """What a child has not shown to have: the newest word of each holder on each feed."""

    waiting: dict[tuple[str, str], bytes]
    sent: tuple[tuple[str, str], ...] = ()
    cursor: Cursor | None = None


class Holdings:
    """The words of one node: those it gives, those it was given."""

    def __init__(
        self, device: str, signer: Signer, registry: Registry, store: Store, clock: Clock
    ) -> None:
        """Take the keys of the node's own device; nothing is read yet."""
        self._device = device
        self._signer = signer
        self._registry = registry
        self._store = store
        self._clock = clock
        self._lock = Lock()
        self._mail: dict[str, _Mail] = {}

    def stored(self, child: str, local: Mapping[str, bytes | None]) -> None:
        """Sign for the feeds among local documents that are on disk now, to tell a child."""
        for key, value in local.items():
            if not key.startswith(_FEED_PREFIX) or value is None:
                continue
            device, _, incarnation = key.removeprefix(_FEED_PREFIX).partition("/")
            feed = decode_feed(value)
            seq, record_hash = feed.head, feed.hash
            if feed.gaps:
                first = min(feed.gaps, key=lambda gap: gap.first)
                seq, record_hash = first.first - 1, first.hash_before
            if seq < 1:
                continue
            now = max(0, self._clock.now_ms())
            held = Held(self._device, device, int(incarnation or 0), seq, record_hash, now)
            self._post(child, held, sign_held(held, self._signer))

    def mail(self, child: str, pull: Cursor | None, cursor: Cursor | None) -> tuple[bytes, ...]:
        """What to tell a child in the answer that gives it `cursor`.

        Args:
            child: its unit.
            pull: the cursor it came with: that of the last answer, if it got that one.
            cursor: the cursor it is given now; without one nothing is told.
        """
        with self._lock:
            mail = self._mail.get(child)
            if mail is None or cursor is None:
                return ()
            if pull is not None and pull == mail.cursor:
                for key in mail.sent:
                    mail.waiting.pop(key, None)
            mail.sent, mail.cursor = tuple(mail.waiting)[:HELD_MAX], cursor
            return tuple(mail.waiting[key] for key in mail.sent)

    def accept(self, raws: Iterable[bytes]) -> dict[str, bytes | None]:
        """The local documents that keep what a parent handed down, so far as it is true.

        A word counts if a unit above signed it, and the feed is of this unit or one below.
        """
        kept: dict[str, bytes | None] = {}
        for raw in raws:
            try:
                held = read_held(raw, self._registry)
                holder = self._registry.device(held.holder).unit
                path = self._registry.path(self._registry.device(held.device).unit)
            except SecurityError as error:
                _log.warning("a word on who holds a feed was passed over: %s", error)
                continue
            own = self._registry.device(self._device).unit
            if own not in path or holder not in path[: path.index(own)]:
                continue
            key = _key(held.device, held.incarnation, holder)
            before = _read(self._store.local(key))
            if before is None or before.seq <= held.seq:
                kept[key] = _text(held, raw)
                self._pass_on(path[path.index(own) + 1 :], held, raw)
        return kept

    def _pass_on(self, below: tuple[str, ...], held: Held, raw: bytes) -> None:
        if below:
            self._post(below[0], held, raw)

    def _post(self, child: str, held: Held, raw: bytes) -> None:
        feed = f"{held.device}/{held.incarnation}"
        with self._lock:
            mail = self._mail.setdefault(child, _Mail({}))
            mail.waiting[feed, held.holder] = raw
            # What was sent before is older now, and not the answer to this.
            mail.sent = tuple(key for key in mail.sent if key != (feed, held.holder))


def holders(
    store: Store, registry: Registry, device: str, incarnation: int, seq: int
) -> tuple[Holder, ...]:
    """Which units above hold a place of a feed, from the root down.

    Raises:
        TrustError: The registry does not know the device.
    """
    found = {}
    for key, value in store.locals(_key(device, incarnation, "")).items():
        holder = _read(value)
        if holder is not None and holder.seq >= seq:
            unit = key.rpartition("/")[2]
            found[unit] = Holder(unit, holder.seq, holder.at_ms)
    path = registry.path(registry.device(device).unit)
    return tuple(found[unit] for unit in path if unit in found)


def _key(device: str, incarnation: int, holder: str) -> str:
    return f"{KEY_PREFIX}{device}/{incarnation}/{holder}"


def _text(held: Held, raw: bytes) -> bytes:
    values = {"seq": held.seq, "at_ms": held.at_ms, "proof": raw.hex()}
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


def _read(value: bytes | None) -> Holder | None:
    if value is None:
        return None
    try:
        stored = json.loads(value)
        return Holder("", int(stored["seq"]), int(stored["at_ms"]))
    except (ValueError, TypeError, KeyError):
        return None
