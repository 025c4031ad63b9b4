"""What an audit looks at: installations by their settings, and folders of logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from postroad.errors import AuditError
from postroad.registries import open_registry
from security.keystore import NodeKeys
from security.registry import Registry
from security.signing import ReadingKey
from sync.authority import Authority, replay
from sync.log.auditing import Source
from sync.log.folder import LogFolder
from sync.stores.sqlite import SqliteStore
from web.opening import load_registry
from web.settings import Settings, load_settings
from web.storing import open_reading

LOG_FOLDER = "log"


@dataclass(frozen=True, slots=True)
class Opened:
    """One installation as an auditor reads it, while its program runs or not."""

    settings: Settings
    registry: Registry
    store: SqliteStore
    log: LogFolder | None
    reading: Mapping[int, ReadingKey] = field(repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def source(self) -> Source:
        """The installation as something to verify."""
        return Source(self.settings.device, self.settings.unit, store=self.store, log=self.log)


def open_place(config: Path) -> Opened:
    """Open an installation for reading.

    Raises:
        SettingsError, KeyFileError, TrustError, StoreError: A part of it cannot be read.
    """
    settings = load_settings(config)
    registry = load_registry(settings)
    keys = NodeKeys.load(settings.keys)
    store = open_reading(settings)
    replay(Authority(registry), store)
    folder = settings.data / LOG_FOLDER
    log = LogFolder(folder) if is_log(folder) else None
    return Opened(settings, registry, store, log, keys.unit_reading)


def is_log(path: Path) -> bool:
    """Tell whether a folder holds a log, or a copy of one."""
    return (path / "head").exists() or (path / "checkpoint").exists()


def sources_of(places: list[Path], opened: list[Opened]) -> list[Source]:
    """What to verify: installations by `config.toml`, folders of logs by themselves.

    Every installation that was opened is added to `opened`, for the caller to close.

    Raises:
        AuditError: A place is neither.
        SettingsError, KeyFileError, TrustError, StoreError: As `open_place`.
    """
    sources: list[Source] = []
    for place in places:
        config = place / "config.toml" if place.is_dir() else place
        if place.is_dir() and is_log(place):
            sources.append(Source(str(place), log=LogFolder(place)))
        elif config.exists():
            opened.append(open_place(config))
            sources.append(opened[-1].source())
        else:
            raise AuditError("audit.no_place", place=str(place))
    return sources


def registry_for(opened: list[Opened], file: Path | None, root_key: str | None) -> Registry:
    """The registry to judge by: the named file, else that of the first installation.

    Raises:
        AuditError: There is neither.
        FormatError, SignatureError, TrustError, OSError: As `open_registry`.
    """
    if file is not None and root_key is not None:
        return open_registry(file, root_key)
    if not opened:
        raise AuditError("audit.no_registry")
    # Of several, the one that has heard the most is the one to judge by.
    return max((each.registry for each in opened), key=lambda each: len(each.statements()))
