"""The measured results as a page of the documentation, each with the command for it."""

import importlib
import json
import os
import platform
import re
from pathlib import Path

_HEAD = """# Benchmarks

Written by `python -m benchmarks`, which measures and puts its results here. `make bench` runs
all that take less than three minutes each. Machines differ: what counts are the ratios within
one run.
"""
_MODULES = {"million": "curve", "links-long": "links"}
"""Results that are not named as the module that measures them."""

_SECTION = re.compile(r"^## (\S+)\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def write_report(results: Path, document: Path) -> None:
    """Put every result that is there into the page; sections of other results stay."""
    text = document.read_text(encoding="utf-8") if document.exists() else ""
    sections = {match[1]: match[0].rstrip() for match in _SECTION.finditer(text)}
    for path in sorted(results.glob("*.json")):
        sections[path.stem] = _section(path.stem, json.loads(path.read_bytes()))
    parts = [_HEAD.rstrip(), *(sections[name] for name in sorted(sections))]
    document.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _section(name: str, result: dict[str, object]) -> str:
    module = importlib.import_module(f"benchmarks.{_MODULES.get(name, name)}")
    about = (module.__doc__ or "").strip()
    machine = (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, shared with other work"
    )
    lines = [f"## {name}", "", about, "", f"`python -m benchmarks {name}` ({machine}):", ""]
    plain = {key: value for key, value in result.items() if not isinstance(value, list)}
    if plain:
        lines += _table([{"figure": key, "value": value} for key, value in plain.items()])
    for key, rows in result.items():
        if isinstance(rows, list) and rows:
            lines += ["", f"{key}:", "", *_table(rows)]
    return "\n".join(lines)


def _table(rows: list[dict[str, object]]) -> list[str]:
    columns = list(rows[0])
    head = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return head + [
        "| " + " | ".join(_shown(row.get(column)) for column in columns) + " |" for row in rows
    ]


def _shown(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
