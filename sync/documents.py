"""Records as documents and back: the shape in which sealed records rest and replicate.

A document says about its record only what a store needs to route it (path and case, both in the
record's clear header), so whoever holds a store learns nothing that the record itself hides.
"""

import base64
import binascii
import hashlib
import json

from security.errors import FormatError
from security.header import JOURNAL, PUBLISH, STATEMENT
from security.publications import part_of
from security.records import AUDIT as AUDIT_TYPE
from security.records import GRANT, Record, parse
from sync.ports import Document

CASES = "cases"
KEYS = "keys"
AUDIT = "audit"
REGISTRY = "registry"

_DATABASES = {GRANT: KEYS, AUDIT_TYPE: AUDIT, STATEMENT: REGISTRY, PUBLISH: REGISTRY}


def document_of(record: Record, origin: str) -> Document:
    """The document that carries `record`, tagged for every unit of its path and for its case.

    Grants go to a database of their own, so that long backups can leave keys out. So do the
    journals of devices, which are no cases: they and their grants are tagged `journal:`
    instead. What makes up the registry flows down to all below the unit that it concerns.
    Types that this version does not know travel with the entries: they are folded after an
    upgrade.

    Args:
        record: A parsed record; its signature is not looked at here.
        origin: Unit code of the neighbour it came from; empty when it was written here.
    """
    body = json.dumps(
        {"record": base64.b64encode(record.raw).decode("ascii")}, separators=(",", ":")
    ).encode("ascii")
    database = _DATABASES.get(record.header.type, CASES)
    path = record.header.path
    units = dict.fromkeys(unit_tag(unit) for unit in path)
    return Document(
        database=database,
        id=record.id,
        rev=first_revision(body),
        body=body,
        tags=(*units, subject_of(record), *_set_tags(record)),
        origin=origin,
    )


def unit_tag(unit: str) -> str:
    """The scope of what a unit holds: all that lies on its path or below it."""
    return f"unit:{unit}"


def set_tag(content_hash: bytes) -> str:
    """The tag of all parts of one published set."""
    return f"set:{content_hash.hex()}"


def below_tag(unit: str) -> str:
    """The scope of what flows down from a unit to everybody below."""
    return f"below:{unit}"


def subject_of(record: Record) -> str:
    """The tag that says what a record is about: a case, a journal, or the units below one."""
    database = _DATABASES.get(record.header.type, CASES)
    if database == REGISTRY:
        return below_tag(record.header.path[-1])
    is_journal = database == AUDIT or record.header.audience == JOURNAL
    subject = "journal" if is_journal else "case"
    return f"{subject}:{record.header.case.hex()}"


def _set_tags(record: Record) -> tuple[str, ...]:
    if record.header.type != PUBLISH:
        return ()
    try:
        return (set_tag(part_of(record).hash),)
    except FormatError:
        return ()  # the gate sets it aside


def first_revision(body: bytes) -> str:
    """The revision of a document written once: the same body has the same revision anywhere.

    MD5 is CouchDB's shape of a revision and guards nothing; records are named by SHA-256.
    """
    return "1-" + hashlib.md5(body, usedforsecurity=False).hexdigest()


def record_of(document: Document) -> Record:
    """The record inside a document that `document_of` made, here or at a peer.

    Raises:
        FormatError: The body does not hold a record, or it holds another than the id names.
    """
    record = parse(_raw(document))
    if record.id != document.id:
        raise FormatError(f"document {document.id!r} holds the record {record.id}")
    return record


def _raw(document: Document) -> bytes:
    try:
        body = json.loads(document.body.decode("utf-8"))
        text = body["record"] if isinstance(body, dict) else None
        if not isinstance(text, str):
            raise FormatError(f"document {document.id!r} holds no record")
        return base64.b64decode(text, validate=True)
    except (ValueError, KeyError, RecursionError, binascii.Error) as error:
        raise FormatError(f"document {document.id!r} holds no record") from error
