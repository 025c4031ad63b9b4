"""Medians of repeated runs, since these machines are shared and noisy."""

import statistics
import time
from collections.abc import Callable

ROUNDS = 5


def median_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median of the seconds that `work` takes."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)
