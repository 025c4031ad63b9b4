"""The bytes of each format: the good ones open, the others are refused as they say.

The files stand in `tests/golden/`, one for each rule; `make_golden.py` there wrote them.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from security import records
from security.errors import SecurityError
from security.grants import ESCROW, FACTS_KEY, open_grant
from security.receipts import Receipt, verify_receipt
from security.records import open_body, open_facts, parse
from security.registry import Registry, decode_log, parse_statement
from tests.golden.faults import Golden
from tests.golden.make_golden import FOLDER, GRANT, from_text, golden_files, to_text
from tests.golden.samples import (
    BODY,
    CASE_NO,
    CASE_SECRET,
    DEVICE,
    DEVICE_KEY,
    DISTRICT,
    ESCROW_KEY,
    FACTS,
    FACTS_SECRET,
    OTHER_DEVICE,
    OTHER_DEVICE_KEY,
    QUERY_CODE,
    RECEIPT_CASE,
    ROOT_KEY,
    STREET,
    UNITS,
    VILLAGE,
    reading_key,
    sample_registry,
)

FILES = sorted(FOLDER.glob("*/*.hex"))


def named(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def read(path: Path) -> Golden:
    return from_text(path.read_text(encoding="utf-8"))


def author_key(device: str) -> bytes:
    return {DEVICE: DEVICE_KEY, OTHER_DEVICE: OTHER_DEVICE_KEY}[device].public


def record_outcome(content: bytes) -> str:
    step = "parse"
    try:
        record = parse(content)
        step = "verify"
        records.verify(record, author_key(record.header.device))
        step = "open"
        assert open_facts(record, FACTS_SECRET) == FACTS
        assert open_body(record, CASE_SECRET) == BODY
    except SecurityError as error:
        return f"{step} {type(error).__name__}"
    return "opens"


def grant_outcome(content: bytes) -> str:
    step = "parse"
    try:
        record = parse(content)
        step = "verify"
        records.verify(record, author_key(record.header.device))
        step = "open"
        granted = open_grant(record, VILLAGE, {1: reading_key(VILLAGE)})
        assert granted is not None
        assert granted.key == CASE_SECRET
    except SecurityError as error:
        return f"{step} {type(error).__name__}"
    return "opens"


def statement_outcome(content: bytes) -> str:
    registry = sample_registry()
    before = registry.statements()
    try:
        registry.apply(content)
    except SecurityError as error:
        assert registry.statements() == before
        return f"apply {type(error).__name__}"
    assert registry.statements() == (*before, content)
    return "opens"


def log_outcome(content: bytes) -> str:
    registry = Registry(ROOT_KEY.public)
    try:
        statements = decode_log(content)
    except SecurityError as error:
        return f"decode {type(error).__name__}"
    for raw in statements:
        registry.apply(raw)
    assert len(registry.units()) in {0, len(UNITS)}
    return "opens"


def receipt_outcome(content: bytes) -> str:
    try:
        receipt = verify_receipt(content.decode("utf-8"), sample_registry())
    except SecurityError as error:
        return f"verify {type(error).__name__}"
    assert receipt == Receipt(CASE_NO, QUERY_CODE, DEVICE, RECEIPT_CASE)
    return "opens"


OUTCOMES: dict[str, Callable[[bytes], str]] = {
    "record": record_outcome,
    "grant": grant_outcome,
    "statement": statement_outcome,
    "log": log_outcome,
    "receipt": receipt_outcome,
}


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_golden_file_comes_to_what_it_says(path: Path) -> None:
    golden = read(path)

    outcome = OUTCOMES[path.parent.name](golden.content)

    assert outcome == golden.outcome, golden.shows


def test_the_golden_grant_gives_each_reader_its_key() -> None:
    record = parse(read(FOLDER / GRANT).content)

    street = open_grant(record, STREET, {2: reading_key(STREET)})
    district = open_grant(record, DISTRICT, {1: reading_key(DISTRICT)})
    escrow = open_grant(record, ESCROW, {0: ESCROW_KEY})
    assert street is not None
    assert street.key == CASE_SECRET
    assert district is not None
    assert (district.kind, district.key) == (FACTS_KEY, FACTS_SECRET)
    assert escrow == street


def test_the_formats_have_not_moved() -> None:
    made = golden_files(read(FOLDER / GRANT).content)

    assert {named(path) for path in FILES} == set(made)
    for path in FILES:
        assert to_text(made[named(path)]) == path.read_text(encoding="utf-8"), named(path)


def test_no_two_faults_are_the_same_bytes() -> None:
    contents = [read(path).content for path in FILES if read(path).content]

    assert len(set(contents)) == len(contents)


def test_a_golden_statement_can_be_read_without_a_registry() -> None:
    statement = parse_statement(read(FOLDER / "statement/good_device.hex").content)

    assert (statement.unit, statement.position, statement.kind) == (VILLAGE, 2, "device")
