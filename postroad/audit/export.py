"""`postroad audit export`: a folder that a court's expert can check without this product."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from importlib import resources
from pathlib import Path

from postroad.audit.cases import find_case, story_of
from postroad.audit.places import Opened, open_place
from postroad.errors import AuditError
from security.statements import encode_log
from security.tlog_policy import format_policy
from security.tlog_proof import LogProof, format_proof
from security.tlog_tiles import WIDTH, tile_path, tiles_of
from security.tlog_trust import policy_of
from sync.documents import AUDIT, CASES, KEYS, record_of
from sync.errors import LogError
from sync.log.folder import Head, LogFolder
from sync.log.hublog import prove

MANIFEST = "MANIFEST.sha256"

_HASH_BYTES = 32
_REMARKS = (
    "A checkpoint of this log is final once the quorum below has cosigned it.",
    "Signed by the log alone it is provisional: the word of one party.",
)


def export_folder(arguments: argparse.Namespace) -> None:
    """Write log, policy, registry, verifiers, and the records and proofs of a case.

    Raises:
        AuditError: The folder is not empty, this node keeps no log, or the case is not here.
        StoreError, LogError, OSError: Something cannot be read or written.
    """
    out: Path = arguments.out
    if out.exists() and any(out.iterdir()):
        raise AuditError("audit.not_empty", folder=str(out))
    with open_place(arguments.config) as place:
        if place.log is None or place.log.head().signed is None:
            raise AuditError("audit.no_log", place=str(arguments.config))
        case = find_case(place, arguments.case) if arguments.case else None
        out.mkdir(parents=True, exist_ok=True)
        records = write_export(place, place.log, out, case)
    count = len((out / MANIFEST).read_text(encoding="utf-8").splitlines())
    arguments.terminal.say("audit.exported", folder=str(out), files=count, records=records)


def write_export(place: Opened, log: LogFolder, out: Path, case: bytes | None) -> int:
    """Write everything and the manifest last; returns how many records were exported."""
    head = log.head()
    assert head.signed is not None
    device = place.settings.device
    _write(out / "root-key.txt", place.settings.root_key.hex().encode() + b"\n")
    _write(out / "registry.prl", encode_log(place.registry.statements()))
    policy = format_policy(policy_of(place.registry, place.settings.unit), _REMARKS)
    _write(out / "policy" / f"{device}.txt", policy.encode())
    _copy_log(log, head, out / "logs" / device)
    for name in ("verify.py", "verify.go", "README.txt"):
        _write(out / name, resources.files("postroad.audit.court").joinpath(name).read_bytes())
    written = _write_case(place, log, out, case) if case else 0
    lines = [
        f"{hashlib.sha256((out / name).read_bytes()).hexdigest()}  {name}\n"
        for name in _names(out)
    ]
    _write(out / MANIFEST, "".join(lines).encode())
    return written


def _write_case(place: Opened, log: LogFolder, out: Path, case: bytes) -> int:
    head = log.head()
    assert head.signed is not None
    story = story_of(place, case)
    rows = [json.dumps(asdict(line), ensure_ascii=False, default=str) for line in story]
    _write(out / "story.jsonl", "".join(f"{row}\n" for row in rows).encode())
    count = 0
    for line in story:
        raw = _raw(place, line.record)
        _write(out / "records" / f"{line.record}.record", raw)
        proven = prove(log, head.signed, bytes.fromhex(line.record))
        if proven is not None:
            entry, proof = proven
            carried = LogProof(proof.index, proof.hashes, proof.signed, entry)
            name = f"{line.record}.{place.settings.device}.tlog-proof"
            _write(out / "proofs" / name, format_proof(carried))
        count += 1
    return count


def _raw(place: Opened, record: str) -> bytes:
    for database in (CASES, KEYS, AUDIT):
        document = place.store.get(database, record)
        if document is not None:
            return record_of(document).raw
    raise LogError(f"record {record} is not in the store any more")


def _copy_log(log: LogFolder, head: Head, out: Path) -> None:
    assert head.signed is not None
    for level, last, width in tiles_of(head.size):
        for index in range(last + 1):
            wide = width if index == last else WIDTH
            hashes = log.tile(level, index)[: wide * _HASH_BYTES]
            _write(out / tile_path(level, index, wide), hashes)
    _write(out / "checkpoint", head.signed.note)
    entries = log.folder / "entries"
    if entries.exists():
        shutil.copyfile(entries, out / "entries")


def _names(out: Path) -> Iterator[str]:
    for path in sorted(out.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            yield path.relative_to(out).as_posix()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
