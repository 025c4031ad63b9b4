"""What changed in an installation since its last start, for the journal."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from casebook.journal import Journal
from sync.errors import StoreError
from sync.ports import Store
from web.context import installed_version
from web.settings import Settings

SEEN_KEY = "journal/configuration"
"""Local document: the digest of each file at the last start."""

_DIGITS = 16


def note_start(settings: Settings, store: Store, journal: Journal) -> None:
    """Note that the program starts, and each file of its configuration that changed.

    Raises:
        StoreError: It could not be noted.
    """
    now = {name: _digest(path) for name, path in _files(settings).items()}
    before = _seen(store)
    journal.note(
        "start", clerk="", object=settings.device, facts={"version": installed_version()}
    )
    for name, digest in now.items():
        if before.get(name) != digest:
            journal.note("config", clerk="", object=name, facts={"digest": digest})
    if now != before:
        store.put([], {SEEN_KEY: json.dumps(now, sort_keys=True).encode()})


def _files(settings: Settings) -> Mapping[str, Path]:
    return {
        "registry": settings.registry,
        "accounts": settings.accounts,
        "catalogue": settings.catalogue,
        "calendar": settings.calendar,
        "divisions": settings.divisions,
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]


def _seen(store: Store) -> dict[str, str]:
    value = store.local(SEEN_KEY)
    if value is None:
        return {}
    try:
        seen = json.loads(value)
    except ValueError as error:
        raise StoreError("the local document of the configuration is damaged") from error
    return seen if isinstance(seen, dict) else {}
