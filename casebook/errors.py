"""Errors of the casebook, split by what the catcher does about them."""

from __future__ import annotations


class CasebookError(Exception):
    """Root of all casebook errors; never raised itself."""

    hint = "look at the case again and repeat the act"


class UnknownCaseError(CasebookError):
    """There is no such case in this node's store."""

    hint = "check the number, or wait until the case has been replicated to this node"


class NotReadableError(CasebookError):
    """This unit holds no case key, so it may neither read the body nor write an act."""

    hint = "ask a unit that handles the case to hand it over; the hand-over carries the key"


class NotAuthorisedError(CasebookError):
    """This node may not state it: it is no hub, or does not stand above the unit."""

    hint = "ask the hub that stands above the unit"


class PolicyError(CasebookError):
    """A policy cannot be used as it stands; nothing of it is in force."""

    hint = "correct the named value; docs/operations.md lists every value with its bounds"


class UnknownItemError(CasebookError):
    """The item code is not in the catalogue of this node."""

    hint = "search the item again; the catalogue may have changed"


class NoteError(CasebookError):
    """The journal cannot take this note; what was to be noted must not happen."""

    hint = "this is a fault of the program, or the unit above must be reached first"


class StationError(CasebookError):
    """The registry does not know this node as its configuration describes it."""

    hint = "compare unit, device and station in config.toml with the registry"


class CaseFullError(CasebookError):
    """The case holds as many records as are read of one case; one more would not be seen."""

    hint = "look at who wrote so many records on this case, and decide it on paper"
