"""Cases that stay open: new records of a case are opened and folded behind what is known.

A case page, an act and the row of a list need the same case within seconds. Opening it again
would decrypt everything once more; what is kept here is given up when memory is short.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from casebook.casefile import CaseFile, CaseFiles
from cases.fold import CaseState, Fold

ENTRIES_MAX = 3_000
"""Entries that are kept open at one time, over all cases: some ten megabytes."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A case as it is now: its records, and what follows from them on its present path."""

    file: CaseFile
    state: CaseState


class OpenCases:
    """The cases that were looked at last; may be used from several threads."""

    def __init__(self, files: CaseFiles) -> None:
        """Take what opens cases; nothing is open yet."""
        self._files = files
        self._kept: OrderedDict[bytes, tuple[CaseFile, Fold]] = OrderedDict()
        self._count = 0
        self._lock = threading.RLock()

    def get(self, case: bytes, *, keep: bool = True) -> Opened:
        """Return a case with all that has arrived.

        Args:
            case: its id.
            keep: leave it open for the next call; not for walks over all cases.

        Raises:
            UnknownCaseError: The store holds nothing of it.
        """
        with self._lock:
            file, fold = self._current(case)
            self._drop(case)
            if keep:
                self._keep(case, file, fold)
        # The path may have changed without a record of this case: the registry says it.
        return Opened(file, replace(fold.state, path=file.way))

    def forget(self) -> None:
        """Close all cases: a key has arrived, or what is believed of units has changed."""
        with self._lock:
            self._kept.clear()
            self._count = 0

    def _current(self, case: bytes) -> tuple[CaseFile, Fold]:
        kept = self._kept.get(case)
        longer = self._files.extend(kept[0]) if kept else None
        if kept is None or longer is None:
            file = self._files.open(case)
            return file, Fold(file.entries)
        before, fold = kept
        new = longer.entries[len(before.entries) :]
        if new:
            fold.add(new)
        return longer, fold

    def _keep(self, case: bytes, file: CaseFile, fold: Fold) -> None:
        self._kept[case] = (file, fold)
        self._count += len(file.entries)
        while self._count > ENTRIES_MAX and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def _drop(self, case: bytes) -> None:
        kept = self._kept.pop(case, None)
        if kept is not None:
            self._count -= len(kept[0].entries)
