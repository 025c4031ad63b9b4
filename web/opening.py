"""What both programs open at start, in order, before the first page is served."""

import logging
import os
import secrets
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from casebook.book import Casebook, Office
from casebook.desk import World
from casebook.epochs import ReadingKeys
from casebook.errors import CasebookError
from casebook.index import CaseIndex
from casebook.people import Station, station_of
from casebook.published import PublishedSets
from casebook.registrar import Pens, Registrar
from cases.catalogue import load_catalogue
from cases.divisions import Tree, load_divisions
from cases.limits import load_calendar
from security.errors import KeyFileError, SecurityError
from security.keystore import NodeKeys, write_unit_reading_key
from security.registry import Registry
from security.signing import ReadingKey
from security.statements import decode_log
from sync.allowance import Allowance
from sync.authority import Authority, replay
from sync.errors import SyncError
from sync.holdings import Holdings
from sync.ingest import Gate, reconsider
from sync.ports import Store
from sync.stores.couch import CouchStore
from sync.stores.sqlite import SqliteStore
from sync.wallclock import WallClock, random_bytes
from web.accounts import Accounts, load_accounts
from web.errors import SettingsError
from web.mark import FILE as MARK_FILE
from web.mark import StoreMark
from web.settings import Settings
from web.storing import open_store
from web.unlocking import BY_HAND, READ_MODEL, Unlocking, unlock

_log = logging.getLogger(__name__)

PRIVATE_UMASK = 0o077
"""Whatever an installation writes, other users of the machine cannot read."""

COOKIE_KEY_FILE = "cookie-key"
_SECRET_BYTES = 32
TEXT_BYTES_MAX = 64 * 1024 * 1024
"""The division table of the whole country has 38 MB."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One opened installation: its place, its keys, its store and its published sets."""

    settings: Settings
    station: Station
    authority: Authority
    registrar: Registrar
    keys: NodeKeys
    reading: ReadingKeys
    published: PublishedSets
    store: Store
    casebook: Casebook
    accounts: Accounts
    divisions: Tree
    cookie_key: bytes = field(repr=False)
    mark: StoreMark
    holdings: Holdings

    @property
    def is_sealed(self) -> bool:
        """Whether the store file shows nothing to who has it without its key."""
        return isinstance(self.store, SqliteStore) and self.store.is_sealed

    @property
    def registry(self) -> Registry:
        """The registry as far as it has come; it grows while the program runs."""
        return self.authority.registry

    def gate(self, allowance: Allowance | None = None) -> Gate:
        """A judge of what neighbours send; an allowance bounds journals from below."""
        return Gate(
            self.registry,
            self.store,
            self.station.unit,
            authority=self.authority,
            allowance=allowance,
        )

    def close(self) -> None:
        """Close the read model and then the store; whoever used them has been stopped."""
        self.casebook.close()
        self.store.close()


def open_installation(settings: Settings, how: Unlocking = BY_HAND) -> Installation:
    """Open keys, registry, store, read model and published sets of one installation.

    Args:
        settings: they name all of it.
        how: where the passphrase of a sealed store comes from.

    Raises:
        SettingsError, KeyFileError, TrustError, CatalogueError, DivisionError, StoreError,
        AccountsError, StationError: One file is missing, damaged or not this node's; each names
            it in one line, and nothing is changed.
    """
    os.umask(PRIVATE_UMASK)
    keys = NodeKeys.load(settings.keys)
    registry = load_registry(settings)
    station = station_of(registry, settings.unit, settings.device)
    catalogue = load_catalogue(_text(settings.catalogue))
    calendar = load_calendar(_text(settings.calendar))
    divisions = load_divisions(_text(settings.divisions), settings.divisions.name)
    accounts = load_accounts(settings.accounts)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = unlock(settings, how)
    store = open_store(settings, key)
    try:
        authority, station, reading = _checked(settings, store, registry, keys)
    except (SecurityError, CasebookError, SyncError):
        store.close()  # so that nothing of having looked stays beside the file
        raise
    _reconsider(Gate(registry, store, station.unit, authority=authority), store)
    casebook = Casebook(
        Office(station, registry, catalogue, calendar, keys.signing, reading),
        store,
        World(WallClock(), random_bytes),
        CaseIndex(settings.read_model, key.of(READ_MODEL) if key else None),
    )
    mark = _mark(settings, store, casebook)
    return Installation(
        settings=settings,
        station=station,
        authority=authority,
        registrar=Registrar(
            station,
            authority,
            casebook.feed,
            store,
            Pens(keys.signing, keys.unit_signing),
            random_bytes,
        ),
        keys=keys,
        reading=reading,
        published=PublishedSets(registry, store, station.unit, WallClock().now_ms),
        store=store,
        casebook=casebook,
        accounts=accounts,
        divisions=divisions,
        cookie_key=_cookie_key(settings.data / COOKIE_KEY_FILE),
        mark=mark,
        holdings=Holdings(settings.device, keys.signing, registry, store, WallClock()),
    )


