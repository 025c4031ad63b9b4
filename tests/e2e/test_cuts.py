"""A link that is cut every few kilobytes: everything arrives, once, and at a fair price."""

import functools
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from cases.fold import digest
from postroad.demo.browser import Browser
from postroad.demo.evidence import read_holdings
from postroad.demo.gauges import Gauges
from postroad.demo.links import Link
from sync.documents import record_of
from sync.scope import CARRIED
from sync.stores.sqlite import SqliteStore
from tests.e2e.shifts import Shift, at_work
from tests.e2e.town import READY_S, STREET, VILLAGE, Town, until
from tests.e2e.window import send_now

CASES = 64
CUTS_MIN, CUTS_MAX = 10, 60
CUT_BYTES = (9_000, 20_000)
"""The least is enough for the greeting of a tunnel, 5 KB, and a small batch: a link that is
cut before that can carry nothing."""

EXTRA_A_CONNECTION = 12_000
"""The greeting, and the batch of 4 KiB or of one large record that the cut spoils."""

ARRIVE_S = 30.0
LOOK_S = 0.002
SEED = 20261124
SEATS = ((1, "w1"), (2, "w2"))


def test_a_link_cut_every_few_kilobytes_carries_everything_once_in_bounded_time_and_bytes(
    lay_out: Callable[..., Town],
) -> None:
    town = lay_out(STREET, VILLAGE)
    link = town.links[VILLAGE]
    link.take_down()
    town.start()
    clerks = [Shift(town.clerk(VILLAGE, post), VILLAGE, seed) for seed, post in SEATS]
    with at_work(clerks) as crew:
        until(lambda: crew.have(CASES), READY_S, "a day's cases are taken in")

    link.bring_up()
    with scissors(link, random.Random(SEED)):
        press_until_quiet(town, town.clerk(VILLAGE, "w1"))
    traffic = link.traffic
    town.programs.stop()

    holdings = read_holdings(town.area)
    below, above = holdings[VILLAGE], holdings[STREET]
    assert CUTS_MIN <= traffic.cuts <= CUTS_MAX, traffic
    assert below.sightings.keys() == {receipt.case for receipt in crew.receipts}
    assert above.records == below.records
    assert (above.quarantined, below.refused, above.faults) == (0, 0, ())
    for case, sighting in below.sightings.items():
        assert digest(above.sightings[case].state) == digest(sighting.state)
    extra = traffic.up + traffic.down - record_bytes(town)
    assert extra < traffic.connections * EXTRA_A_CONNECTION, traffic


@contextmanager
def scissors(link: Link, chance: random.Random) -> Iterator[None]:
    """Cut a link after a random number of bytes, and again, as long as the block lasts.

    The next cut is set within milliseconds of the last, long before anybody has dialled anew.
    """
    put_away = threading.Event()

    def cut() -> None:
        done = -1
        while not put_away.wait(LOOK_S):
            if link.traffic.cuts > done:
                done = link.traffic.cuts
                link.cut_after(chance.randint(*CUT_BYTES))

    with ThreadPoolExecutor(1) as pool:
        cutting = pool.submit(cut)
        try:
            yield
        finally:
            put_away.set()
    cutting.result()


def press_until_quiet(town: Town, clerk: Browser) -> None:
    """Press the button after each cut, as one does who waits, until everything has arrived."""
    link, gauges = town.links[VILLAGE], Gauges(town.area)

    def is_quiet() -> bool:
        waiting = gauges.waiting(town.place(VILLAGE))
        return waiting is not None and waiting.is_nothing

    def is_over(cuts: int) -> bool:
        return link.traffic.cuts > cuts or is_quiet()

    deadline = time.monotonic() + ARRIVE_S
    try:
        while not is_quiet():
            assert time.monotonic() < deadline, link.traffic
            before = link.traffic.cuts
            send_now(clerk)
            until(functools.partial(is_over, before), ARRIVE_S, "a cut, or the end")
    finally:
        gauges.close()


def record_bytes(town: Town) -> int:
    """The size of all records of the outpost, as they are signed."""
    store = SqliteStore.open_for_reading(town.place(VILLAGE).data / "store.sqlite")
    try:
        page = store.changes(0, limit=10_000, databases=CARRIED)
        return sum(len(record_of(row.document).raw) for row in page.rows)
    finally:
        store.close()
