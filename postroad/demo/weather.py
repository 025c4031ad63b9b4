"""The bad day of the links: what fails, when, and for how long."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from postroad.demo.pacing import LOOK_S
from postroad.demo.processes import READY_S
from postroad.demo.stage import Stage

OFFLINE_RECEIPTS = 14
"""Receipts that the first outpost hands out before its link comes up for the first time."""

CUT_BYTES = 6_000
CUTS = 3
STALL_S = 6.0
DROP_S = 10.0
RESTART_S = 2.0
WAIT_S = 60.0
"""How long the weather waits for its moment; then it goes on, and a check will notice."""


class Weather:
    """A scripted day of faults. Each begins at a certain number of receipts, not at a time."""

    def __init__(self, stage: Stage, total: int, link_is_up: Callable[[str], None]) -> None:
        self._stage = stage
        self._total = total
        self._link_is_up = link_is_up

    def play(self) -> None:
        """Play the whole day; the first link is down from the start.

        Raises:
            StoppedError: The demonstration is told to end.
        """
        area = self._stage.area
        first, second, third, fourth = area.outposts
        street, other_street = (hub for hub in area.hubs if hub.tier == "street")
        district = next(hub for hub in area.hubs if hub.tier == "district")
        with self._down(first.unit):
            self._until(lambda: self._receipts(first.unit) >= OFFLINE_RECEIPTS)
        for _ in range(CUTS):
            self._cut(second.unit)
        self._after(0.30)
        self._stall(street.unit)
        self._after(0.40)
        self._kill(other_street.unit)
        self._after(0.50)
        with self._down(district.unit):
            self._stage.pace.rest(DROP_S)
        self._after(0.60)
        self._kill(fourth.unit)
        self._after(0.75)
        self._cut(other_street.unit)
        with self._down(third.unit):
            self._stage.pace.rest(DROP_S)

    @contextlib.contextmanager
    def _down(self, unit: str) -> Iterator[None]:
        link = self._stage.links[unit]
        link.take_down()
        with self._noted("drop", unit):
            yield
        link.bring_up()
        self._link_is_up(unit)

    def _stall(self, unit: str) -> None:
        link = self._stage.links[unit]
        link.stall()
        with self._noted("stall", unit):
            self._stage.pace.rest(STALL_S)
        link.bring_up()

    def _cut(self, unit: str) -> None:
        link = self._stage.links[unit]
        before = link.traffic.cuts
        link.cut_after(CUT_BYTES)
        with self._noted("cut", unit):
            self._until(lambda: link.traffic.cuts > before)

    def _kill(self, unit: str) -> None:
        stage = self._stage
        program = stage.programs[unit]
        with self._noted("kill", unit):
            program.kill()
            stage.pace.rest(RESTART_S)
            program.start()
            stage.pace.until(program.is_ready, READY_S, program.command.name)

    @contextlib.contextmanager
    def _noted(self, kind: str, unit: str) -> Iterator[None]:
        stage = self._stage
        where = stage.area.place(unit).name
        began = stage.pace.seconds
        stage.events.say(stage.text(f"demo.fault.{kind}", where=where))
        yield
        stage.events.fault(kind, unit, stage.pace.seconds - began)
        stage.events.say(stage.text(f"demo.fault.{kind}.over", where=where))

    def _after(self, share: float) -> None:
        self._until(lambda: self._stage.ledger.entered >= share * self._total)

    def _until(self, condition: Callable[[], bool]) -> None:
        pace = self._stage.pace
        deadline = pace.seconds + WAIT_S
        while not condition() and pace.seconds < deadline:
            pace.rest(LOOK_S)

    def _receipts(self, outpost: str) -> int:
        return len(self._stage.ledger.at(outpost))