def _mark(settings: Settings, store: SqliteStore | CouchStore, casebook: Casebook) -> StoreMark:
    """Look whether the store was lost or set back; then nothing is written for now."""
    mark = StoreMark(settings.keys.parent / MARK_FILE)
    if mark.is_behind(store):
        _log.warning("the store was lost or set back; it has a new incarnation now")
        store.renew_incarnation()
        if settings.upstream is not None:
            casebook.hold()
        else:
            mark.set(store)
    return mark


def reading_keys(settings: Settings, keys: NodeKeys) -> ReadingKeys:
    """Return the reading keys of the unit; new ones are written beside the old ones."""

    def keep(epoch: int, key: ReadingKey) -> None:
        write_unit_reading_key(settings.keys, epoch, key)

    return ReadingKeys(keys.unit_reading, keys.reading, keep)


def _checked(
    settings: Settings, store: Store, registry: Registry, keys: NodeKeys
) -> tuple[Authority, Station, ReadingKeys]:
    """Learn what the store holds of the registry, and see that the keys fit it."""
    authority = Authority(registry)
    replay(authority, store)
    station = station_of(registry, settings.unit, settings.device)
    reading = reading_keys(settings, keys)
    reading.adopt(registry, station)
    _check_keys(settings, registry, keys, reading)
    return authority, station, reading


def _check_keys(
    settings: Settings, registry: Registry, keys: NodeKeys, unit_reading: ReadingKeys
) -> None:
    """Refuse keys that the registry does not name: nobody could verify or read what they write.

    Raises:
        KeyFileError: A key is missing or of another device or unit.
    """
    device, unit = registry.device(settings.device), registry.unit(settings.unit)
    reading = unit_reading.get(unit.epoch)
    fits = {
        "device-signing.pem": keys.signing.public == device.signing,
        "device-reading.pem": keys.reading.public == device.reading,
    }
    if reading is not None:
        fits[f"unit-reading-{unit.epoch}.pem"] = reading.public == unit.reading
    elif registry.epoch(settings.unit, unit.epoch) is None:
        raise KeyFileError(f"{settings.keys}: the reading key of epoch {unit.epoch} is missing")
    else:
        # The unit above gave the unit a new key and left this device out: it was revoked, or
        # had no place. What it can read it goes on reading, and what it wrote stays.
        _log.error("no reading key for this device", extra={"epoch": unit.epoch})
    for name, is_named in fits.items():
        if not is_named:
            raise KeyFileError(f"{settings.keys / name}: not the key that the registry names")


def _reconsider(gate: Gate, store: Store) -> None:
    """Judge again what was set aside: the registry may have learnt of its author meanwhile."""
    since, more = 0, True
    while more:
        judged = reconsider(gate, store, since=since)
        since, more = judged.last_seq, judged.more


def load_registry(settings: Settings) -> Registry:
    """Return the registry that this node began with, verified from the city root down.

    What came later lies in the store, see `sync.authority.replay`.

    Raises:
        SettingsError: The file cannot be read.
        TrustError, SignatureError, FormatError: A statement is not what it claims.
    """
    registry = Registry(settings.root_key)
    registry.apply_all(decode_log(_bytes(settings.registry)))
    return registry


def case_numbers(settings: Settings) -> list[str]:
    """Return the numbers of all cases in the read model of an installation, [] without one."""
    return [number for number, _ in case_states(settings)]


def case_states(settings: Settings) -> list[tuple[str, str]]:
    """Return number and state of all cases in the read model of an installation."""
    path = settings.read_model
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return []
    try:
        rows = connection.execute("SELECT case_no, state FROM cases").fetchall()
    except sqlite3.Error:
        return []
    finally:
        connection.close()
    return [(str(number), str(state)) for number, state in rows]


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode()
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text") from error


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(TEXT_BYTES_MAX + 1)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    if len(raw) > TEXT_BYTES_MAX:
        raise SettingsError(f"{path}: larger than {TEXT_BYTES_MAX} bytes")
    return raw


def _cookie_key(path: Path) -> bytes:
    """Return the key that signs this node's session cookies, made at the first start."""
    if not path.exists() or path.stat().st_size != _SECRET_BYTES:
        # Written beside and renamed: a power cut leaves the old key or the new one.
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
    return _bytes(path)
