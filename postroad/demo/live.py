"""The demonstration that goes on: some life of its own, and links that a person switches."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from postroad.demo.area import PASSWORD, Area, make_area
from postroad.demo.citizens import citizens
from postroad.demo.company import Company
from postroad.demo.crew import Crew
from postroad.demo.errors import DemoError, StoppedError
from postroad.demo.events import Events
from postroad.demo.gauges import Gauges
from postroad.demo.keyboard import Keyboard, single_keys
from postroad.demo.ledger import Application, applications
from postroad.demo.pacing import Pace
from postroad.demo.stage import Stage, raised
from postroad.demo.view import LineLog, Screen, View
from postroad.demo.window import Window

SEED = 7
EACH = 100
"""Applications at each outpost; after them the company only finishes what is open."""

DROP_S = 20.0
DROP_EVERY_S = 60.0

_CITIZEN_EVERY_S = 24.0
_FIRST_CITIZEN_S = 3.0
_COLLECT_EVERY_S = 4.0
_DESK_REST_S = 1.5
_AFTER_FAULT_S = 5.0
_DRAW_EVERY_S = 1.0


def play_live(
    folder: Path,
    pace: Pace,
    text: Callable[..., str],
    tell: Callable[[str], None],
    *,
    is_screen: bool,
) -> None:
    """Put the stage up and play until somebody asks to stop.

    With `is_screen` the terminal is drawn anew every second, else lines are told.

    Raises:
        StoppedError: Somebody asked; everything has been stopped.
        DemoError: The stage cannot be put up.
    """
    tell(text("demo.phase.make"))
    area = make_area(folder)
    events = Events(pace, None if is_screen else tell)
    with raised(area, events, pace, text) as stage:
        tell(text("demo.phase.start", programs=len(area.places)))
        stage.programs.start(pace)
        _introduce(area, text, tell)
        _play(stage, tell, is_screen=is_screen)


def _play(stage: Stage, tell: Callable[[str], None], *, is_screen: bool) -> None:
    company = Company(stage, "w2")
    with (
        contextlib.closing(Gauges(stage.area)) as gauges,
        single_keys() as has_keys,
        Crew(stage.pace) as crew,
    ):
        switches = Switches(stage, company, crew)
        _put_to_work(stage, company, crew)
        crew.repeat(_bravely(stage, switches.play_fault))
        if has_keys:
            crew.repeat(Keyboard(switches.press).listen)
        stage.events.say(stage.text("demo.live.life_on"))
        view = View(stage, gauges)
        with Screen(view, switches) if is_screen else LineLog(view, tell) as output:
            while True:
                crew.check()
                output.show(has_keys=has_keys)
                stage.pace.rest(_DRAW_EVERY_S)


def _put_to_work(stage: Stage, company: Company, crew: Crew) -> None:
    for place, (unit, window) in enumerate(company.windows.items()):
        life = Life(stage, window, _matters(stage.area, unit), place)
        crew.repeat(_bravely(stage, life.go_on))
    for desk in company.desks:
        crew.repeat(_bravely(stage, functools.partial(_work, desk.work)))


class Life:
    """The clerk of one window who serves a citizen now and then, and looks after the rest."""

    def __init__(
        self, stage: Stage, window: Window, matters: Iterator[Application], place: int
    ) -> None:
        self._stage = stage
        self._window = window
        self._matters = matters
        share = _CITIZEN_EVERY_S / len(stage.area.outposts)
        self._next_s = stage.pace.seconds + _FIRST_CITIZEN_S + share * place

    def go_on(self) -> float:
        """Do what is due, and return how long to rest.

        Raises:
            DemoError: A page did not do what was expected.
        """
        stage = self._stage
        if stage.pace.seconds >= self._next_s:
            self._next_s = stage.pace.seconds + _CITIZEN_EVERY_S
            application = next(self._matters, None)
            if application is not None:
                self._window.serve(application)
                self._tell_of(application)
        self._window.collect()
        return _COLLECT_EVERY_S

    def _tell_of(self, application: Application) -> None:
        stage, place = self._stage, self._window.place
        weather = stage.links[place.unit].weather
        stage.events.say(
            stage.text(
                "demo.live.received",
                where=place.name,
                item=application.item,
                link=stage.text(f"demo.link.{weather}"),
            )
        )


class Switches:
    """What the keys do: a digit switches a link, `a` the faults of the last one, `q` ends."""

    def __init__(self, stage: Stage, company: Company, crew: Crew) -> None:
        self._stage = stage
        self._company = company
        self._crew = crew
        self.has_faults = True

    def press(self, key: str) -> None:
        """Do what a key is for; other keys do nothing."""
        units = list(self._stage.links)
        if key == "q":
            self._stage.pace.stop()
        elif key == "a":
            self.has_faults = not self.has_faults
        elif key.isascii() and key.isdecimal() and 0 < int(key) <= len(units):
            self._switch(units[int(key) - 1])

    def play_fault(self) -> float:
        """Let the last link drop for a while, and return how long to leave it up.

        Raises:
            StoppedError: The demonstration is told to end.
        """
        unit = list(self._stage.links)[-1]
        if self.has_faults and self._stage.links[unit].weather == "up":
            self._switch(unit)
            self._stage.pace.rest(DROP_S)
            if self._stage.links[unit].weather == "down":
                self._switch(unit)
        return DROP_EVERY_S - DROP_S

    def _switch(self, unit: str) -> None:
        stage, link = self._stage, self._stage.links[unit]
        where = stage.area.place(unit).name
        if link.weather == "up":
            link.take_down()
            stage.events.say(stage.text("demo.fault.drop", where=where))
        else:
            link.bring_up()
            stage.events.say(stage.text("demo.fault.drop.over", where=where))
            # Not by the one who pressed the key: the outpost may take its time to answer.
            self._crew.run(functools.partial(self._call, unit))

    def _call(self, unit: str) -> None:
        def call() -> float:
            self._company.link_is_up(unit)
            return 0.0

        _bravely(self._stage, call)()


def _bravely(stage: Stage, work: Callable[[], float]) -> Callable[[], float]:
    """Work that tells of an error and goes on: a person may do anything to the programs."""

    def attempt() -> float:
        try:
            return work()
        except StoppedError:
            raise
        except DemoError as error:
            stage.events.say(stage.text(error.key, **error.params))
            return _AFTER_FAULT_S

    return attempt


def _work(work: Callable[[], int]) -> float:
    work()
    return _DESK_REST_S


def _matters(area: Area, unit: str) -> Iterator[Application]:
    outposts = [place.unit for place in area.outposts]
    return iter(applications(outposts, citizens(SEED), EACH, SEED)[unit])


def _introduce(area: Area, text: Callable[..., str], tell: Callable[[str], None]) -> None:
    tell(text("demo.live.ready", password=PASSWORD))
    for place in area.places:
        kind = "node" if place.is_outpost else "hub"
        tell(
            text(
                "demo.live.place",
                name=place.name,
                tier=text(f"demo.tier.{place.tier}"),
                pages=place.url,
                users=text(f"demo.live.users.{kind}"),
            )
        )
        if place.door and place.parent:
            above = area.place(place.parent).name
            url = f"http://{place.door[0]}:{place.door[1]}/"
            tell(text("demo.live.door", above=above, door=url))
