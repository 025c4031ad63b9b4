"""Each tier signs for what it holds, and the word comes down to where the case began."""

from dataclasses import dataclass, field

import pytest

from security.held import Held, sign_held
from sync.answering import DownstreamDriver
from sync.driver import UpstreamDriver
from sync.holdings import Holdings, holders
from sync.protocol.upstream import Link
from sync.transports.memory import Fault, MemoryTransport
from tests.support.tree import (
    CITY,
    OTHER_VILLAGE,
    STREET,
    VILLAGE,
    Tree,
    device_key,
    device_of,
    secret,
)

PARENTS = {VILLAGE: STREET, STREET: CITY}


@dataclass
class Town:
    """A village, its street and its city, each with words of its own."""

    tree: Tree = field(default_factory=Tree)
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.holdings = {
            unit: Holdings(
                device_of(unit),
                device_key(unit),
                self.tree[unit].registry,
                self.tree[unit].store,
                self.tree[unit].clock,
            )
            for unit in (VILLAGE, STREET, CITY)
        }
        self.drivers = {unit: self._driver(unit) for unit in PARENTS}

    def session(self, unit: str) -> None:
        self.drivers[unit].run_once()

    def held(self, seq: int) -> tuple[str, ...]:
        node = self.tree[VILLAGE]
        found = holders(node.store, node.registry, device_of(VILLAGE), 0, seq)
        return tuple(holder.unit for holder in found)

    def _driver(self, unit: str) -> UpstreamDriver:
        node, parent = self.tree[unit], self.tree[PARENTS[unit]]
        hub = DownstreamDriver(
            unit=parent.unit,
            store=parent.store,
            gate=parent.gate,
            registry=parent.registry,
            clock=parent.clock,
            holdings=self.holdings[parent.unit],
        )
        device = device_of(unit)
        return UpstreamDriver(
            link=Link(unit, device, parent.unit),
            store=node.store,
            gate=node.gate,
            transport=MemoryTransport(
                lambda body: hub.answer_bytes(body, device),
                next_fault=lambda: self.faults.pop() if self.faults else None,
            ),
            clock=node.clock,
            jitter=lambda: 0.5,
            holdings=self.holdings[unit],
        )


def test_the_word_of_every_tier_comes_down_to_the_village() -> None:
    town = Town()
    town.tree[VILLAGE].write(3)
    seen = []

    for unit in (VILLAGE, STREET, VILLAGE):
        town.session(unit)
        seen.append(town.held(3))

    assert seen == [(STREET,), (STREET,), (CITY, STREET)]


def test_what_was_written_since_is_not_held_before_it_was_sent() -> None:
    town = Town()
    town.tree[VILLAGE].write(3)
    town.session(VILLAGE)

    town.tree[VILLAGE].write(1)

    assert town.held(3) == (STREET,)
    assert town.held(4) == ()


def test_a_word_whose_answer_was_lost_is_said_again() -> None:
    town = Town()
    town.tree[VILLAGE].write(3)
    town.faults.append(Fault(answer_bytes=10))

    town.session(VILLAGE)
    before = town.held(3)
    town.session(VILLAGE)

    assert (before, town.held(3)) == ((), (STREET,))


def test_a_word_that_was_heard_is_not_said_again() -> None:
    town = Town()
    town.tree[VILLAGE].write(3)
    for _ in range(3):
        town.session(VILLAGE)

    report = town.drivers[VILLAGE].run_once()

    assert report.bytes_received < 420


def test_a_child_takes_no_word_from_below_or_beside_or_on_feeds_of_others() -> None:
    town = Town()
    village = town.holdings[VILLAGE]
    rows = [
        (VILLAGE, VILLAGE),
        (OTHER_VILLAGE, VILLAGE),
        (STREET, OTHER_VILLAGE),
    ]
    words = [
        sign_held(
            Held(device_of(holder), device_of(feed), 0, 3, secret("r"), 5), device_key(holder)
        )
        for holder, feed in rows
    ]

    assert village.accept([*words, b"junk", b""]) == {}


@pytest.mark.parametrize(("seqs", "kept"), [((3, 5), 5), ((5, 3), 5)])
def test_an_older_word_never_takes_the_place_of_a_newer_one(
    seqs: tuple[int, int], kept: int
) -> None:
    town = Town()
    for seq in seqs:
        held = Held(device_of(STREET), device_of(VILLAGE), 0, seq, secret("r"), 5)
        local = town.holdings[VILLAGE].accept([sign_held(held, device_key(STREET))])
        town.tree[VILLAGE].store.put([], local)

    assert town.held(kept) == (STREET,)
    assert town.held(kept + 1) == ()
