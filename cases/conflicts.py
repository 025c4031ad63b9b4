"""Conflicts of a case: what was written apart and does not fit together.

Nothing is dropped: every entry named here stays in the timeline, and a person may restore what
lost. Which rule settled a conflict, and whether the case waits, is said in `policy`.
"""

from dataclasses import dataclass

FORK = "fork"
AMENDMENT = "amendment"
WITHDRAWAL_DECIDED = "withdrawal_decided"
OLD_ITEM_VERSION = "old_item_version"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Entries that do not fit together.

    `kind` is `fork` (one feed position written twice: a cloned or restored device),
    `amendment` (a field amended apart), `withdrawal_decided` (withdrawn here, decided there),
    `old_item_version` (accepted under another version than received under), or the reason for
    which an entry has no effect. `entries` begins with the entry that lost, except for a fork,
    where none does. A `soft` conflict was settled by rule and may be reviewed; the others want
    a person. `field` is the amended field, or the device of a fork.
    """

    kind: str
    entries: tuple[str, ...]
    soft: bool = False
    field: str = ""

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """What a settlement names: the kind, the field, and the entries that lost."""
        lost = self.entries if self.kind == FORK else self.entries[:1]
        return (self.kind, self.field, lost)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a person decided about a conflict, and with which entry."""

    kind: str
    field: str
    of: tuple[str, ...]
    choice: str
    entry: str

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """The conflict that it is about."""
        return (self.kind, self.field, self.of)
