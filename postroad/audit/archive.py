"""`postroad archive`: the package of a finished case, made, taken in, and counted.

A package is one ZIP file: metadata, form and story in JSON, every sealed record with its proof,
the checkpoint, and a manifest with the SHA-256 of each part (GB/T 42727 asks for verification
data). It is checked on the way in as an auditor's export is, against the root key alone.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from casebook.casefile import CaseFiles
from casebook.views import merged_fields
from cases.fold import CaseState, fold
from cases.states import ARCHIVED, DELIVERED, ENDS
from postroad.audit.cases import find_case, story_of
from postroad.audit.court.verify import failures
from postroad.audit.export import MANIFEST, write_export
from postroad.audit.places import Opened, open_place
from postroad.errors import AuditError, VerdictError
from postroad.registries import root_key_of
from web.opening import case_states
from web.terminal import Commands

FOLDER = "archive"
SUFFIX = ".zip"
PACKAGE_BYTES_MAX = 256 << 20
PARTS_MAX = 20_000
PARTS = ("metadata.json", "form.json", "story.jsonl", "registry.prl", MANIFEST)
"""What every package holds, beside records, proofs, policy and log."""

FORMATS = {".json": "JSON (RFC 8259)", ".record": "Postroad record", ".tlog-proof": "C2SP"}


def add_commands(commands: Commands) -> None:
    """Add `archive` to the subjects."""
    subject = commands.add_parser("archive", help="archive.help", description="archive.help")
    verbs: Commands = subject.add_subparsers(dest="verb")
    make = verbs.add_parser("make", help="archive.make.help", description="archive.make.help")
    make.add_argument("number", metavar="NUMBER", help="audit.number.help")
    make.add_argument("--config", required=True, type=Path, help="audit.config.help")
    make.set_defaults(run=make_package)
    check = verbs.add_parser(
        "check", help="archive.check.help", description="archive.check.help"
    )
    check.add_argument("file", metavar="FILE", type=Path, help="archive.file.help")
    check.add_argument("--root-key", metavar="HEX", required=True, help="registry.key.help")
    check.set_defaults(run=check_package)
    rates = verbs.add_parser(
        "rates", help="archive.rates.help", description="archive.rates.help"
    )
    rates.add_argument("--config", required=True, type=Path, help="audit.config.help")
    rates.set_defaults(run=tell_rates)


def make_package(arguments: argparse.Namespace) -> None:
    """Write the package of a finished case into the installation's archive.

    Raises:
        AuditError: The case is not finished, not readable, or this node keeps no log.
        StoreError, LogError, OSError: Something cannot be read or written.
    """
    with open_place(arguments.config) as place:
        case = find_case(place, arguments.number)
        path = package(place, case)
    arguments.terminal.say("archive.made", file=str(path), bytes=path.stat().st_size)


def package(place: Opened, case: bytes) -> Path:
    """Give the path of the package of a case, made anew.

    Raises:
        AuditError: As `make_package`.
    """
    unit = place.settings.unit
    file = CaseFiles(place.store, place.registry, unit, place.reading).open(case)
    state = fold(file.entries)
    if state.state not in {DELIVERED, ARCHIVED, *ENDS}:
        raise AuditError("archive.not_ended", number=state.case_no or case.hex())
    if file.readable != "case" or place.log is None or place.log.head().signed is None:
        raise AuditError("archive.not_here", number=state.case_no)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_json(folder / "metadata.json", _metadata(state, place))
        _write_json(folder / "form.json", merged_fields(state, file.bodies()))
        story = [asdict(line) for line in story_of(place, case)]
        _write_json(folder / "history.json", story)
        write_export(place, place.log, folder, case)
        raw = _zipped(folder)
    path = place.settings.data / FOLDER / f"{state.case_no}{SUFFIX}"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(raw)
    return path


def check_package(arguments: argparse.Namespace) -> None:
    """Check a package on the way in: parts, digests, signatures, proofs.

    Raises:
        VerdictError: A part is missing, or something does not hold; it names the first.
        UsageError, OSError: The root key is none, or the file cannot be read.
    """
    faults = package_faults(arguments.file, root_key_of(arguments.root_key))
    if faults:
        raise VerdictError("archive.bad", file=str(arguments.file), first=faults[0])
    arguments.terminal.say("archive.good", file=str(arguments.file))


def package_faults(path: Path, root_key: bytes) -> list[str]:
    """What is wrong with a package from outside; nothing if it is qualified.

    Raises:
        OSError: The file cannot be read.
    """
    if path.stat().st_size > PACKAGE_BYTES_MAX:
        return ["larger than any package"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            _unzip(path, folder)
        except (zipfile.BadZipFile, ValueError, RuntimeError) as error:
            return [str(error)]
        missing = [f"{part} is missing" for part in PARTS if not (folder / part).is_file()]
        return missing or failures(folder, root_key)


def tell_rates(arguments: argparse.Namespace) -> None:
    """Say how many finished cases are filed, complete and qualified.

    Raises:
        OSError, StoreError: Something cannot be read.
    """
    with open_place(arguments.config) as place:
        found = archive_rates(place)
    arguments.terminal.say("archive.rates", **found)


def archive_rates(place: Opened) -> dict[str, int]:
    """Finished cases of an installation, and of them: filed, complete, qualified packages."""
    ended = [
        number
        for number, state in case_states(place.settings)
        if state in {DELIVERED, ARCHIVED, *ENDS}
    ]
    counts: Counter[str] = Counter(ended=len(ended), filed=0, complete=0, qualified=0)
    for number in ended:
        path = place.settings.data / FOLDER / f"{number}{SUFFIX}"
        if not path.is_file():
            continue
        faults = package_faults(path, place.settings.root_key)
        counts["filed"] += 1
        counts["complete"] += not any(fault.endswith("is missing") for fault in faults)
        counts["qualified"] += not faults
    return dict(counts)


def _metadata(state: CaseState, place: Opened) -> dict[str, object]:
    return {
        "case_no": state.case_no,
        "item": state.item,
        "item_version": state.item_version,
        "state": state.state,
        "outcome": state.outcome,
        "received_at": state.received_at,
        "decided_at": state.decided_at,
        "unit": place.settings.unit,
        "device": place.settings.device,
        "formats": FORMATS,
    }


def _write_json(path: Path, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    path.write_text(text + "\n", encoding="utf-8")


def _zipped(folder: Path) -> bytes:
    """The folder as a ZIP file, the same for the same content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(folder):
            name = path.relative_to(folder).as_posix()
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _unzip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if len(parts) > PARTS_MAX or sum(one.file_size for one in parts) > PACKAGE_BYTES_MAX:
            raise ValueError("more parts or bytes than a package has")
        for part in parts:
            target = (folder / part.filename).resolve()
            if not target.is_relative_to(folder.resolve()) or part.is_dir():
                raise ValueError(f"{part.filename!r} does not belong into a package")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(part))


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
