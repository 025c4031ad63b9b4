"""The memory store as a `DocumentStore`; it passes the suite of the durable one."""

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sync.couch_ports import AttachmentContent
from sync.couch_values import (
    DatabaseInfo,
    DocumentRow,
    DocumentRows,
    FeedPage,
    IdRange,
    Limits,
    LocalDocument,
    MissingRevisions,
    Purged,
    Revision,
    StagedBlob,
    StoredRevision,
    Style,
    WriteResult,
)
from sync.errors import DocumentRefusedError
from sync.ports import Document, RandomBytes
from sync.stores.couch_checks import (
    Checked,
    check_all,
    check_database_name,
    check_feed_page,
    check_keys,
    check_local,
    check_local_id,
    check_range,
    check_revs_limit,
    check_security,
    parse_local_rev,
    parse_revs,
)
from sync.stores.couch_reading import revisions_opened
from sync.stores.editing import Plan, Rules, md5_digest, plan
from sync.stores.memory_core import Content, MemoryCore, StoredDatabase, StoredDocument
from sync.stores.memory_reading import MemoryContent, cut_range, feed_row, read_revision
from sync.stores.revision_tree import RevisionTree, parse_rev
from sync.stores.upkeep import CREATED_BYTES, check_writes, next_writes, start_time


