"""`--once`: a day unattended, the checks behind it, and a summary of both."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from postroad.demo import summary
from postroad.demo.area import Area, make_area
from postroad.demo.checks import Evidence, Verdict, judge
from postroad.demo.cleartext import Haystack, finds_everything
from postroad.demo.day import Day
from postroad.demo.events import Events
from postroad.demo.evidence import read_holdings
from postroad.demo.gauges import Gauges
from postroad.demo.pacing import Pace
from postroad.demo.stage import Phases, Stage, raised
from postroad.registries import open_registry
from sync.documents import AUDIT
from sync.scope import CARRIED


def play_once(
    folder: Path, pace: Pace, text: Callable[..., str], tell: Callable[[str], None]
) -> bool:
    """Play the day, check it, and write `summary.json`; whether every check held.

    Raises:
        DemoError: The day could not be played to its end; the summary says how far it came.
        StoppedError: Somebody asked to stop.
    """
    events, phases = Events(pace, tell), Phases(pace)
    report = summary.Report(phases, events)
    try:
        events.say(text("demo.phase.make"))
        with phases.phase("make"):
            area = make_area(folder)
        with raised(area, events, pace, text) as stage:
            report.stage = stage
            _play(stage, phases)
        events.say(text("demo.phase.check"))
        with phases.phase("check"):
            report.evidence = _gather(stage)
            report.verdicts = judge(report.evidence)
    except BaseException as error:
        report.error = str(error) or type(error).__name__
        raise
    finally:
        path = report.write(folder)
    for verdict in report.verdicts:
        tell(_line(verdict, text))
    key = "demo.held" if report.has_passed else "demo.failed"
    tell(text(key, file=str(path), seconds=round(pace.seconds), checks=len(report.verdicts)))
    return report.has_passed


def _play(stage: Stage, phases: Phases) -> None:
    events, text = stage.events, stage.text
    events.say(text("demo.phase.start", programs=len(stage.area.places)))
    with phases.phase("start"):
        stage.programs.start(stage.pace)
    gauges = Gauges(stage.area)
    try:
        day = Day(stage)
        events.say(text("demo.phase.day"))
        with phases.phase("day"):
            day.play()
        events.say(text("demo.phase.settle"))
        with phases.phase("settle"):
            day.settle(gauges)
    finally:
        gauges.close()
    events.say(text("demo.phase.stop"))
    with phases.phase("stop"):
        stage.programs.stop()


def _gather(stage: Stage) -> Evidence:
    area, applications = stage.area, list(stage.ledger)
    root = area.places[0]
    settings = root.settings()
    secrets = [secret for each in applications for secret in each.secrets]
    hay = Haystack(secrets)
    with tempfile.TemporaryDirectory(dir=area.folder.parent) as scratch:
        is_search_able = finds_everything(secrets, Path(scratch))
    return Evidence(
        applications=applications,
        paths={place.unit: place.path for place in area.outposts},
        holdings=read_holdings(area),
        registry=open_registry(settings.registry, settings.root_key.hex()),
        traffic={unit: link.traffic for unit, link in stage.links.items()},
        faults=stage.events.faults,
        exit_codes={each.command.unit: each.exit_codes for each in stage.programs},
        searches={place.unit: hay.search(place.folder) for place in area.places},
        hubs=tuple(place.unit for place in area.hubs),
        needles=len(hay),
        is_search_able=is_search_able,
        waiting=_waiting(area),
    )


def _waiting(area: Area) -> int:
    """Records that some store lacks after all programs have stopped.

    Journals are left out: a program notes its own end when its link is down already.
    """
    gauges = Gauges(area, tuple(name for name in CARRIED if name != AUDIT))
    try:
        found = [gauges.waiting(place) for place in area.places]
    finally:
        gauges.close()
    return sum(each.up + each.down for each in found if each is not None)


def _line(verdict: Verdict, text: Callable[..., str]) -> str:
    name = text(f"demo.check.name.{verdict.name}")
    if verdict.has_passed:
        return text("demo.check.held", name=name, counted=verdict.counted)
    return text("demo.check.failed", name=name, detail=verdict.detail)
