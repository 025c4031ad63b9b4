"""What it costs to know the state of a case: open and fold its entries."""

from benchmarks.timing import median_s
from cases.fold import fold
from simulation.__main__ import shipped
from simulation.world import World

STEPS = 400


def run() -> dict[str, object]:
    """Fold every case of a simulated city, and list its shelves."""
    world = World(11, shipped())
    world.run(STEPS)
    world.heal()
    city = world.places["120100000000"].casebook
    cases = [bytes.fromhex(case) for case in city.digests()]
    states = [city.state(case) for case in cases]
    entries = sum(len(state.timeline) for state in states)
    open_s = median_s(lambda: [city.state(case) for case in cases])
    files = [city.open(case) for case in cases]
    fold_s = median_s(lambda: [fold(file.entries) for file in files])
    list_s = median_s(city.counts)
    return {
        "cases": len(cases),
        "entries": entries,
        "open_and_fold_per_entry_us": round(open_s / entries * 1e6),
        "fold_per_entry_us": round(fold_s / entries * 1e6),
        "counts_of_all_shelves_ms": round(list_s * 1e3, 2),
    }