class MemoryDocuments(MemoryCore):
    """The port over dictionaries; every method as the port says."""

    def __init__(self, random_bytes: RandomBytes, *, limits: Limits) -> None:
        super().__init__(random_bytes, limits=limits)
        self._blobs: dict[bytes, bytes] = {}
        self._pins: Counter[bytes] = Counter()

    def databases(self) -> tuple[str, ...]:
        """Names of all databases in alphabetical order."""
        with self._lock:
            self._check_open()
            return tuple(sorted(self._databases))

    def create_database(self, name: str) -> bool:
        """Make an empty database; False if it is there already."""
        check_database_name(name)
        with self._lock:
            self._check_open()
            if name in self._databases:
                return False
            self._deleted.pop(name, None)
            created = self._random_bytes(CREATED_BYTES)
            self._databases[name] = StoredDatabase(name, numbered=True, created=created)
            return True

    def delete_database(self, name: str) -> bool:
        """Remove a database with everything in it; False if there is none."""
        with self._lock:
            self._check_open()
            database = self._databases.pop(name, None)
            if database is None:
                return False
            self._deleted[name] = self._random_bytes(CREATED_BYTES)
            for stored in database.documents.values():
                self._leave_feed(stored)
            self._sweep()
            self._tidings.announce_deletion(name)
            return True

    def describe(self, name: str) -> DatabaseInfo:
        """Counts and settings of a database."""
        with self._lock:
            database = self._database(name)
            tombstones = sum(stored.deleted for stored in database.documents.values())
            size = sum(
                len(content.document.body)
                for stored in database.documents.values()
                for content in stored.contents.values()
            )
            return DatabaseInfo(
                name=name,
                doc_count=len(database.documents) - tombstones,
                doc_del_count=tombstones,
                update_seq=self._update_seq(database),
                purge_seq=database.purge_seq,
                instance_start_time=start_time(self._incarnation, name, database.created),
                file_bytes=size,
                active_bytes=size,
                compact_running=False,
                revs_limit=database.revs_limit,
                of_program=not database.numbered,
            )

    def write(
        self, name: str, revisions: Sequence[Revision], *, new_edits: bool
    ) -> tuple[WriteResult, ...]:
        """Store revisions; one result each."""
        checked = check_all(revisions, self._limits, new_edits=new_edits)
        with self._lock:
            database = self._database(name)
            rules = Rules(new_edits, database.revs_limit, self._limits)
            results = tuple(
                one if isinstance(one, WriteResult) else self._write_one(database, one, rules)
                for one in checked
            )
            self._tidings.announce({name: database.changes})
            return results

    @contextmanager
    def stage(self, pieces: Iterable[bytes]) -> Iterator[StagedBlob]:
        """Take the bytes of an attachment ahead of its revision."""
        taken = bytearray()
        for piece in pieces:
            taken += piece
            if len(taken) > self._limits.attachment_bytes:
                raise DocumentRefusedError(
                    "attachment_too_large",
                    f"the attachment exceeds {self._limits.attachment_bytes} bytes",
                )
        content = bytes(taken)
        sha256 = hashlib.sha256(content).digest()
        with self._lock:
            self._check_open()
            self._blobs[sha256] = content
            self._pins[sha256] += 1
        try:
            yield StagedBlob(sha256, md5_digest(content), len(content))
        finally:
            with self._lock:
                self._pins[sha256] -= 1
                self._sweep()

    def read(
        self, name: str, document_id: str, rev: str | None = None
    ) -> StoredRevision | None:
        """The winner or revision `rev`."""
        asked = None if rev is None else parse_rev(rev)
        with self._lock:
            stored = self._document(name, document_id)
            return read_revision(stored, asked or stored.leaves[0]) if stored else None

    def leaves(self, name: str, document_id: str) -> tuple[StoredRevision, ...]:
        """All leaves, the winner first."""
        with self._lock:
            stored = self._document(name, document_id)
            read = [read_revision(stored, leaf) for leaf in stored.leaves] if stored else []
            return tuple(revision for revision in read if revision is not None)

    def open_revisions(
        self, name: str, document_id: str, revs: Sequence[str], *, latest: bool = False
    ) -> tuple[StoredRevision | str, ...]:
        """Each revision asked for, or its text if it is missing."""
        asked = tuple(map(parse_rev, revs))
        with self._lock:
            stored = self._document(name, document_id)
            if stored is None:
                return tuple(rev.text for rev in dict.fromkeys(asked))
            answers = revisions_opened(stored.tree, asked, latest=latest)
            return tuple(read_revision(stored, found) or rev.text for rev, found in answers)

    def missing_revisions(
        self, name: str, revisions: Mapping[str, Sequence[str]]
    ) -> dict[str, MissingRevisions]:
        """Which revisions are nowhere in the trees."""
        lacking: dict[str, MissingRevisions] = {}
        with self._lock:
            database = self._database(name)
            for document_id, revs in parse_revs(revisions).items():
                stored = database.documents.get(document_id)
                tree = stored.tree if stored else RevisionTree()
                missing = [rev for rev in revs if rev not in tree.nodes]
                if missing:
                    lacking[document_id] = MissingRevisions(
                        tuple(rev.text for rev in missing),
                        tuple(rev.text for rev in tree.possible_ancestors(missing)),
                    )
        return lacking

    def rows(self, name: str, span: IdRange) -> DocumentRows:
        """Documents of a range of ids that are not deleted."""
        check_range(span)
        with self._lock:
            documents = self._database(name).documents
            live = sorted(one for one, stored in documents.items() if not stored.deleted)
            found, before = cut_range(live, span)
            rows = tuple(DocumentRow(one, documents[one].leaves[0].text) for one in found)
            return DocumentRows(rows, len(live), before)

    def rows_of(self, name: str, keys: Sequence[str]) -> DocumentRows:
        """One row for each key in order."""
        check_keys(keys)
        with self._lock:
            documents = self._database(name).documents
            rows = []
            for key in keys:
                stored = documents.get(key)
                rev = stored.leaves[0].text if stored else ""
                rows.append(
                    DocumentRow(key, rev, deleted=stored is not None and stored.deleted)
                )
            total = sum(not stored.deleted for stored in documents.values())
            return DocumentRows(tuple(rows), total, None)

    def feed(
        self,
        name: str,
        since: int,
        *,
        limit: int,
        descending: bool = False,
        style: Style = "main_only",
        document_ids: Sequence[str] | None = None,
    ) -> FeedPage:
        """A page of the changes after `since`."""
        check_feed_page(since, limit)
        check_keys(document_ids or ())
        with self._lock:
            database = self._database(name)
            numbers = database.numbers[bisect_right(database.numbers, since) :]
            if document_ids is not None:
                asked = frozenset(document_ids)
                numbers = [one for one in numbers if database.rows[one].id in asked]
            if descending:
                numbers.reverse()
            rows = tuple(feed_row(database.rows[number], style) for number in numbers[:limit])
            left = len(numbers) - len(rows)
            last = rows[-1].seq if rows else since
            return FeedPage(rows, last if left else self._update_seq(database), left)

    def wait_for_change(self, name: str, since: int, timeout_s: float) -> bool:
        """Wait until the database has a change after `since`."""
        deletions = self._tidings.deletions(name)
        with self._lock:
            if self._database(name).changes > since:
                return True
        return self._tidings.wait(name, since, timeout_s, deletions)

    def attachment(
        self, name: str, document_id: str, rev: str | None, attachment_name: str
    ) -> AttachmentContent | None:
        """An attachment of the winner or of `rev`."""
        asked = None if rev is None else parse_rev(rev)
        with self._lock:
            stored = self._document(name, document_id)
            if stored is None or (asked is None and stored.deleted):
                return None
            content = stored.contents.get(asked or stored.leaves[0])
            for held in content.attachments if content else ():
                if held.stub.name == attachment_name:
                    return MemoryContent(held.stub, self._blobs[held.sha256])
            return None

    def purge(self, name: str, revisions: Mapping[str, Sequence[str]]) -> Purged:
        """Forget leaves for ever."""
        purged: dict[str, tuple[str, ...]] = {}
        with self._lock:
            database = self._database(name)
            for document_id, revs in parse_revs(revisions).items():
                stored = database.documents.get(document_id)
                gone = tuple(rev for rev in revs if stored and rev in stored.leaves)
                purged[document_id] = tuple(rev.text for rev in gone)
                if stored and gone:
                    self._grow(stored, stored.tree.without(gone))
            database.purge_seq += any(purged.values())
            self._sweep()
            self._tidings.announce({name: database.changes})
            return Purged(database.purge_seq, purged)

    def compact(self, name: str) -> None:
        """Drop the bodies and attachments of all revisions that are no leaves."""
        with self._lock:
            for stored in self._database(name).documents.values():
                for rev in [rev for rev in stored.contents if rev not in stored.leaves]:
                    del stored.contents[rev]
            self._sweep()

    def set_revs_limit(self, name: str, limit: int) -> None:
        """Remember this many revisions of a branch."""
        check_revs_limit(limit)
        with self._lock:
            self._database(name).revs_limit = limit

    def security(self, name: str) -> bytes:
        """The `_security` object as JSON."""
        with self._lock:
            return self._database(name).security

    def set_security(self, name: str, security: bytes) -> None:
        """Replace the `_security` object."""
        check_security(security)
        with self._lock:
            self._database(name).security = security

    def get_local(self, name: str, document_id: str) -> LocalDocument | None:
        """A local document."""
        check_local_id(document_id)
        with self._lock:
            found = self._database(name).locals.get(document_id)
            return LocalDocument(document_id, f"0-{found[0]}", found[1]) if found else None

    def put_local(
        self, name: str, document_id: str, body: bytes, *, rev: str | None, checked: bool
    ) -> str:
        """Store a local document and give its new revision."""
        check_local(document_id, body)
        writes = parse_local_rev(rev)
        with self._lock:
            kept = self._database(name).locals
            stored = kept[document_id][0] if document_id in kept else None
            check_writes(stored, writes, checked=checked)
            count = next_writes(stored, writes)
            kept[document_id] = (count, body)
            return f"0-{count}"

    def delete_local(
        self, name: str, document_id: str, *, rev: str | None, checked: bool
    ) -> bool:
        """Remove a local document; False if there is none."""
        check_local_id(document_id)
        writes = parse_local_rev(rev)
        with self._lock:
            kept = self._database(name).locals
            stored = kept[document_id][0] if document_id in kept else None
            check_writes(stored, writes, checked=checked)
            return kept.pop(document_id, None) is not None

    def local_rows(self, name: str, span: IdRange) -> tuple[LocalDocument, ...]:
        """Local documents of a range of ids."""
        check_range(span)
        with self._lock:
            kept = self._database(name).locals
            found, _ = cut_range(sorted(kept), span)
            return tuple(LocalDocument(one, f"0-{kept[one][0]}", kept[one][1]) for one in found)

    def _document(self, name: str, document_id: str) -> StoredDocument | None:
        check_keys((document_id,))
        return self._database(name).documents.get(document_id)

    def _write_one(
        self, database: StoredDatabase, checked: Checked, rules: Rules
    ) -> WriteResult:
        stored = database.documents.get(checked.id) or StoredDocument(database, checked.id)
        try:
            planned = plan(checked, stored, rules)
            if planned.is_new:
                stored.contents[planned.rev] = self._content(database.name, checked, planned)
        except DocumentRefusedError as error:
            rev = "" if rules.new_edits else checked.history[0].text
            return WriteResult(checked.id, rev, error.code, str(error))
        self._grow(stored, planned.tree)
        return WriteResult(checked.id, planned.rev.text)

    def _content(self, database: str, checked: Checked, planned: Plan) -> Content:
        for held in planned.attachments:
            if held.content is None and held.sha256 not in self._blobs:
                raise DocumentRefusedError("missing_stub", "the staged attachment is gone")
        for held in planned.attachments:
            if held.content is not None:
                self._blobs[held.sha256] = held.content
        attachments = tuple(replace(held, content=None) for held in planned.attachments)
        document = Document(database, checked.id, planned.rev.text, checked.body, checked.tags)
        return Content(document, attachments)

    def _sweep(self) -> None:
        """Forget blobs that no revision names and nobody is about to use."""
        used = {sha256 for sha256, count in self._pins.items() if count > 0}
        used.update(
            held.sha256
            for database in self._databases.values()
            for stored in database.documents.values()
            for attachments in stored.attachments().values()
            for held in attachments
        )
        self._blobs = {sha256: one for sha256, one in self._blobs.items() if sha256 in used}
