"""A drawing of the results on bad links: time against what the rate of the link allows."""

import json
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

WAYS = {
    "push": ("outpost to hub", "#0b6e4f"),
    "pull": ("hub to outpost", "#52a788"),
    "PouchDB to pouchdb-server": ("PouchDB to pouchdb-server", "#b5483a"),
    "PouchDB to store serve": ("PouchDB to postroad store serve", "#d99a6c"),
}
_WIDTH, _HEIGHT = 860, 420
_LEFT, _TOP, _BOTTOM = 60, 60, 340
_MOST = 4.5


def write_plot(results: Path, target: Path) -> None:
    """Draw what the results of `links` and `links-long` hold; nothing without them."""
    rows: list[dict[str, object]] = []
    for name in ("links", "links-long"):
        path = results / f"{name}.json"
        if path.exists():
            rows += json.loads(path.read_bytes())["rows"]
    if rows:
        target.write_text("\n".join(_drawing(rows)) + "\n", encoding="utf-8")


def _drawing(rows: list[dict[str, object]]) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">'
    )
    yield '<rect width="100%" height="100%" fill="#fff"/>'
    yield f'<text x="{_LEFT}" y="20" font-size="14">Time to move the content, in times of '
    yield "payload / rate (round trip 300 ms; given up at 4)</text>"
    yield from _legend()
    for times in range(5):
        y = _y(times)
        yield f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y}" y2="{y}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end">{times}</text>'
    links = list(dict.fromkeys(str(row["link"]) for row in rows))
    step = (_WIDTH - 20 - _LEFT) / len(links)
    for number, link in enumerate(links):
        left = _LEFT + number * step
        yield from _bars([row for row in rows if row["link"] == link], left, step)
        rate, _, cut = link.partition(", ")
        for line, words in enumerate((rate, cut)):
            x, y = left + step / 2, _BOTTOM + 18 + 16 * line
            yield f'<text x="{x:.0f}" y="{y}" text-anchor="middle">{escape(words)}</text>'
    yield "</svg>"


def _legend() -> Iterator[str]:
    for number, (words, colour) in enumerate(WAYS.values()):
        x = _LEFT + number * 200
        yield f'<rect x="{x}" y="32" width="10" height="10" fill="{colour}"/>'
        yield f'<text x="{x + 15}" y="41">{escape(words)}</text>'


def _bars(rows: list[dict[str, object]], left: float, step: float) -> Iterator[str]:
    width = step / 6
    for number, way in enumerate(WAYS):
        for row in rows:
            if row["way"] != way:
                continue
            times = float(str(row["time_to_ideal"]))
            x, y = left + width * (number + 1), _y(min(times, _MOST))
            yield (
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width * 0.9:.1f}" '
                f'height="{_BOTTOM - y:.1f}" fill="{WAYS[way][1]}"/>'
            )
            arrived = float(str(row["arrived"]))
            said = f"{times:.1f}" if arrived == 1 else f"{arrived:.0%} came"
            yield (
                f'<text x="{x + width * 0.45:.1f}" y="{y - 4:.1f}" text-anchor="middle" '
                f'font-size="10">{said}</text>'
            )


def _y(times: float) -> float:
    return _BOTTOM - times * (_BOTTOM - _TOP) / _MOST
