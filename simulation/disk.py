"""A store on which the power fails or the disk fills at a chosen write."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from sync.errors import StoreFullError
from sync.ports import NO_LOCALS, Changes, Document, RandomBytes, Scope
from sync.stores.memory import MemoryStore


class PowerCut(BaseException):  # it is no error of the program
    """The machine is gone; nothing that runs on it may catch this."""

    def __init__(self, unit: str) -> None:
        """Say whose machine it was."""
        super().__init__(unit)
        self.unit = unit


class Doom(Enum):
    """What happens at the next write."""

    BEFORE = "before"
    AFTER = "after"
    FULL = "full"


_EVERYTHING = 1_000_000


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of a disk: what its store held at one moment."""

    documents: tuple[Document, ...] = field(repr=False)
    locals: Mapping[str, bytes] = field(repr=False)


class FragileStore:
    """A memory store whose content survives its machine, as a disk does.

    A put is whole or absent, which the durable store's own tests prove of SQLite; what is tried
    here is that the programs above stand on either side of it.
    """

    def __init__(self, inner: MemoryStore, unit: str) -> None:
        """Wrap the store of a unit; nothing is doomed yet."""
        self._inner = inner
        self._unit = unit
        self.doom: Doom | None = None

    def backup(self) -> Backup:
        """Copy what is on the disk now."""
        rows = self._inner.changes(0, limit=_EVERYTHING).rows
        return Backup(tuple(row.document for row in rows), self._inner.locals(""))

    def restore(self, backup: Backup, random_bytes: RandomBytes) -> None:
        """Put a copy back, under an incarnation of its own, as a program does at its start."""
        self._inner = MemoryStore(random_bytes)
        self._inner.put(backup.documents, backup.locals)

    @property
    def incarnation(self) -> str:
        """As the port says."""
        return self._inner.incarnation

    @property
    def last_seq(self) -> int:
        """As the port says."""
        return self._inner.last_seq

    def put(
        self,
        documents: Sequence[Document],
        local: Mapping[str, bytes | None] = NO_LOCALS,
        *,
        expect: Mapping[str, bytes | None] = NO_LOCALS,
    ) -> int:
        """As the port says, unless doomed.

        Raises:
            PowerCut: Before or after the write.
            StoreFullError: The disk is full, this once.
        """
        doom, self.doom = self.doom, None
        if doom is Doom.BEFORE:
            raise PowerCut(self._unit)
        if doom is Doom.FULL:
            raise StoreFullError("the simulated disk is full")
        last_seq = self._inner.put(documents, local, expect=expect)
        if doom is Doom.AFTER:
            raise PowerCut(self._unit)
        return last_seq

    def get(self, database: str, document_id: str) -> Document | None:
        """As the port says."""
        return self._inner.get(database, document_id)

    def missing(
        self, database: str, revisions: Mapping[str, Sequence[str]]
    ) -> dict[str, list[str]]:
        """As the port says."""
        return self._inner.missing(database, revisions)

    def changes(
        self,
        since: int,
        *,
        limit: int,
        tag: Scope = None,
        databases: tuple[str, ...] = (),
        skip_origin: str | None = None,
        bytes_max: int | None = None,
    ) -> Changes:
        """As the port says."""
        return self._inner.changes(
            since,
            limit=limit,
            tag=tag,
            databases=databases,
            skip_origin=skip_origin,
            bytes_max=bytes_max,
        )

    def scope_ids(self, tag: str, *, upto: int, databases: tuple[str, ...]) -> Iterator[str]:
        """As the port says."""
        return self._inner.scope_ids(tag, upto=upto, databases=databases)

    def scope_range(
        self, tag: str, low: str, high: str, *, upto: int, databases: tuple[str, ...]
    ) -> list[tuple[str, str, int]]:
        """As the port says."""
        return self._inner.scope_range(tag, low, high, upto=upto, databases=databases)

    def local(self, key: str) -> bytes | None:
        """As the port says."""
        return self._inner.local(key)

    def locals(self, prefix: str) -> dict[str, bytes]:
        """As the port says."""
        return self._inner.locals(prefix)

    def close(self) -> None:
        """As the port says."""
        self._inner.close()
