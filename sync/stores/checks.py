"""What a store accepts.

Every store asks here first, so that all of them refuse the same things in the same words.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sync.errors import StoreConflictError, StoreError
from sync.ports import Document, Scope

BODY_BYTES_MAX = 2 * 1024 * 1024
"""A record is at most 1 MiB and grows by a third as base64; CouchDB's own limit is 8 MB."""
DOCUMENTS_MAX = 10_000
"""Documents in one put: bounds the memory and the time of one transaction."""
JSON_DEPTH_MAX = 200
KEY_LENGTH_MAX = 512
TAG_LENGTH_MAX = 128
TAGS_MAX = 32
ORIGIN_LENGTH_MAX = 64
INTEGER_MAX = 2**63 - 1
"""SQLite's largest integer."""

_REVISION = re.compile(r"([1-9][0-9]{0,8})-([0-9a-f]{32})", re.ASCII)
_DATABASE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_RECORD_ID = re.compile(r"[0-9a-f]{64}")
_SHOWN_MAX = 80


class Revision(NamedTuple):
    """A revision as it is compared: CouchDB orders by generation, then by digest."""

    generation: int
    digest: bytes

    @property
    def text(self) -> str:
        """The revision as documents carry it."""
        return f"{self.generation}-{self.digest.hex()}"


def parse_revision(text: str) -> Revision:
    """The two halves of a revision.

    Only 32 lowercase hex digits are taken: for these alone CouchDB, which compares bytes, and
    PouchDB, which compares text, agree on the winner.

    Raises:
        StoreError: The text is no revision.
    """
    match = _REVISION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise StoreError(f"{_shown(text)} is no revision: <generation>-<32 lowercase hex>")
    return Revision(int(match[1]), bytes.fromhex(match[2]))


def check_put(
    documents: Sequence[Document],
    local: Mapping[str, bytes | None],
    expect: Mapping[str, bytes | None],
) -> list[Revision]:
    """The revisions of `documents`, once everything about the put was found acceptable.

    Raises:
        StoreError: Something is not; the line says what and why.
    """
    if len(documents) > DOCUMENTS_MAX:
        raise StoreError(f"{len(documents)} documents in one put, {DOCUMENTS_MAX} at most")
    for name, value in (*local.items(), *expect.items()):
        check_name(name, "local document key", KEY_LENGTH_MAX)
        if value is not None and not isinstance(value, bytes):
            raise StoreError(f"the local document {_shown(name)} is not bytes")
        if value is not None and len(value) > BODY_BYTES_MAX:
            raise StoreError(
                f"the local document {_shown(name)} exceeds {BODY_BYTES_MAX} bytes"
            )
    return [_check_document(document) for document in documents]


def check_expected(
    current: Mapping[str, bytes | None], expect: Mapping[str, bytes | None]
) -> None:
    """Nothing, if every expected local document is as expected.

    Raises:
        StoreConflictError: One differs; the line names its key.
    """
    for name, value in expect.items():
        if current.get(name) != value:
            raise StoreConflictError(f"the local document {_shown(name)} was changed meanwhile")


def check_page(since: int, limit: int, bytes_max: int | None) -> None:
    """Nothing, if the page can be asked for.

    Raises:
        StoreError: A number is negative or larger than 64 bits.
    """
    for name, number in (("since", since), ("limit", limit), ("bytes_max", bytes_max or 0)):
        if not 0 <= number < INTEGER_MAX:
            raise StoreError(f"{name} is {number}, not between 0 and 2**63")


def check_database(name: str) -> None:
    """Nothing, if a database may have this name.

    Raises:
        StoreError: It may not.
    """
    if not isinstance(name, str) or not _DATABASE.fullmatch(name):
        raise StoreError(
            f"{_shown(name)} is no database: 1 to 64 of a-z, 0-9 and _, a letter first"
        )


