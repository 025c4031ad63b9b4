"""What it costs an outpost to read every case anew, and to fold one long case."""

import random
import tempfile
import time
from pathlib import Path

from benchmarks.timing import median_s
from casebook.book import Casebook
from casebook.desk import World
from casebook.index import CaseIndex
from casebook.intake import Intake, Paper
from casebook.people import Clerk
from cases.entries import Entry
from cases.fold import Fold, fold
from simulation.__main__ import shipped
from simulation.clock import START_MS, OfficeClock, WorldClock
from simulation.places import make_place
from simulation.tree import keyed_tree
from simulation.world import HEXI
from sync.stores.sqlite import SqliteStore

CASES = 4_000
WHOLE = 20_000
PER_DAY = 5_000
LONG = 1_000
OUTPOST = "120103001001"
DAY_MS = 86_400_000


def run() -> dict[str, object]:
    """Read the cases of an outpost anew from a file, and fold a case of 1,000 entries.

    The cost of reading is the same for each case, so that of 20,000 is worked out from fewer:
    to write them takes longer than all other measurements together.
    """
    with tempfile.TemporaryDirectory() as folder:
        refold = _refold(Path(folder))
    return {**refold, **_long_case()}


def _refold(folder: Path) -> dict[str, object]:
    source = random.Random(20)
    tree = keyed_tree(HEXI, source.randbytes)
    clock = OfficeClock(WorldClock(), 0)
    place = make_place(OUTPOST, tree, shipped(), clock, 20)
    store = SqliteStore.open(folder / "store.sqlite", source.randbytes)
    book = Casebook(
        place.office, store, World(clock, source.randbytes), CaseIndex(folder / "rows.sqlite")
    )
    clerk = Clerk(f"{OUTPOST}-w1", "测试员", ("window",), OUTPOST)
    began = time.process_time()
    for number in range(CASES):
        clock.offset_ms = number // PER_DAY * DAY_MS
        form = {"name": "王秀英", "id_no": f"{number:018d}", "reason": "家庭困难" * 20}
        intake = Intake(form, (Paper("id_card", "seen"),))
        case = book.receive("MZ-009", intake, clerk).case
        if number % 2:
            book.act(case, "accept", clerk)
    written_s = time.process_time() - began
    told: list[tuple[int, int]] = []
    # Processor time: on a shared machine the wall clock measures the neighbours.
    began = time.process_time()
    read = book.rebuild(lambda done, whole: told.append((done, whole)))
    refold_s = time.process_time() - began
    book.close()
    store.close()
    return {
        "cases": read,
        "refold_cpu_ms_per_case": round(refold_s / read * 1e3, 2),
        "cpu_seconds_for_20000": round(refold_s / read * WHOLE, 1),
        "told_how_far": len(told),
        "refold_to_writing": round(refold_s / written_s, 3),
    }


def _long_case() -> dict[str, object]:
    entries = [_entry(1, (), "receive")]
    for seq in range(2, LONG + 1):
        act = ("note", "amend", "step_done", "send_up")[seq % 4]
        parents = (entries[-1].id,) if seq % 3 else (entries[0].id,)
        entries.append(_entry(seq, parents, act))
    kept = Fold(entries)
    last = kept.state.timeline[-1].entry
    numbers = iter(range(LONG + 1, LONG + 1_000))

    def one_more() -> None:
        nonlocal last
        entry = _entry(next(numbers), (last,), "note")
        kept.add([entry])
        last = entry.id

    whole_s, more_s = median_s(lambda: fold(entries)), median_s(one_more)
    return {
        "fold_of_1000_entries_ms": round(whole_s * 1e3, 1),
        "one_entry_more_ms": round(more_s * 1e3, 2),
        "one_more_to_whole": round(more_s / whole_s, 3),
    }


def _entry(seq: int, parents: tuple[str, ...], act: str) -> Entry:
    facts: dict[str, object] = {
        "act": act,
        "at": "2026-11-23T09:05:00+08:00",
        "clerk": "w1",
        "case_no": "1201030010010126112300017",
        "item": "MZ-009",
        "item_version": "1",
        "papers": [],
        "fields": ["mobile"],
        "step": "check",
        "to": "120103001000",
    }
    path = ("120100000000", "120103000000", "120103001000", OUTPOST)
    return Entry(
        id=f"{seq:064x}",
        parents=parents,
        epoch=0,
        device=f"{OUTPOST}-01",
        seq=seq,
        unit=OUTPOST,
        path=path,
        hlc=(START_MS + seq, 0),
        facts=facts,
    )
