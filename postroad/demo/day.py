"""One scripted day: citizens come, links fail, officials decide, results are handed over."""

from __future__ import annotations

import functools

from postroad.demo.citizens import citizens
from postroad.demo.company import Company
from postroad.demo.crew import Crew
from postroad.demo.desk import Desk
from postroad.demo.errors import DemoError
from postroad.demo.gauges import Gauges
from postroad.demo.ledger import applications
from postroad.demo.pacing import LOOK_S
from postroad.demo.stage import Stage
from postroad.demo.weather import Weather

EACH = 28
"""Applications at each of four outposts: 112 in all."""

SEED = 2026
DAY_S_MAX = 200.0
SETTLE_S_MAX = 60.0

_BETWEEN_CITIZENS_S = 1.2
_COLLECT_EVERY = 7
_REST_S = 1.0
_REPORT_S = 10.0
_QUIET_LOOKS = 3
"""Two stores are not read in one moment: quiet counts when it lasts."""


class Day:
    """The scripted day on one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        outposts = [place.unit for place in stage.area.outposts]
        self._planned = applications(outposts, citizens(SEED), EACH, SEED)
        self._total = EACH * len(outposts)
        self._company = Company(stage, "w1")
        self._weather_is_over = False

    def play(self) -> None:
        """Play until every result is handed over and every fault is mended.

        Raises:
            DemoError: A page did not do what was expected, or the day took too long.
            StoppedError: The demonstration is told to end.
        """
        with Crew(self._stage.pace) as crew:
            crew.run(self._play_weather)
            for unit in self._planned:
                crew.run(functools.partial(self._keep_window, crew, unit))
            for desk in self._company.desks:
                crew.repeat(functools.partial(_work, desk))
            self._wait(crew)
            crew.send_home()

    def settle(self, gauges: Gauges) -> None:
        """Wait until every store has what is meant for it, with all links up.

        Raises:
            DemoError: Something still waits after a minute.
            StoppedError: The demonstration is told to end.
        """
        quiet = 0

        def is_quiet() -> bool:
            nonlocal quiet
            quiet = quiet + 1 if gauges.all_quiet() else 0
            return quiet >= _QUIET_LOOKS

        stage = self._stage
        stage.pace.until(is_quiet, SETTLE_S_MAX, stage.text("demo.phase.settle"))

    def _play_weather(self) -> None:
        Weather(self._stage, self._total, self._company.link_is_up).play()
        self._weather_is_over = True

    def _keep_window(self, crew: Crew, unit: str) -> None:
        window, pace = self._company.windows[unit], self._stage.pace
        for turn, application in enumerate(self._planned[unit], 1):
            window.serve(application)
            if turn % _COLLECT_EVERY == 0:
                window.collect()
            pace.rest(_BETWEEN_CITIZENS_S)
        while not crew.is_sent_home:
            window.collect()
            pace.rest(_REST_S)

    def _wait(self, crew: Crew) -> None:
        stage = self._stage
        deadline = stage.pace.seconds + DAY_S_MAX
        reported = stage.pace.seconds
        while not (self._weather_is_over and stage.ledger.delivered >= self._total):
            crew.check()
            if stage.pace.seconds > deadline:
                what = stage.text("demo.phase.day")
                raise DemoError("demo.too_slow", what=what, seconds=round(DAY_S_MAX))
            if stage.pace.seconds > reported + _REPORT_S:
                reported = stage.pace.seconds
                self._report()
            stage.pace.rest(LOOK_S)

    def _report(self) -> None:
        stage = self._stage
        stage.events.say(
            stage.text(
                "demo.progress",
                received=stage.ledger.entered,
                delivered=stage.ledger.delivered,
                total=self._total,
            )
        )


def _work(desk: Desk) -> float:
    return LOOK_S if desk.work() else _REST_S