def check_name(text: str, what: str, length_max: int) -> None:
    """Nothing, if `text` can name something: not empty, not too long, plain Unicode.

    Raises:
        StoreError: It cannot; the line begins with `what`.
    """
    if not isinstance(text, str):
        raise StoreError(f"{what} {_shown(text)} is not text")
    if not 1 <= len(text) <= length_max:
        raise StoreError(f"{what} has {len(text)} characters, not 1 to {length_max}")
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in _beyond_ascii(text)):
        raise StoreError(f"{what} {_shown(text)} holds a character that no text may hold")


def check_feed(databases: Sequence[str], tag: Scope, skip_origin: str | None) -> None:
    """Nothing, if a feed can be narrowed to these.

    Raises:
        StoreError: One of them is no name.
    """
    for database in databases:
        check_database(database)
    scopes = tag if isinstance(tag, tuple) else (tag,) if tag is not None else ()
    for scope in scopes:
        check_name(scope, "tag", TAG_LENGTH_MAX)
    if skip_origin:
        check_name(skip_origin, "origin", ORIGIN_LENGTH_MAX)


def _check_document(document: Document) -> Revision:
    check_database(document.database)
    check_name(document.id, "document id", KEY_LENGTH_MAX)
    if document.id.startswith("_"):
        raise StoreError(f"document id {_shown(document.id)} starts with an underscore")
    revision = parse_revision(document.rev)
    _check_tags(document)
    if document.origin != "":
        check_name(document.origin, "origin", ORIGIN_LENGTH_MAX)
    _check_body(document)
    return revision


def _check_tags(document: Document) -> None:
    tags = document.tags
    if len(tags) > TAGS_MAX:
        raise StoreError(
            f"document {_shown(document.id)} has {len(tags)} tags, {TAGS_MAX} at most"
        )
    for tag in tags:
        check_name(tag, "tag", TAG_LENGTH_MAX)
    if len(frozenset(tags)) != len(tags):
        raise StoreError(f"document {_shown(document.id)} has a tag twice")


def _check_body(document: Document) -> None:
    name, body = _shown(document.id), document.body
    if not isinstance(body, bytes):
        raise StoreError(f"the body of document {name} is not bytes")
    if len(body) > BODY_BYTES_MAX:
        raise StoreError(
            f"the body of document {name} has {len(body)} bytes, {BODY_BYTES_MAX} at most"
        )
    try:
        value = read_json(body)
    except ValueError as error:
        raise StoreError(f"the body of document {name} is not JSON in UTF-8") from error
    if not isinstance(value, dict):
        raise StoreError(f"the body of document {name} is not a JSON object")
    reserved = next((key for key in value if key.startswith("_")), None)
    if reserved is not None:
        raise StoreError(f"document {name} has the key {_shown(reserved)}: _ is reserved")
    if nests_too_deep(body, value):
        raise StoreError(f"the body of document {name} nests deeper than {JSON_DEPTH_MAX}")


def read_json(text: bytes) -> object:
    """What JSON in UTF-8 says.

    Raises:
        ValueError: It is something else.
    """
    try:
        return _JSON.decode(text.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deep to be read") from error


def nests_too_deep(text: bytes, value: object) -> bool:
    """Whether `value`, read from `text`, nests deeper than `JSON_DEPTH_MAX`."""
    # Depth is at most the number of brackets: nearly every document is done with two counts.
    brackets = text.count(b"{") + text.count(b"[")
    return brackets > JSON_DEPTH_MAX and _depth(value) > JSON_DEPTH_MAX


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return depth


def _beyond_ascii(text: str) -> str:
    return "" if text.isascii() else text


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


# JSON has no NaN and no Infinity, though Python reads them.
_JSON = json.JSONDecoder(parse_constant=_refuse_constant)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 3] + "..."


def is_record_id(document_id: str) -> bool:
    """Whether an id can be that of a record: the SHA-256 of its bytes."""
    return _RECORD_ID.fullmatch(document_id) is not None
