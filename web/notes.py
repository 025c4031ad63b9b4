"""What the pages write into the journal of this device, before they show or do a thing."""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from flask import g

from casebook.journal import Journal
from sync.log.alarms import Report
from web.context import context

_log = logging.getLogger(__name__)

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


def note(action: str, thing: str = "", *, body: Mapping[str, object] = _NOTHING) -> None:
    """Note an act of the clerk who is signed in; durable before this returns.

    Args:
        action: what is done: `unmask`, `open`, `search`, `print`, `export`, `config` ...
        thing: what it is done to, such as a case id; nothing personal.
        body: what only this unit and the one above may know, such as the words of a search.

    Raises:
        StoreError: It could not be noted; the page must not be shown.
    """
    context().casebook.journal.note(action, clerk=g.clerk.user, object=thing, body=body)


def note_sign_in(action: str, user: str, outcome: str) -> None:
    """Note that somebody signed in or tried to.

    Args:
        action: `sign_in`, `unlock` or `password`.
        user: user name of a login that exists, else empty: people type passwords there.
        outcome: `ok` or `refused`.

    Raises:
        StoreError: It could not be noted; nobody may be signed in.
    """
    context().casebook.journal.note(action, clerk=user, object="", outcome=outcome)


def alarm_notes(journal: Journal) -> Report:
    """Give what notes an alarm about a log in the journal, from where it travels upward."""

    def report(origin: str, kind: str, facts: Mapping[str, object]) -> None:
        _log.error("a log contradicts itself", extra={"origin": origin, "kind": kind})
        journal.note("alarm", clerk="", object=origin, outcome=kind, facts=facts)

    return report
