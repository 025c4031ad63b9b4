"""How a node is linked to the hub above, and lets in those below: tables of `config.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from security.tunnel.proxies import PROXY_KINDS, Proxy
from web.tables import Table

PORT_MAX = 65535
INTERVAL_S_MAX = 24 * 3600
ADDRESSES_MAX = 8
SILENCE_S_MIN = 6
SILENCE_S_MAX = 600
"""A link that is silent for longer than ten minutes is dead, whatever it is made of."""
SILENCE_S = 60.0
INTERIM_S_MIN = 10
INTERIM_S_MAX = 24 * 3600
INTERIM_S = 300.0
RETENTION_DAYS_MAX = 3650
RETENTION_DAYS = 1095
"""Three years; the law on cyber security asks for six months of network logs at least."""
RETENTION_DAYS_MIN = 180
GATEWAY_KINDS = ("embedded", "openssh")
SSHD_FOLDER = "/run/postroad"


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
    the tunnel; None where they have no business there. A link that is silent for `silence_s`
    is given up. `proxy` is what stands between this node and the net, if anything does.
    """

    unit: str
    addresses: tuple[Address, ...]
    interval_s: float
    door: Address | None = None
    silence_s: float = SILENCE_S
    proxy: Proxy | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Who carries the tunnels of the units below, and what is kept of them.

    `sshd_folder` is where the hub and sshd meet; None: the hub carries them itself. A row is
    written every `interim_s` of a session; rows are kept for `retention_days`.
    """

    sshd_folder: Path | None = None
    interim_s: float = INTERIM_S
    retention_days: int = RETENTION_DAYS


def listening(table: Table) -> Address:
    """An address to listen on; port 0 takes any free one."""
    return Address(table.text("host"), table.whole("port", 0, PORT_MAX))


def upstream(table: Table, folder: Path) -> Upstream:
    """The table `[upstream]`; paths are taken from the folder.

    Raises:
        SettingsError: A key is missing, unknown or out of range.
    """
    texts = table.texts("addresses", ADDRESSES_MAX)
    silence = table.has("silence_s")
    # Taken also where the proxy is switched off for a while.
    has_file = table.has("proxy_credentials")
    credentials = folder / table.text("proxy_credentials") if has_file else None
    made = Upstream(
        unit=table.code("unit"),
        addresses=tuple(_address(table, text) for text in texts),
        interval_s=table.number("interval_s", 0.1, INTERVAL_S_MAX),
        door=_address(table, table.text("door"), "door") if table.has("door") else None,
        silence_s=(
            table.number("silence_s", SILENCE_S_MIN, SILENCE_S_MAX) if silence else SILENCE_S
        ),
        proxy=_proxy(table, credentials) if table.has("proxy") else None,
    )
    table.finish()
    return made


def entry(table: Table, folder: Path) -> Entry:
    """What the table `[gateway]` says beside the address.

    Raises:
        SettingsError: As `upstream`.
    """
    kind = table.text("kind") if table.has("kind") else GATEWAY_KINDS[0]
    if kind not in GATEWAY_KINDS:
        raise table.error("kind", f"is not one of {', '.join(GATEWAY_KINDS)}")
    run = folder / (table.text("sshd_folder") if table.has("sshd_folder") else SSHD_FOLDER)
    interim, retention = INTERIM_S, RETENTION_DAYS
    if table.has("interim_s"):
        interim = table.number("interim_s", INTERIM_S_MIN, INTERIM_S_MAX)
    if table.has("retention_days"):
        retention = table.whole("retention_days", RETENTION_DAYS_MIN, RETENTION_DAYS_MAX)
    table.finish()
    return Entry(run if kind == "openssh" else None, interim, retention)


def _proxy(table: Table, credentials: Path | None) -> Proxy:
    text = table.text("proxy")
    kind, mark, rest = text.partition("://")
    if not mark or kind not in PROXY_KINDS:
        raise table.error("proxy", f"{text!r} is not http://host:port or socks5://host:port")
    address = _address(table, rest, "proxy")
    return Proxy(kind, address.host, address.port, credentials)


def _address(table: Table, text: str, key: str = "addresses") -> Address:
    host, _, port = text.rpartition(":")
    if not host or not is_number(port) or not 0 < int(port[:6]) <= PORT_MAX:
        raise table.error(key, f"{text!r} is not host:port")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def is_number(text: str) -> bool:
    """Whether a text is decimal digits and nothing else."""
    return text.isascii() and text.isdecimal()
