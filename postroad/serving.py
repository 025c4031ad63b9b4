"""`postroad store serve`: one store file, spoken to by CouchDB, PouchDB and their kin."""

from __future__ import annotations

import argparse
import importlib.metadata
import ipaddress
import os
import signal
import socket
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from postroad.errors import UnsafeError, UsageError
from sync.couch_values import DEFAULT_LIMITS
from sync.stores.sqlite import SqliteStore
from sync.wallclock import WallClock, random_bytes

if TYPE_CHECKING:
    from sync.couchdb_http.limits import ServingLimits
    from sync.couchdb_http.sessions import Login

PASSWORD_VARIABLE = "POSTROAD_STORE_PASSWORD"  # noqa: S105  # the name, not the password
PASSWORD_BYTES_MAX = 1024
PORT_MAX = 65_535

_LIMITS = (
    ("document-bytes", DEFAULT_LIMITS.document_bytes, 32 << 20),
    ("attachment-bytes", DEFAULT_LIMITS.attachment_bytes, 4 << 30),
    ("body-bytes", 64 << 20, 512 << 20),
    ("leaves", DEFAULT_LIMITS.leaves, 100_000),
)
"""Options that end in `-max`, what they are if nobody says, and how far they may be raised."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--path", metavar="FILE", type=Path, required=True, help="store.serve.path.help"
    )
    parser.add_argument(
        "--port", metavar="N", type=_port, required=True, help="store.serve.port.help"
    )
    parser.add_argument(
        "--host", metavar="HOST", default="127.0.0.1", help="store.serve.host.help"
    )
    parser.add_argument("--user", metavar="U", default="", help="store.serve.user.help")
    password = parser.add_mutually_exclusive_group()
    password.add_argument("--password", metavar="P", help="store.serve.password.help")
    password.add_argument(
        "--password-file", metavar="FILE", type=Path, help="store.serve.password_file.help"
    )
    parser.add_argument(
        "--cors-origin",
        metavar="ORIGIN",
        action="append",
        default=[],
        help="store.serve.cors.help",
    )
    parser.add_argument(
        "--allow-edits", action="store_true", help="store.serve.allow_edits.help"
    )
    for option, default, most in _LIMITS:
        parser.add_argument(
            f"--{option}-max",
            metavar="N",
            type=partial(_limit, most=most),
            default=default,
            help=f"store.serve.{option.replace('-', '_')}_max.help",
        )


def serve_store(arguments: argparse.Namespace) -> None:
    """Serve a store file until the program is told to end; it is made if there is none.

    Raises:
        UsageError: A user without a password, or the other way round.
        UnsafeError: Everybody on the network could do everything.
        OSError: The address is in use, or the password file cannot be read.
        StoreError: The file is in use or is no store.
    """
    # Checking a store needs no web server, so it is loaded by this command alone.
    from sync.couchdb_http.cors import Cors
    from sync.couchdb_http.serving import ServedStore, ServingSettings
    from sync.views.guarded import Guarded

    login = _login(arguments)
    address = _address(arguments.host, arguments.port)
    if not login.is_needed and not ipaddress.ip_address(address[0]).is_loopback:
        raise UnsafeError("store.serve.open", host=arguments.host)
    with _listening(address) as listening:
        limits = replace(
            DEFAULT_LIMITS,
            document_bytes=arguments.document_bytes_max,
            attachment_bytes=arguments.attachment_bytes_max,
            leaves=arguments.leaves_max,
        )
        store = SqliteStore.open(arguments.path, random_bytes, limits=limits)
        try:
            settings = ServingSettings(
                login,
                # PouchDB sends credentials along, and browsers want that to be allowed by name.
                Cors(tuple(arguments.cors_origin), credentials=True),
                _serving_limits(arguments.body_bytes_max),
                importlib.metadata.version("postroad"),
            )
            guarded = Guarded(store, allow_edits=arguments.allow_edits)
            served = ServedStore(guarded, listening, settings, WallClock(), random_bytes)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: served.close())
            host = f"[{address[0]}]" if ":" in address[0] else address[0]
            arguments.terminal.say(
                "store.serve.listening",
                file=str(arguments.path),
                url=f"http://{host}:{served.port}/",
                port=served.port,
            )
            served.run()
        finally:
            store.close()


def _login(arguments: argparse.Namespace) -> Login:
    from sync.couchdb_http.sessions import Login

    password = arguments.password
    if arguments.password_file is not None:
        password = _first_line(arguments.password_file)
    elif password is None and arguments.user:
        password = os.environ.get(PASSWORD_VARIABLE)
    if bool(arguments.user) != bool(password):
        raise UsageError("store.serve.half_login", variable=PASSWORD_VARIABLE)
    if ":" in arguments.user:
        raise UsageError("store.serve.bad_user")
    return Login(arguments.user, password or "")


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(PASSWORD_BYTES_MAX)
    return raw.decode("utf-8", "replace").partition("\n")[0].rstrip("\r")


def _address(host: str, port: int) -> tuple[str, int]:
    """The first address of a host, in numbers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # IPv4 first, as most peers are given 127.0.0.1 or a name that has both.
    _, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return str(address[0]), port


def _listening(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # Elsewhere the option would let a second program take the same port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening


def _serving_limits(body_bytes: int) -> ServingLimits:
    from sync.couchdb_http.limits import ServingLimits

    usual = ServingLimits()
    together = max(usual.json_bytes_together, body_bytes)
    return replace(usual, json_bytes=body_bytes, json_bytes_together=together)


def _limit(text: str, most: int) -> int:
    number = int(text)
    if not 1 <= number <= most:
        raise ValueError(text)
    return number


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= PORT_MAX:
        raise ValueError(text)
    return port
