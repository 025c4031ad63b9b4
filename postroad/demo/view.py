"""The terminal view: every unit, what its link carries, and what happened last."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from postroad.demo.area import PASSWORD, Place
from postroad.demo.gauges import Gauges, Waiting
from postroad.demo.links import Traffic
from postroad.demo.stage import Stage

LINES_EVERY_S = 15.0
EVENTS_SHOWN = 12

_WIDE = "WF"
_COLOURS = {"up": "32", "down": "31", "stalled": "33"}
_HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_OPEN, _CLOSE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


@dataclass(frozen=True, slots=True)
class Row:
    """One unit as it is shown; `key` is empty and `weather` nothing at the top."""

    key: str
    place: Place
    cases: int
    ended: int
    weather: str
    waiting: Waiting | None
    rate_up: int
    rate_down: int
    traffic: Traffic | None


class View:
    """Reads the stage, once a second at most."""

    def __init__(self, stage: Stage, gauges: Gauges) -> None:
        self.stage = stage
        self._gauges = gauges
        self._last_s = stage.pace.seconds
        self._last: dict[str, Traffic] = {}

    def rows(self) -> list[Row]:
        """All units, top first."""
        now = self.stage.pace.seconds
        span, self._last_s = max(now - self._last_s, 0.1), now
        keys = {unit: str(number) for number, unit in enumerate(self.stage.links, 1)}
        return [
            self._row(place, keys.get(place.unit, ""), span) for place in self.stage.area.places
        ]

    def _row(self, place: Place, key: str, span: float) -> Row:
        holding = self._gauges.holding(place)
        link = self.stage.links.get(place.unit)
        if link is None:
            return Row(key, place, holding.cases, holding.ended, "", None, 0, 0, None)
        traffic = link.traffic
        before = self._last.get(place.unit, traffic)
        self._last[place.unit] = traffic
        return Row(
            key=key,
            place=place,
            cases=holding.cases,
            ended=holding.ended,
            weather=link.weather,
            waiting=self._gauges.waiting(place),
            rate_up=round((traffic.up - before.up) / span),
            rate_down=round((traffic.down - before.down) / span),
            traffic=traffic,
        )


class Faulty(Protocol):
    """What tells whether faults come by themselves."""

    @property
    def has_faults(self) -> bool:
        """Whether they do."""


class Screen:
    """The view on a terminal, redrawn in place; leaving the block gives the terminal back."""

    def __init__(self, view: View, switches: Faulty) -> None:
        self._view = view
        self._switches = switches

    def __enter__(self) -> Self:
        sys.stdout.write(_OPEN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.stdout.write(_CLOSE)
        sys.stdout.flush()

    def show(self, *, has_keys: bool) -> None:
        """Draw everything anew, cut to the size of the terminal."""
        size = shutil.get_terminal_size()
        lines = self._lines(has_keys=has_keys, height=size.lines - 1)
        drawn = (fitted(line, size.columns - 1) for line in lines[: size.lines - 1])
        sys.stdout.write(_HOME + "".join(f"{line}{_CLEAR_LINE}\n" for line in drawn))
        sys.stdout.write(_CLEAR_BELOW)
        sys.stdout.flush()

    def _lines(self, *, has_keys: bool, height: int) -> list[str]:
        stage = self._view.stage
        text = stage.text
        seconds = int(stage.pace.seconds)
        lines = [
            f"{text('demo.view.title')}   {seconds // 60:02d}:{seconds % 60:02d}",
            text("demo.view.logins", password=PASSWORD),
            "",
            *table([_heads(text), *(_cells(row, text) for row in self._view.rows())]),
            "",
            self._keys_line() if has_keys else text("demo.view.no_keys"),
            "",
        ]
        return [*lines, *stage.events.last(min(EVENTS_SHOWN, height - len(lines)))]

    def _keys_line(self) -> str:
        text = self._view.stage.text
        auto = text("demo.view.on" if self._switches.has_faults else "demo.view.off")
        return text("demo.view.keys", links=len(self._view.stage.links), auto=auto)


class LineLog:
    """The view where there is no terminal: now and then a line for every link."""

    def __init__(self, view: View, tell: Callable[[str], None]) -> None:
        self._view = view
        self._tell = tell
        self._next_s = 0.0

    def __enter__(self) -> Self:
        self._tell(self._view.stage.text("demo.view.no_keys"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing was changed that would have to be put back."""

    def show(self, *, has_keys: bool) -> None:
        """Tell how the links stand, if it is time again."""
        stage = self._view.stage
        if stage.pace.seconds < self._next_s:
            return
        self._next_s = stage.pace.seconds + LINES_EVERY_S
        text = stage.text
        for line in table([_heads(text), *(_cells(row, text) for row in self._view.rows())]):
            self._tell(plain(line))


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines with straight columns, whatever the width of the characters."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def width(text: str) -> int:
    """How many columns of a terminal a text takes; marks of colour take none."""
    return sum(
        1 + (unicodedata.east_asian_width(character) in _WIDE) for character in plain(text)
    )


def fitted(text: str, columns: int) -> str:
    """A text cut to some columns; one that is cut loses its colours."""
    if width(text) <= columns:
        return text
    kept = ""
    for character in plain(text):
        if width(kept + character) > columns:
            break
        kept += character
    return kept


def plain(text: str) -> str:
    """A text without marks of colour."""
    kept, is_mark = "", False
    for character in text:
        if character == "\x1b":
            is_mark = True
        elif not is_mark:
            kept += character
        elif character == "m":
            is_mark = False
    return kept


def _heads(text: Callable[..., str]) -> list[str]:
    names = ("unit", "tier", "pages", "cases", "link", "waiting", "rate", "total", "door")
    return ["#", *(text(f"demo.view.{name}") for name in names)]


def _cells(row: Row, text: Callable[..., str]) -> list[str]:
    place = row.place
    door = f"http://{place.door[0]}:{place.door[1]}/" if place.door else ""
    cells = [
        row.key,
        place.name,
        text(f"demo.tier.{place.tier}"),
        place.url,
        f"{row.cases} ({row.ended})",
    ]
    if row.traffic is None:
        return [*cells, "", "", "", "", door]
    waiting = row.waiting
    return [
        *cells,
        f"\x1b[{_COLOURS[row.weather]}m{text(f'demo.link.{row.weather}')}\x1b[0m",
        f"↑{waiting.up} ↓{waiting.down}" if waiting else "…",
        f"↑{row.rate_up} ↓{row.rate_down}",
        f"↑{row.traffic.up >> 10} ↓{row.traffic.down >> 10}",
        door,
    ]
