"""What each role of a hub may open and do: the one table that every page asks.

It says who of the staff does a thing. Whether the unit may do it, and whether now, is judged by
`cases.lifecycle` when the act is written. A person with several roles may do what any of them
may. Acceptance and decision lie in different hands here; the law wants different persons.
"""

from collections.abc import Iterable, Mapping

from casebook.people import Clerk

CASES = "cases"
COUNTER = "counter"
UNITS = "units"
QUARANTINE = "quarantine"
SESSIONS = "sessions"
AUDIT = "audit"

_HAND_OVER = ("send_up", "take", "return")
_FORM = ("note", "attach", "amend", "withdraw", "supply", "rate", "void", "retract")
_ACCEPTING = (
    *("precheck", "notify_missing", "accept", "accept_tolerant", "deem_accepted"),
    *("not_accept", "send_back", "terminate"),
)
_REVIEWING = ("step_done", "co_sign", "pause_open", "pause_close", "issue", "settle")

ACTS: Mapping[str, tuple[str, ...]] = {
    "window": ("receive", *_ACCEPTING, *_HAND_OVER, "issue", "deliver", "archive", *_FORM),
    "reviewer": (*_ACCEPTING, *_HAND_OVER, *_REVIEWING, "archive", *_FORM),
    "approver": (*_HAND_OVER, *_REVIEWING, "extend", "decide", *_FORM),
    "supervisor": ("note", "urge", "void", "correct", "take_over", "settle", "retract"),
    "it": (),
}
"""Role to the acts that it may do."""

PAGES: Mapping[str, tuple[str, ...]] = {
    "window": (CASES, COUNTER, UNITS),
    "reviewer": (CASES, UNITS),
    "approver": (CASES, UNITS),
    "supervisor": (CASES, UNITS, QUARANTINE, AUDIT),
    "it": (UNITS, QUARANTINE, SESSIONS, AUDIT),
}
"""Role to the groups of pages that it may open; the home page is everybody's."""


def may_do(clerk: Clerk, act: str) -> bool:
    """Tell whether any role of a clerk has this act."""
    return any(act in ACTS.get(role, ()) for role in clerk.roles)


def may_open(clerk: Clerk, pages: str) -> bool:
    """Tell whether any role of a clerk may open this group of pages."""
    return any(pages in PAGES.get(role, ()) for role in clerk.roles)


def acts_of(clerk: Clerk, acts: Iterable[str]) -> tuple[str, ...]:
    """Of these acts, those that the roles of a clerk have, in the same order."""
    return tuple(act for act in acts if may_do(clerk, act))


def roles_that_open(pages: str) -> tuple[str, ...]:
    """The roles that may open a group of pages."""
    return tuple(role for role, groups in PAGES.items() if pages in groups)
