"""Alarms about logs: each is kept once, with both sides as evidence, and handed on."""

import hashlib
from collections.abc import Callable, Mapping

from security.errors import FormatError
from security.tlog_notes import SignedCheckpoint, parse_checkpoint
from sync.log.witness import Alarm
from sync.ports import Store

ALARM_PREFIX = "alarm/"
"""Local documents: one for each alarm that was raised, so that none is raised twice."""

ALARMS_MAX = 1_000
"""Different alarms that are kept; a log that shows more is known well enough."""

REGISTRY_KINDS = "registry_"
"""Alarms of these kinds show statements and no notes."""

_DIGITS = 32

Report = Callable[[str, str, Mapping[str, object]], None]
"""Notes an alarm: the log, the kind, and the evidence."""


class Alarms:
    """Raise each alarm once."""

    def __init__(self, store: Store, report: Report) -> None:
        """Take the store that remembers, and whoever carries an alarm upward."""
        self._store = store
        self._report = report

    def __call__(self, alarm: Alarm) -> None:
        """Keep an alarm and report it, unless it is known already.

        Raises:
            StoreError: It could not be kept.
        """
        kept, shown = alarm.kept, alarm.shown
        if not alarm.kind.startswith(REGISTRY_KINDS):
            kept, shown = _evidence(kept), _evidence(shown)
        told = f"{alarm.kind}\n{alarm.origin}\n{kept}\n{shown}".encode()
        key = ALARM_PREFIX + hashlib.sha256(told).hexdigest()[:_DIGITS]
        if self._store.local(key) or len(self._store.locals(ALARM_PREFIX)) >= ALARMS_MAX:
            return
        self._report(alarm.origin, alarm.kind, {"kept": kept, "shown": shown})
        self._store.put([], {key: told})


def _evidence(note: str) -> str:
    """The checkpoint with the signature of its log alone, which is what proves it."""
    try:
        signed = parse_checkpoint(note.encode())
    except FormatError:
        return ""
    own = [line for line in signed.signatures if line.name == signed.checkpoint.origin][:1]
    return SignedCheckpoint(signed.checkpoint, signed.text, tuple(own)).note.decode()
