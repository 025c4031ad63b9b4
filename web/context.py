"""What the pages of one program stand on, handed over once when the program starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from flask import Blueprint, current_app

from casebook.book import Casebook
from cases.divisions import Tree
from sync.ports import RandomBytes
from sync.status import SyncStatus
from sync.wallclock import random_bytes
from web.accounts import Accounts
from web.settings import IDLE_MINUTES, Settings

if TYPE_CHECKING:
    from web.roster import Roster
    from web.sessions import SignInGuard

EXTENSION = "postroad"
IDLE_MS = IDLE_MINUTES * 60_000


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One entry of the navigation bar.

    `endpoint` and `values` name the page, `text` is a key of the message catalogue, `key` the
    key that opens it from anywhere, empty for none. With `roles`, only these see it.
    """

    endpoint: str
    text: str
    key: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[str, ...] = ()


class Pages(Blueprint):
    """The pages of a program, with the entries that they add to the navigation bar."""

    menu: tuple[MenuEntry, ...] = ()


def installed_version() -> str:
    """The version of the installed product, empty where it runs without being installed."""
    try:
        return version("postroad")
    except PackageNotFoundError:
        return ""


@dataclass(frozen=True, slots=True)
class WebContext:
    """Everything that pages ask of the program around them.

    `status` gives the state of the link to the unit above, None where there is no such unit.
    `poke` asks for a session now; `insist` does so for a clerk who wants it. `secret` signs the
    session cookie. `now_ms` is the wall clock of this machine. `is_sealed` says whether the
    store file is of no use without its key. Divisions are those that addresses on forms may
    name.
    """

    settings: Settings
    casebook: Casebook
    accounts: Accounts
    divisions: Tree
    status: Callable[[], SyncStatus | None]
    poke: Callable[[], None]
    insist: Callable[[], None]
    secret: bytes = field(repr=False)
    now_ms: Callable[[], int]
    version: str = field(default_factory=installed_version)
    random_bytes: RandomBytes = random_bytes
    idle_ms: int = IDLE_MS
    is_sealed: bool = False


@dataclass(frozen=True, slots=True)
class Shell:
    """The context, and what the shell adds to it for as long as the program runs."""

    context: WebContext
    menu: tuple[MenuEntry, ...]
    roster: "Roster"
    guard: "SignInGuard"
    assets: Mapping[str, str]


def shell() -> Shell:
    """The shell of the application that serves the current request."""
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, Shell)
    return found


def context() -> WebContext:
    """The context of the application that serves the current request."""
    return shell().context
