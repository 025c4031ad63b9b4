"""What both ports of the memory store stand on: databases, documents, feeds."""

import threading
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.couch_values import DEFAULT_LIMITS, Limits
from sync.errors import StoreError, UnknownDatabaseError
from sync.ports import Document, RandomBytes
from sync.stores.editing import Held
from sync.stores.revision_tree import Rev, RevisionTree
from sync.stores.tidings import Tidings

_REVS_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Content:
    """What came with one revision."""

    document: Document
    attachments: tuple[Held, ...] = ()


@dataclass(slots=True)
class StoredDocument:
    """One document with its tree; fulfils `editing.Branches`.

    Attributes:
        seq: Its row in the store's feed; 0 before it has one.
        number: Its row in the feed of its database.
    """

    database: "StoredDatabase"
    id: str
    tree: RevisionTree = field(default_factory=RevisionTree)
    contents: dict[Rev, Content] = field(default_factory=dict)
    leaves: tuple[Rev, ...] = ()
    seq: int = 0
    number: int = 0

    @property
    def winner(self) -> Document:
        """The winning revision as the store's own port gives it."""
        return self.contents[self.leaves[0]].document

    @property
    def deleted(self) -> bool:
        """Whether the winner is a tombstone."""
        return self.tree.nodes[self.leaves[0]].deleted

    def has_body(self, rev: Rev) -> bool:
        """Whether the body of `rev` is stored."""
        return rev in self.contents

    def attachments(self) -> Mapping[Rev, tuple[Held, ...]]:
        """The attachments of all its revisions that have any."""
        return {
            rev: content.attachments
            for rev, content in self.contents.items()
            if content.attachments
        }


@dataclass(slots=True)
class StoredDatabase:
    """One database; the words are those of the SQLite store's table.

    Attributes:
        changes: The highest number that its feed ever had.
    """

    name: str
    numbered: bool
    created: bytes
    documents: dict[str, StoredDocument] = field(default_factory=dict)
    rows: dict[int, StoredDocument] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    locals: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    changes: int = 0
    purge_seq: int = 0
    revs_limit: int = _REVS_LIMIT
    security: bytes = b"{}"


class MemoryCore:
    """Databases in dictionaries. Nothing survives the process."""

    def __init__(self, random_bytes: RandomBytes, *, limits: Limits = DEFAULT_LIMITS) -> None:
        self._incarnation = random_bytes(16).hex()
        self._random_bytes = random_bytes
        self._limits = limits
        self._lock = threading.RLock()
        self._closed = False
        self._databases: dict[str, StoredDatabase] = {}
        # Random bytes of the deletion of those that are gone, until they come back.
        self._deleted: dict[str, bytes] = {}
        self._rows: dict[int, StoredDocument] = {}
        self._seqs: list[int] = []
        self._scopes: dict[str, list[int]] = {}
        self._last_seq = 0
        self._tidings = Tidings()

    @property
    def incarnation(self) -> str:
        """As the ports say."""
        return self._incarnation

    @property
    def limits(self) -> Limits:
        """As the port says."""
        return self._limits

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")

    def _database(self, name: str) -> StoredDatabase:
        self._check_open()
        database = self._databases.get(name)
        if database is None:
            raise UnknownDatabaseError(f"there is no database {name!r:.80}")
        return database

    def _update_seq(self, database: StoredDatabase) -> int:
        return database.changes if database.numbered else self._last_seq

    def _grow(self, stored: StoredDocument, tree: RevisionTree) -> None:
        """Give a document its new tree, and a new place in the feeds if its leaves changed."""
        leaves = tree.leaves()
        if leaves != stored.leaves:
            if stored.leaves:
                self._leave_feed(stored)
            stored.tree, stored.leaves = tree, leaves
            self._enter_feed(stored)
        stored.tree = tree
        for rev in [rev for rev in stored.contents if rev not in tree.nodes]:
            del stored.contents[rev]

    def _enter_feed(self, stored: StoredDocument) -> None:
        database = stored.database
        self._last_seq += 1
        number = database.changes + 1 if database.numbered else self._last_seq
        database.changes = number
        if not stored.leaves:
            # Purged: the change has a number and no row.
            database.documents.pop(stored.id, None)
            return
        stored.seq, stored.number = self._last_seq, number
        database.documents[stored.id] = stored
        database.rows[number] = stored
        database.numbers.append(number)
        self._rows[stored.seq] = stored
        self._seqs.append(stored.seq)
        for tag in stored.winner.tags:
            self._scopes.setdefault(tag, []).append(stored.seq)

    def _leave_feed(self, stored: StoredDocument) -> None:
        del self._rows[stored.seq]
        for seqs in (self._seqs, *(self._scopes[tag] for tag in stored.winner.tags)):
            del seqs[bisect_left(seqs, stored.seq)]
        numbers = stored.database.numbers
        del numbers[bisect_left(numbers, stored.number)]
        del stored.database.rows[stored.number]
