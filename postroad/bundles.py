"""`postroad bundle`: sync by a stick that somebody carries."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from casebook.journal import OBJECT_LENGTH_MAX
from postroad.errors import BundleError
from postroad.offline import OfflineDesk, OpenStore
from security.bundles import BUNDLE_BYTES_MAX, UP
from sync.answering import DownstreamDriver
from sync.courier import Courier, Identity, Imported
from sync.ingest import Gate
from sync.ports import Store
from sync.wallclock import WallClock, random_bytes
from web.settings import SQLITE, Settings, load_settings
from web.storing import open_reading, open_store
from web.terminal import Commands, Terminal

SUFFIX = ".prb"


def _open_for_export(settings: Settings) -> Store:
    # A store file may be read beside its program; the index of a cluster has one user.
    if settings.store_kind == SQLITE:
        return open_reading(settings)
    return open_store(settings)


def add_commands(commands: Commands) -> None:
    """Add `bundle` to the subjects, with the words `export` and `import`."""
    subject = commands.add_parser("bundle", help="bundle.help", description="bundle.help")
    verbs: Commands = subject.add_subparsers(dest="verb")
    export = verbs.add_parser(
        "export", help="bundle.export.help", description="bundle.export.help"
    )
    export.add_argument("--config", required=True, type=Path, help="bundle.config.help")
    export.add_argument("--out", required=True, type=Path, help="bundle.out.help")
    export.set_defaults(run=export_bundles)
    take = verbs.add_parser(
        "import", help="bundle.import.help", description="bundle.import.help"
    )
    take.add_argument("--config", required=True, type=Path, help="bundle.config.help")
    take.add_argument("--out", type=Path, help="bundle.answers.help")
    take.add_argument("files", nargs="+", type=Path, help="bundle.files.help")
    take.set_defaults(run=import_bundles)


def export_bundles(arguments: argparse.Namespace) -> None:
    """Write what the unit above has not confirmed; the program may be running."""
    settings = load_settings(arguments.config)
    if settings.upstream is None:
        raise BundleError("bundle.no_parent", unit=settings.unit)
    with _Desk(settings, _open_for_export) as desk:
        written = _write_all(
            arguments.out, desk.station.unit, desk.courier.export(settings.upstream.unit)
        )
    _tell_written(arguments.terminal, written, arguments.out)


def import_bundles(arguments: argparse.Namespace) -> None:
    """Store what bundles hold, in their order; the program must not be running."""
    settings = load_settings(arguments.config)
    with _Desk(settings, open_store) as desk:
        for path in sorted(arguments.files):
            imported, answers = desk.take(_read(path))
            arguments.terminal.say(
                "bundle.repeated" if imported.repeated else "bundle.imported",
                file=str(path),
                sender=imported.sender,
                records=imported.records,
                quarantined=imported.quarantined,
            )
            desk.note(imported, path)
            if answers:
                out = arguments.out or path.parent
                written = _write_all(out, f"{desk.station.unit}-{imported.sender}", answers)
                _tell_written(arguments.terminal, written, out)


class _Desk(OfflineDesk):
    """An installation without its pages, at the counter of the courier."""

    def __init__(self, settings: Settings, open_store: OpenStore) -> None:
        super().__init__(settings, open_store)
        identity = Identity(
            unit=settings.unit,
            device=settings.device,
            registry=self.registry,
            signer=self.keys.signing,
            reading=self.reading,
        )
        self.courier = Courier(identity, self.store, WallClock(), random_bytes)

    def note(self, imported: Imported, path: Path) -> None:
        """Note in the journal of this device what was carried in."""
        facts = {"sender": imported.sender, "records": imported.records, "kind": imported.kind}
        name = path.name[:OBJECT_LENGTH_MAX]
        self.journal().note("bundle", clerk="", object=name, facts=facts)

    def take(self, raw: bytes) -> tuple[Imported, list[bytes]]:
        """Import one bundle of either direction."""
        bundle = self.courier.open(raw)
        gate = Gate(self.registry, self.store, self.station.unit, authority=self.authority)
        if bundle.head.kind == UP:
            driver = DownstreamDriver(
                unit=self.station.unit,
                store=self.store,
                gate=gate,
                registry=self.registry,
                clock=WallClock(),
            )
            return self.courier.answer(bundle, driver)
        if self.settings.upstream is None:
            raise BundleError("bundle.no_parent", unit=self.settings.unit)
        return self.courier.take(bundle, gate, self.settings.upstream.unit), []


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        raw = file.read(BUNDLE_BYTES_MAX + 1)
    if len(raw) > BUNDLE_BYTES_MAX:
        raise BundleError("bundle.too_large", file=str(path))
    return raw


def _write_all(folder: Path, stem: str, bundles: Iterable[bytes]) -> list[Path]:
    """Write bundles beside what is there; none is overwritten, none is left half-written."""
    folder.mkdir(parents=True, exist_ok=True)
    now_ms = WallClock().now_ms()
    written = []
    for number, raw in enumerate(bundles, 1):
        path = folder / f"{stem}-{now_ms}-{number:04d}{SUFFIX}"
        partial = path.with_suffix(".part")
        with partial.open("xb") as file:
            file.write(raw)
        partial.rename(path)
        written.append(path)
    return written


def _tell_written(terminal: Terminal, written: list[Path], folder: Path) -> None:
    size = sum(path.stat().st_size for path in written)
    terminal.say("bundle.written", count=len(written), folder=str(folder), bytes=size)
