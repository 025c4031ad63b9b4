"""The table `[couchdb]`: the cluster that a hub's store stands on."""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from web.link_settings import ADDRESSES_MAX
from web.tables import Table

PLAIN = "plain"
Q_MAX = 64
N_MAX = 9
SECONDS_MAX = 600
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)


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


def cluster(table: Table, folder: Path) -> Cluster:
    """Read the table.

    Raises:
        SettingsError: A value is missing, unknown or out of range.
    """
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
    read = Cluster(
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
    return read


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
