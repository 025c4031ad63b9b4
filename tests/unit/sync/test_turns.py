"""Turns go to whoever had none for longest, and never to more at once than there are places."""

import threading
from collections.abc import Callable

import pytest

from sync.transports.turns import NoTurnError, Turns

LONG_S = 10.0


def until(is_so: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1_000):
        if is_so():
            return
        pause.wait(0.005)
    raise AssertionError("it never came to be so")


def queue_up(turns: Turns, names: list[str], served: list[str]) -> list[threading.Thread]:
    """Let each name wait for a turn, one behind the other."""

    def work(name: str) -> None:
        with turns.turn(name, LONG_S):
            served.append(name)

    threads = []
    for place, name in enumerate(names, 1):
        threads.append(threading.Thread(target=work, args=(name,)))
        threads[-1].start()
        until(lambda: turns.waiting == place)  # noqa: B023
    return threads


def test_who_asks_often_comes_after_who_was_not_served_for_longest() -> None:
    turns, served = Turns(1), list[str]()
    for name in ("rare", "other", "greedy"):
        with turns.turn(name, LONG_S):
            pass

    with turns.turn("holder", LONG_S):
        threads = queue_up(turns, ["greedy", "greedy", "other", "rare", "new"], served)
    for thread in threads:
        thread.join(LONG_S)

    assert served == ["new", "rare", "other", "greedy", "greedy"]


def test_no_more_work_at_once_than_there_are_places() -> None:
    turns, lock, now, most = Turns(3), threading.Lock(), [0], [0]
    gathered = threading.Barrier(3)

    def work(name: str) -> None:
        with turns.turn(name, LONG_S):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            gathered.wait(LONG_S)
            with lock:
                now[0] -= 1

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_S)

    assert most == [3]
    assert now == [0]


def test_who_gets_no_turn_in_time_is_told_so_and_takes_no_place_later() -> None:
    turns = Turns(1)

    with turns.turn("holder", LONG_S), pytest.raises(NoTurnError), turns.turn("late", 0.01):
        raise AssertionError("there was no place")

    assert turns.waiting == 0
    with turns.turn("next", 0.01):
        pass


def test_work_that_fails_gives_its_place_back() -> None:
    turns = Turns(1)

    with pytest.raises(ValueError, match="broken"), turns.turn("one", LONG_S):
        raise ValueError("broken")

    with turns.turn("two", 0.01):
        pass
