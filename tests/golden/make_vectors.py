"""Writes `vectors/*.json` from the golden files: `python -m tests.golden.make_vectors`.

The JSON holds everything that a program in another language needs to run them: keys, expected
contents and the step at which each fault must be refused.
"""

import json
from dataclasses import replace
from pathlib import Path

from security.grants import CASE_KEY
from security.records import Record
from sync.feeds import Place
from tests.golden.make_golden import FOLDER, from_text
from tests.golden.samples import (
    BODY,
    CASE_NO,
    CASE_SECRET,
    DEVICE,
    DEVICE_KEY,
    FACTS,
    FACTS_SECRET,
    HEADER,
    OTHER_DEVICE,
    OTHER_DEVICE_KEY,
    QUERY_CODE,
    RECEIPT_CASE,
    ROOT_KEY,
    VILLAGE,
    reading_key,
    sample_registry,
    sealed_entry,
)

VECTORS = FOLDER / "vectors"
FORMAT = "postroad-vectors-1"
KINDS = ("record", "grant", "statement", "receipt")
_AUTHORS = {DEVICE: DEVICE_KEY.public.hex(), OTHER_DEVICE: OTHER_DEVICE_KEY.public.hex()}


def vectors() -> dict[str, dict[str, object]]:
    """The content of every file by its name."""
    made = {f"{kind}.json": _file(kind, _given(kind), _tests(kind)) for kind in KINDS}
    return {**made, "feed.json": _file("feed", {"device": DEVICE}, _feeds())}


def to_json(content: dict[str, object]) -> str:
    """The text of one file."""
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _file(kind: str, given: dict[str, object], tests: list[object]) -> dict[str, object]:
    return {"format": FORMAT, "kind": kind, "given": given, "tests": tests}


def _given(kind: str) -> dict[str, object]:
    if kind == "record":
        keys = {"case_key": CASE_SECRET.hex(), "facts_key": FACTS_SECRET.hex()}
        return {"authors": _AUTHORS, **keys, "facts": FACTS, "body": BODY}
    if kind == "grant":
        key = reading_key(VILLAGE).private_bytes().hex()
        reader = {"unit": VILLAGE, "epoch": 1, "private": key, "kind": CASE_KEY}
        return {"authors": _AUTHORS, "reader": reader, "case_key": CASE_SECRET.hex()}
    statements = [raw.hex() for raw in sample_registry().statements()]
    trust: dict[str, object] = {"root_key": ROOT_KEY.public.hex(), "registry": statements}
    if kind == "receipt":
        holds = {"case_no": CASE_NO, "query_code": QUERY_CODE, "device": DEVICE}
        return {**trust, "holds": {**holds, "case": RECEIPT_CASE.hex()}}
    return trust


def _tests(kind: str) -> list[object]:
    rows: list[object] = []
    for path in sorted((FOLDER / kind).glob("*.hex")):
        golden = from_text(path.read_text(encoding="utf-8"))
        step = "" if golden.outcome == "opens" else golden.outcome.split(" ")[0]
        rows.append(
            {
                "name": path.stem,
                "shows": golden.shows,
                "bytes": golden.content.hex(),
                "result": "invalid" if step else "valid",
                "refused_at": step,
            }
        )
    return rows


def _feeds() -> list[object]:
    one = _link(1, bytes(32))
    two = _link(2, one.hash)
    three = _link(3, two.hash)
    other_two = _link(2, one.hash, ms=1)
    stray = _link(2, three.hash)
    unheard = _link(4, two.hash, ms=2)
    rows = [
        ("in_order", "three records as they were written", [one, two, three], "next next next"),
        ("late", "the second comes after the third", [one, three, two], "next next in_gap"),
        ("fork", "two records at one place", [one, two, other_two], "next next fork"),
        ("chain", "the hash before it is another's", [one, stray], "next chain"),
        (
            "late_other",
            "another second after the third",
            [one, three, other_two],
            "next next chain",
        ),
        ("again", "the first once more", [one, two, one], "next next fork"),
        (
            "cut_off",
            "a fourth that follows the second",
            [one, two, three, unheard],
            "next next next chain",
        ),
    ]
    return [
        {
            "name": name,
            "shows": shows,
            "records": [record.raw.hex() for record in records],
            "places": [Place(place).value for place in places.split(" ")],
        }
        for name, shows, records, places in rows
    ]


def _link(seq: int, prev: bytes, ms: int = 0) -> Record:
    hlc = replace(HEADER.hlc, ms=HEADER.hlc.ms + ms)
    return sealed_entry(header=replace(HEADER, seq=seq, prev=prev, parents=(), hlc=hlc))


def main() -> None:
    """Write every file."""
    VECTORS.mkdir(exist_ok=True)
    for name, content in vectors().items():
        Path(VECTORS / name).write_text(to_json(content), encoding="utf-8")


if __name__ == "__main__":
    main()
