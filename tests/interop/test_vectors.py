"""The vectors for other programs, run as another program would: from the JSON alone."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from security import records
from security.errors import SecurityError
from security.grants import open_grant
from security.receipts import verify_receipt
from security.records import open_body, open_facts, parse
from security.registry import Registry
from security.signing import ReadingKey
from sync.feeds import Feed
from tests.golden.make_vectors import FORMAT, VECTORS, to_json, vectors

Given = dict[str, Any]
FILES = ("record", "grant", "statement", "receipt")


def load(kind: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((VECTORS / f"{kind}.json").read_text(encoding="utf-8"))
    assert content["format"] == FORMAT
    return content


def cases_of(*kinds: str) -> Iterator[object]:
    for kind in kinds:
        content = load(kind)
        for test in content["tests"]:
            yield pytest.param(kind, content["given"], test, id=f"{kind}-{test['name']}")


def registry_of(given: Given) -> Registry:
    registry = Registry(bytes.fromhex(given["root_key"]))
    for raw in given["registry"]:
        registry.apply(bytes.fromhex(raw))
    return registry


def run_record(given: Given, raw: bytes, step: list[str]) -> None:
    record = parse(raw)
    step.append("verify")
    records.verify(record, bytes.fromhex(given["authors"][record.header.device]))
    step.append("open")
    assert open_facts(record, bytes.fromhex(given["facts_key"])) == given["facts"]
    assert open_body(record, bytes.fromhex(given["case_key"])) == given["body"]


def run_grant(given: Given, raw: bytes, step: list[str]) -> None:
    record, reader = parse(raw), given["reader"]
    step.append("verify")
    records.verify(record, bytes.fromhex(given["authors"][record.header.device]))
    step.append("open")
    key = ReadingKey.from_private(bytes.fromhex(reader["private"]))
    grant = open_grant(record, reader["unit"], {reader["epoch"]: key})
    assert grant is not None
    assert (grant.kind, grant.key.hex()) == (reader["kind"], given["case_key"])


def run_statement(given: Given, raw: bytes, step: list[str]) -> None:
    registry = registry_of(given)
    step.append("apply")
    registry.apply(raw)


def run_receipt(given: Given, raw: bytes, step: list[str]) -> None:
    step.append("verify")
    receipt = verify_receipt(raw.decode(), registry_of(given))
    held = (receipt.case_no, receipt.query_code, receipt.device, receipt.case.hex())
    assert held == tuple(
        given["holds"][name] for name in ("case_no", "query_code", "device", "case")
    )


RUN: dict[str, Callable[[Given, bytes, list[str]], None]] = {
    "record": run_record,
    "grant": run_grant,
    "statement": run_statement,
    "receipt": run_receipt,
}


@pytest.mark.parametrize(("kind", "given", "test"), list(cases_of(*FILES)))
def test_a_vector_comes_to_what_it_says(kind: str, given: Given, test: Given) -> None:
    steps = ["parse"]
    try:
        RUN[kind](given, bytes.fromhex(test["bytes"]), steps)
        refused_at = ""
    except SecurityError:
        refused_at = steps[-1]

    assert refused_at == test["refused_at"], test["shows"]
    assert (test["result"] == "valid") == (refused_at == "")


@pytest.mark.parametrize(("kind", "given", "test"), list(cases_of("feed")))
def test_the_records_of_a_feed_fall_at_their_places(
    kind: str, given: Given, test: Given
) -> None:
    feed, places = Feed(), []
    for raw in test["records"]:
        record = parse(bytes.fromhex(raw))
        assert (kind, record.header.device) == ("feed", given["device"])
        place, feed = feed.placed(record.header, record.hash)
        places.append(place.value)

    assert places == test["places"], test["shows"]


def test_every_refusal_to_open_reads_the_same() -> None:
    told = set()
    content = load("record")
    for test in content["tests"]:
        if test["refused_at"] == "open":
            with pytest.raises(SecurityError) as caught:
                run_record(content["given"], bytes.fromhex(test["bytes"]), ["parse"])
            told.add((type(caught.value), str(caught.value)))

    assert len(told) == 1


def test_the_vectors_have_not_moved() -> None:
    written = {
        path.name: path.read_text(encoding="utf-8") for path in Path(VECTORS).glob("*.json")
    }

    assert written == {name: to_json(content) for name, content in vectors().items()}
