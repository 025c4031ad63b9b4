"""The configuration of one installation, read from `config.toml`, the same for outpost and hub.

Unknown keys are refused: a misspelt key that is quietly ignored is found only when it matters.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from web.cluster_settings import Cluster, cluster
from web.errors import SettingsError
from web.link_settings import (
    Address,
    Entry,
    Upstream,
    entry,
    is_number,
    listening,
    upstream,
)
from web.tables import Table

__all__ = [
    "Address",
    "Cluster",
    "PasswordCost",
    "Settings",
    "Upstream",
    "load_settings",
    "parse_settings",
]

BYTES_MAX = 64 * 1024
"""Size of a configuration file; one that we write has less than 1 KiB."""

MEMORY_KIB_MIN = 19 * 1024
"""Floor of Argon2id on weak machines (OWASP: 19 MiB with 2 passes)."""
MEMORY_KIB_MAX = 1024 * 1024
PASSES_MIN = 2
PASSES_MAX = 16


SQLITE = "sqlite"
COUCHDB = "couchdb"

ANY, SQLCIPHER = "any", "sqlcipher"
IDLE_MINUTES = 5
"""A window stands in a public room: a screen left alone locks after five minutes."""
IDLE_MINUTES_MAX = 60


@dataclass(frozen=True, slots=True)
class PasswordCost:
    """What one guess at a password costs: Argon2id memory and passes.

    The default takes about 0.1 s on an office PC. A PC with little memory may go down to
    `MEMORY_KIB_MIN` and `PASSES_MIN` in its configuration.
    """

    memory_kib: int = 64 * 1024
    passes: int = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an installation is told by its configuration file; paths are absolute."""

    unit: str
    device: str
    root_key: bytes
    data: Path
    keys: Path
    registry: Path
    accounts: Path
    catalogue: Path
    calendar: Path
    divisions: Path
    pages: Address
    upstream: Upstream | None
    gateway: Address | None
    entry: Entry
    password_cost: PasswordCost
    store_kind: str = SQLITE
    cluster: Cluster | None = None
    at_rest: str = ANY
    idle_minutes: int = IDLE_MINUTES

    @property
    def index(self) -> Path:
        """The index beside a cluster, which can be dropped and rebuilt."""
        return self.data / "couchdb-index.sqlite"

    @property
    def store(self) -> Path:
        """The file of the store, the one thing that must be backed up with the keys."""
        return self.data / "store.sqlite"

    @property
    def key_slots(self) -> Path:
        """The key slots of a sealed store; absent beside a plain one."""
        return self.keys.parent / "key-slots"

    @property
    def read_model(self) -> Path:
        """The file of the read model, which can be dropped and rebuilt."""
        return self.data / "readmodel.sqlite"


def load_settings(path: Path) -> Settings:
    """The settings in a file; relative paths in it are taken from the folder of the file.

    Raises:
        SettingsError: The file cannot be read, or a key is missing, unknown or out of range;
            the message names file and key.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise SettingsError(
            f"{path}: {error.strerror}", hint="Check the path given with --config."
        ) from error
    if len(raw) > BYTES_MAX:
        raise SettingsError(f"{path}: larger than {BYTES_MAX} bytes")
    try:
        values = tomllib.loads(raw.decode())
    except RecursionError as error:
        raise SettingsError(f"{path}: nested too deeply") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    return parse_settings(values, path)


def parse_settings(values: dict[str, object], path: Path) -> Settings:
    """Settings from the tables of a TOML document; `path` names it in errors.

    Raises:
        SettingsError: As `load_settings`.
    """
    top = Table(values, str(path), "")
    node = top.table("node")
    folder = path.resolve().parent
    unit = node.code("unit")
    device = node.text("device")
    station = device[-2:]
    kind = node.text("store") if node.has("store") else SQLITE
    if kind not in {SQLITE, COUCHDB}:
        raise node.error("store", f"is neither {SQLITE} nor {COUCHDB}")
    at_rest = node.text("at_rest") if node.has("at_rest") else ANY
    if at_rest not in {ANY, SQLCIPHER} or (at_rest == SQLCIPHER and kind != SQLITE):
        raise node.error(
            "at_rest", f"is neither {ANY} nor {SQLCIPHER} with a store of {SQLITE}"
        )
    has_cluster = kind == COUCHDB or top.has("couchdb")
    if device != f"{unit}-{station}" or not is_number(station) or station == "00":
        raise node.error("device", f"is not {unit}- and a station from 01 to 99")
    pages = top.table("pages")
    gateway = top.table("gateway") if top.has("gateway") else None
    settings = Settings(
        unit=unit,
        device=device,
        root_key=node.key("root_key"),
        data=folder / node.text("data"),
        keys=folder / node.text("keys"),
        registry=folder / node.text("registry"),
        accounts=folder / node.text("accounts"),
        catalogue=folder / node.text("catalogue"),
        calendar=folder / node.text("calendar"),
        divisions=folder / node.text("divisions"),
        pages=listening(pages),
        idle_minutes=_idle(pages),
        at_rest=at_rest,
        upstream=upstream(top.table("upstream"), folder) if top.has("upstream") else None,
        gateway=listening(gateway) if gateway else None,
        entry=entry(gateway, folder) if gateway else Entry(),
        password_cost=_cost(top.table("passwords")) if top.has("passwords") else PasswordCost(),
        store_kind=kind,
        cluster=cluster(top.table("couchdb"), folder) if has_cluster else None,
    )
    pages.finish()
    node.finish()
    top.finish()
    return settings


def _idle(pages: Table) -> int:
    if not pages.has("idle_minutes"):
        return IDLE_MINUTES
    return pages.whole("idle_minutes", 1, IDLE_MINUTES_MAX)


def _cost(table: Table) -> PasswordCost:
    cost = PasswordCost(
        memory_kib=table.whole("memory_kib", MEMORY_KIB_MIN, MEMORY_KIB_MAX),
        passes=table.whole("passes", PASSES_MIN, PASSES_MAX),
    )
    table.finish()
    return cost
