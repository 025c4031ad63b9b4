"""The log as one process sees it: followed to its end, extended, mended.

The caller lets one thread in at a time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sync.errors import StoreConflictError, StoreError
from sync.ports import Change, Document, RandomBytes
from sync.stores.couch_index import Index
from sync.stores.couch_journal import Journal
from sync.stores.couch_log import Commit, Row, Segment

TOKEN_BYTES = 16


def _nothing(_number: int) -> None:
    return None


class SharedLog:
    """The tail of the log that other processes write as well, and the index that follows it."""

    def __init__(self, journal: Journal, index: Index, random_bytes: RandomBytes) -> None:
        self._journal = journal
        self._index = index
        self._random_bytes = random_bytes
        self._tail: Segment | None = None
        self._broken: list[Segment] = []

    @property
    def tail(self) -> Segment:
        """The last segment that is known."""
        assert self._tail is not None, "the log was started"
        return self._tail

    def start(self, progress: Callable[[int], object]) -> None:
        """Begin the log where there is none, or go on where the index stopped.

        Raises:
            ClusterUnavailableError: The cluster does not answer.
            StoreError: It holds another log than the index knows, or less of it.
        """
        state = self._index.state
        first = self._journal.read(1)
        if first is None:
            if state is not None:
                raise _other_cluster("the log of the cluster is gone")
            birth = self._random_bytes(TOKEN_BYTES).hex()
            self._journal.begin(Segment(1, birth, self._random_bytes(TOKEN_BYTES).hex(), 0))
            first = self._journal.read(1)
            if first is None:
                raise StoreError("the log that was begun is not there")
        if state is None:
            self._take(first)
        elif state.birth != first.birth:
            raise _other_cluster("the cluster holds another log than before")
        else:
            found = self._journal.read(state.number)
            generation = int(state.rev.partition("-")[0])
            if found is None or found.generation < generation:
                raise _other_cluster("the cluster holds less than it did")
            self._take(found)
        progress(self.tail.number)
        self.catch_up(progress)

    def catch_up(self, progress: Callable[[int], object] = _nothing) -> None:
        """Take in the log to its end; what two writers wrote apart is mended there.

        Raises:
            ClusterUnavailableError, StoreError: The log cannot be read.
        """
        while True:
            found = self._next()
            if found is None:
                break
            self._take(found)
            progress(found.number)
            if found.others and not found.closed:
                break
        broken, self._broken = self._broken, []
        for segment in broken:
            self._mend(segment)

    def commit(self, commit: Commit) -> bool:
        """Whether the put is in the log; else another came first.

        Raises:
            ClusterUnavailableError, StoreError: As `Journal.append`.
        """
        grown = self._journal.append(self.tail, commit)
        if grown is None:
            return False
        self._take(grown)
        return True

    def commit_of(self, rows: tuple[Row, ...], local: Mapping[str, bytes | None]) -> Commit:
        """A put under a name of its own."""
        return Commit(rows, local, self._random_bytes(TOKEN_BYTES).hex())

    def renew(self) -> None:
        """Give the store a new incarnation."""
        self.catch_up()
        fresh = self._random_bytes(TOKEN_BYTES).hex()
        while not self.commit(replace(self.commit_of((), {}), incarnation=fresh)):
            self.catch_up()

    def copy(
        self,
        rows: Sequence[Change],
        local: Mapping[str, bytes | None],
        last_seq: int,
        incarnation: str,
    ) -> None:
        """Enter rows at the numbers that they have elsewhere.

        Raises:
            StoreConflictError: Somebody else writes to this store.
        """
        self.catch_up()
        for run in _runs(rows):
            lines = tuple(row_of(row.document) for row in run)
            self._copy(self.commit_of(lines, {}), run[0].seq - 1, incarnation)
        self._copy(self.commit_of((), local), last_seq, incarnation)

    def mend(self, number: int) -> None:
        """Join the revisions of a segment that the log has long passed.

        Raises:
            StoreError: Another process put meanwhile; call again.
        """
        self.catch_up()
        segment = self._journal.read(number)
        if segment is not None and segment.others and not self._mend(segment):
            raise StoreError("another process put meanwhile")

    def _next(self) -> Segment | None:
        tail = self.tail
        if tail.closed:
            return self._journal.read(tail.number + 1)
        found = self._journal.read(tail.number, tail.rev)
        if found is not None and found.generation < tail.generation:
            # A copy that was behind answered: what is known is not unlearnt.
            return None
        return found

    def _take(self, segment: Segment) -> None:
        passed = self._index.take(segment, self._tail)
        self._tail = segment
        if passed or segment.others:
            self._broken.append(replace(segment, stray=segment.stray + passed))

    def _mend(self, segment: Segment) -> bool:
        """Whether it was done; else another process was faster, and it is tried again."""
        if segment.stray:
            above = max(segment.last_seq, self._index.last_seq)
            if not self.commit(replace(self.commit_of(segment.stray, {}), above=above)):
                self._broken.append(segment)
                return False
        if segment.others:
            self._journal.drop(segment)
        return True

    def _copy(self, commit: Commit, above: int, incarnation: str) -> None:
        placed = replace(commit, above=above, incarnation=incarnation)
        if self._index.last_seq > above or not self.commit(placed):
            raise StoreConflictError("somebody else puts into the store that is being filled")


def row_of(document: Document) -> Row:
    """The line of a document in the log; its number is given when it enters."""
    size = len(document.body)
    return Row(
        0, document.database, document.id, document.rev, size, document.origin, document.tags
    )


def _runs(rows: Sequence[Change]) -> list[list[Change]]:
    """The rows in runs whose numbers follow without a gap: as the log gives them."""
    runs: list[list[Change]] = []
    for row in rows:
        if runs and runs[-1][-1].seq + 1 == row.seq:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _other_cluster(what: str) -> StoreError:
    return StoreError(
        f"{what}; this hub's index names documents that are not there",
        hint="If the cluster was restored, run `postroad hub reindex`.",
    )
