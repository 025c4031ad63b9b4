"""The configuration of one installation, read from `config.toml`, the same for outpost and hub.

Unknown keys are refused: a misspelt key that is quietly ignored is found only when it matters.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from web.errors import SettingsError
from web.tables import Table

BYTES_MAX = 64 * 1024
"""Size of a configuration file; one that we write has less than 1 KiB."""

PORT_MAX = 65535
INTERVAL_S_MAX = 24 * 3600
ADDRESSES_MAX = 8
MEMORY_KIB_MIN = 19 * 1024
"""Floor of Argon2id on weak machines (OWASP: 19 MiB with 2 passes)."""
MEMORY_KIB_MAX = 1024 * 1024
PASSES_MIN = 2
PASSES_MAX = 16


SQLITE = "sqlite"
COUCHDB = "couchdb"
PLAIN = "plain"
Q_MAX = 64
N_MAX = 9
SECONDS_MAX = 600
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address as host and port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Upstream:
    """The hub above: its unit, the addresses of its gateway, and how often to call.

    `door` is a loopback address at which clerks of this node open the hub's own pages through
    the tunnel; None where they have no business there.
    """

    unit: str
    addresses: tuple[Address, ...]
    interval_s: float
    door: Address | None = None


@dataclass(frozen=True, slots=True)
class PasswordCost:
    """What one guess at a password costs: Argon2id memory and passes.

    The default takes about 0.1 s on an office PC. A PC with little memory may go down to
    `MEMORY_KIB_MIN` and `PASSES_MIN` in its configuration.
    """

    memory_kib: int = 64 * 1024
    passes: int = 3


@dataclass(frozen=True, slots=True)
class Cluster:
    """An Apache CouchDB cluster as the store of a hub.

    `patience_s` is how long a request is repeated before its caller is told; `request_s` how
    long an address may be silent. `q` and `n` count for databases that the hub creates.
    """

    urls: tuple[str, ...]
    user: str
    password_file: Path
    ca_file: Path | None = None
    prefix: str = "postroad_"
    q: int = 2
    n: int = 3
    request_s: float = 15.0
    patience_s: float = 30.0


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
    password_cost: PasswordCost
    store_kind: str = SQLITE
    cluster: Cluster | None = None

    @property
    def index(self) -> Path:
        """The index beside a cluster, which can be dropped and rebuilt."""
        return self.data / "couchdb-index.sqlite"

    @property
    def store(self) -> Path:
        """The file of the store, the one thing that must be backed up with the keys."""
        return self.data / "store.sqlite"

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
    has_cluster = kind == COUCHDB or top.has("couchdb")
    if device != f"{unit}-{station}" or not _is_number(station) or station == "00":
        raise node.error("device", f"is not {unit}- and a station from 01 to 99")
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
        pages=_listening(top.table("pages")),
        upstream=_upstream(top.table("upstream")) if top.has("upstream") else None,
        gateway=_listening(top.table("gateway")) if top.has("gateway") else None,
        password_cost=_cost(top.table("passwords")) if top.has("passwords") else PasswordCost(),
        store_kind=kind,
        cluster=_cluster(top.table("couchdb"), folder) if has_cluster else None,
    )
    node.finish()
    top.finish()
    return settings


def _cluster(table: Table, folder: Path) -> Cluster:
    known = Cluster((), "", folder)
    transport = table.text("transport") if table.has("transport") else "tls"
    if transport not in {"tls", PLAIN}:
        raise table.error("transport", f"is neither tls nor {PLAIN}")
    urls = tuple(
        _url(table, text, may_be_plain=transport == PLAIN)
        for text in table.texts("urls", ADDRESSES_MAX)
    )
    prefix = table.text("prefix") if table.has("prefix") else known.prefix
    if not _PREFIX.fullmatch(prefix):
        raise table.error("prefix", "is not 1 to 32 of a-z, 0-9 and _, a letter first")
    seconds = (
        table.number("request_s", 0.1, SECONDS_MAX)
        if table.has("request_s")
        else known.request_s,
        table.number("patience_s", 0.1, SECONDS_MAX)
        if table.has("patience_s")
        else known.patience_s,
    )
    cluster = Cluster(
        urls,
        table.text("user"),
        folder / table.text("password_file"),
        folder / table.text("ca_file") if table.has("ca_file") else None,
        prefix,
        table.whole("q", 1, Q_MAX) if table.has("q") else known.q,
        table.whole("n", 1, N_MAX) if table.has("n") else known.n,
        *seconds,
    )
    table.finish()
    return cluster


def _url(table: Table, text: str, *, may_be_plain: bool) -> str:
    """An address of the cluster: nothing but scheme, host and port, and TLS beyond loopback."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, parts, port = "", urlsplit(""), None
    whole = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in {"http", "https"} or not host or text.rstrip("/") != whole:
        raise table.error("urls", f"{parts.scheme or text!r:.40}: not https://host:port alone")
    if "@" in parts.netloc:
        raise table.error("urls", "holds a login: give user and password_file instead")
    if parts.scheme == "http" and not may_be_plain and not _is_loopback(host):
        raise table.error(
            "urls", f'{whole} has no TLS: use https, or say transport = "{PLAIN}"'
        )
    return whole if port else f"{whole}:{443 if parts.scheme == 'https' else 5984}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listening(table: Table) -> Address:
    address = Address(table.text("host"), table.whole("port", 0, PORT_MAX))
    table.finish()
    return address


def _upstream(table: Table) -> Upstream:
    texts = table.texts("addresses", ADDRESSES_MAX)
    upstream = Upstream(
        unit=table.code("unit"),
        addresses=tuple(_address(table, text) for text in texts),
        interval_s=table.number("interval_s", 0.1, INTERVAL_S_MAX),
        door=_door(table) if table.has("door") else None,
    )
    table.finish()
    return upstream


def _door(table: Table) -> Address:
    return _address(table, table.text("door"), "door")


def _address(table: Table, text: str, key: str = "addresses") -> Address:
    host, _, port = text.rpartition(":")
    if not host or not _is_number(port) or not 0 < int(port[:6]) <= PORT_MAX:
        raise table.error(key, f"{text!r} is not host:port")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _cost(table: Table) -> PasswordCost:
    cost = PasswordCost(
        memory_kib=table.whole("memory_kib", MEMORY_KIB_MIN, MEMORY_KIB_MAX),
        passes=table.whole("passes", PASSES_MIN, PASSES_MAX),
    )
    table.finish()
    return cost
