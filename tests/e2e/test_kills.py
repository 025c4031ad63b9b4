"""Programs that are killed at random moments while clerks work and records flow."""

import random
from collections.abc import Callable, Sequence

from cases.fold import digest
from postroad.demo.evidence import Holdings, read_holdings
from tests.e2e.shifts import Shift, at_work, kill_often
from tests.e2e.town import STREET, VILLAGE, VILLAGES, Town
from tests.e2e.window import Receipt

KILLS = 5
SEED = 20261123
SEATS = ((1, "w1"), (2, "w2"))


def test_no_receipt_is_lost_or_doubled_however_often_the_outpost_is_killed(
    lay_out: Callable[..., Town],
) -> None:
    town = lay_out(STREET, VILLAGE)
    town.start()
    clerks = [Shift(town.clerk(VILLAGE, post), VILLAGE, seed) for seed, post in SEATS]

    with at_work(clerks) as crew:
        kill_often(town, VILLAGE, crew, KILLS, random.Random(SEED))
    town.settle()
    town.programs.stop()

    holdings = read_holdings(town.area)
    assert town.programs[VILLAGE].exit_codes == [-9] * KILLS + [0]
    assert len({receipt.case_no for receipt in crew.receipts}) == len(crew.receipts) > KILLS
    assert_holds_exactly(crew.receipts, holdings[VILLAGE])
    assert_same(holdings[VILLAGE], holdings[STREET])


def test_nothing_pushed_is_lost_however_often_the_hub_is_killed_while_children_push(
    lay_out: Callable[..., Town],
) -> None:
    outposts = VILLAGES[:2]
    town = lay_out(STREET, *outposts)
    town.start()
    clerks = [Shift(town.clerk(unit, "w1"), unit, seed) for seed, unit in enumerate(outposts)]

    with at_work(clerks) as crew:
        kill_often(town, STREET, crew, KILLS, random.Random(SEED))
    town.settle()
    town.programs.stop()

    holdings = read_holdings(town.area)
    assert town.programs[STREET].exit_codes == [-9] * KILLS + [0]
    assert_holds_exactly(crew.receipts, holdings[STREET])
    for clerk, unit in zip(clerks, outposts, strict=True):
        assert_holds_exactly(clerk.receipts, holdings[unit])
        assert_same(holdings[unit], holdings[STREET])


def assert_holds_exactly(receipts: Sequence[Receipt], holdings: Holdings) -> None:
    """Every receipt is a case of that number with that receipt, and there is no other case."""
    held = {
        case: (sighting.state.case_no, sighting.receipt)
        for case, sighting in holdings.sightings.items()
    }
    assert held == {receipt.case: (receipt.case_no, receipt.text) for receipt in receipts}
    assert (holdings.quarantined, holdings.refused, holdings.faults) == (0, 0, ())


def assert_same(below: Holdings, above: Holdings) -> None:
    """Every case of the unit below has the same state above."""
    for case, sighting in below.sightings.items():
        assert digest(sighting.state) == digest(above.sightings[case].state), case
        assert not sighting.state.conflicts
