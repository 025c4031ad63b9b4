import base64
import hashlib
import json
from dataclasses import replace

import pytest

from security.errors import FormatError
from security.grants import make_grant
from security.header import Header
from security.readers import Reader
from security.records import Record, seal_entry
from security.signing import ReadingKey, SigningKey
from sync.documents import document_of, record_of

CASE = bytes.fromhex("019ab3c4d5e670018000000000000001")
PATH = ("120000000000", "120103000000", "120103001000", "120103001001")
SIGNER = SigningKey.from_private(bytes(range(32)))


def sealed(path: tuple[str, ...] = PATH, kind: str = "entry") -> Record:
    """An entry of an outpost in Hexi, of any type that carries facts and a body."""
    header = Header(type=kind, case=CASE, path=path, device="120103001001-01", seq=1)
    return seal_entry(
        header, {"act": "note"}, {"text": "材料已收"}, b"k" * 32, SIGNER, b"s" * 16
    )


def test_a_record_comes_back_out_of_its_document() -> None:
    record = sealed()

    document = document_of(record, origin="120103001001")

    assert record_of(document) == record
    assert document.origin == "120103001001"


def test_a_document_is_named_by_its_record_and_routed_by_its_header() -> None:
    record = sealed()

    document = document_of(record, origin="")

    assert document.database == "cases"
    assert document.id == hashlib.sha256(record.raw).hexdigest()
    assert document.tags == (*(f"unit:{unit}" for unit in PATH), f"case:{CASE.hex()}")


def test_the_same_record_is_the_same_revision_everywhere() -> None:
    record = sealed()

    above, below = document_of(record, "120103001001"), document_of(record, "")

    assert above.rev == below.rev
    assert above.rev == "1-" + hashlib.md5(above.body, usedforsecurity=False).hexdigest()
    assert json.loads(above.body) == {"record": base64.b64encode(record.raw).decode()}


def test_a_type_that_is_not_known_travels_with_the_entries() -> None:
    assert document_of(sealed(kind="rating"), "").database == "cases"


def test_a_grant_goes_to_the_database_of_keys_with_the_tags_of_its_case() -> None:
    header = Header(type="grant", case=CASE, path=PATH, device="120103001001-01", seq=1)
    public = ReadingKey.from_private(bytes(range(32))).public
    grant = make_grant(header, b"k" * 32, [Reader(PATH[0], 0, public, "facts")], SIGNER)

    document = document_of(grant, "")

    assert document.database == "keys"
    assert document.tags == document_of(sealed(), "").tags
    assert record_of(document) == grant


def other_id(document_id: str) -> str:
    return ("0" if document_id[0] != "0" else "1") + document_id[1:]


def test_a_record_under_another_name_is_refused() -> None:
    document = document_of(sealed(), "")

    with pytest.raises(FormatError, match="holds the record"):
        record_of(replace(document, id=other_id(document.id)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"record": 1}',
        b'{"record": "%%%%"}',
        b'{"record": "\xe8\xae\xb0"}',
        b'{"record": ""}',
        b'{"record": "UFJEMQ=="}',
        b'{"a":' + b"[" * 100_000,
    ],
)
def test_a_body_without_a_record_is_refused(body: bytes) -> None:
    document = replace(document_of(sealed(), ""), body=body)

    with pytest.raises(FormatError):
        record_of(document)
