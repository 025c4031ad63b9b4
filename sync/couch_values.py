"""What the CouchDB protocol says of documents: revisions, attachments, rows, pages.

The words are CouchDB's. Revisions are text, `<generation>-<digest>`; a digest of 32 hex digits
is lowered, one of any other shape (up to 128 characters) is kept as it came, since peers send
such ones with `new_edits=false`. Generations go up to 999,999,999.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Style = Literal["main_only", "all_docs"]
"""Whether a row of the feed lists the winner alone or every leaf, the winner first."""

Availability = Literal["available", "missing", "deleted"]
"""CouchDB's `_revs_info`: the body is here; it is not; it is here and is a tombstone's."""

KEPT_MEMBERS = frozenset(
    {
        "_access",
        "_replication_id",
        "_replication_state",
        "_replication_state_reason",
        "_replication_state_time",
        "_replication_stats",
    }
)
"""Members with an underscore that belong to what a document says: CouchDB's replicator writes
them into documents of `_replicator`, and such databases are backed up like others."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one database may be asked to hold, per thing.

    Attributes:
        document_bytes: Body of one document. CouchDB's default is 8,000,000.
        attachment_bytes: One attachment. CouchDB's is 1 GiB; half of it still fits old disks.
        attachments: Attachments of one revision.
        leaves: Conflicting leaves of one document. Each step of each replication costs as much
            as there are leaves, so thousands of them are a fault that must be seen.
        history: Revisions in one given history; more than the default limit of a stored one.
        documents: Documents in one write: bounds the memory and time of one transaction.
    """

    document_bytes: int = 8 * 1024 * 1024
    attachment_bytes: int = 512 * 1024 * 1024
    attachments: int = 1000
    leaves: int = 1000
    history: int = 10_000
    documents: int = 10_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class StagedBlob:
    """Bytes of an attachment that lie in the store already; made by `DocumentStore.stage`.

    Attributes:
        sha256: By which the content is addressed; 32 bytes.
        digest: CouchDB's name of it, "md5-" and base64 of the MD5 of the bytes.
        length: Number of bytes.
    """

    sha256: bytes
    digest: str
    length: int


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment whose bytes come with the revision.

    Attributes:
        name: As in `_attachments`; not empty, not starting with an underscore.
        content_type: As the client gave it.
        data: The bytes as they are to be stored (compressed, if `encoding` says so), or what
            `stage` gave for them.
        digest: The MD5 that the sender claims, "md5-<base64>" or ""; another one is refused
            (`content_md5_mismatch`).
        revpos: Generation that brought it; 0 for the generation of this revision.
        encoding: "gzip" if `data` is compressed, else None.
        length: Bytes before compression; needed with `encoding` only, and -1 means unknown.
    """

    name: str
    content_type: str
    data: bytes | StagedBlob = field(repr=False)
    digest: str = ""
    revpos: int = 0
    encoding: str | None = None
    length: int = -1


@dataclass(frozen=True, slots=True)
class AttachmentStub:
    """An attachment that is stored, without its bytes.

    In a revision to be written it refers to the attachment of the same name of the nearest
    stored ancestor, else of any stored revision of the document; there `digest` must agree, or
    if it is "" then `revpos`, or if that is 0 the name alone. None such: `missing_stub`.

    Attributes:
        name: As in `_attachments`.
        content_type: As the client gave it.
        digest: "md5-<base64>" of the stored bytes.
        length: Bytes before compression.
        revpos: Generation that brought it.
        encoding: "gzip" if the stored bytes are compressed, else None.
        encoded_length: Number of stored bytes; equals `length` without an encoding.
    """

    name: str
    content_type: str = ""
    digest: str = ""
    length: int = 0
    revpos: int = 0
    encoding: str | None = None
    encoded_length: int = 0


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision to be written.

    Attributes:
        id: Document id. Of those that start with an underscore only `_design/...` may be.
        history: With `new_edits=False` the revision and its ancestors, newest first, their
            generations falling by one. With `new_edits=True` the parent alone (`_rev`), or
            nothing.
        deleted: Whether it is a tombstone.
        body: One JSON object in UTF-8 without top-level keys that start with an underscore, but
            for those that CouchDB's replicator leaves in documents (`_replication_state`).
        attachments: In the order of `_attachments`.
        tags: Scopes whose feeds carry it, as those of `sync.ports.Document`.
    """

    id: str
    history: tuple[str, ...]
    deleted: bool
    body: bytes = field(repr=False)
    attachments: tuple[Attachment | AttachmentStub, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one revision.

    Attributes:
        id: Document id.
        rev: The revision that is stored now; of one that was refused, the revision it was given
            with, or "" for an edit.
        error: "" if it is stored; else `conflict`, `missing_stub`, `content_md5_mismatch`,
            `document_too_large`, `attachment_too_large`, `illegal_docid`, `doc_validation`,
            `bad_request`, or `forbidden` (too many leaves).
        reason: One line for a person.
    """

    id: str
    rev: str
    error: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Leaf:
    """The end of one branch of a revision tree."""

    rev: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """One revision whose body is stored.

    Attributes:
        id: Document id.
        rev: This revision, equal to `history[0]`.
        history: It and its known ancestors, newest first.
        availability: For each of `history`, what is known of its body.
        deleted: Whether it is a tombstone.
        body: The JSON object without underscore keys, as it was written.
        attachments: Stubs in the order in which they were written.
        leaves: All leaves of the document, the winner first, then in the winner's order.
        seq: Number of the document's row in the feed (`_local_seq`).
    """

    id: str
    rev: str
    history: tuple[str, ...]
    availability: tuple[Availability, ...]
    deleted: bool
    body: bytes = field(repr=False)
    attachments: tuple[AttachmentStub, ...]
    leaves: tuple[Leaf, ...]
    seq: int

    @property
    def is_winner(self) -> bool:
        """Whether this is the document's winning revision."""
        return self.rev == self.leaves[0].rev

    def conflicts(self) -> tuple[str, ...]:
        """Leaves that are no tombstones, without the winner (`_conflicts`)."""
        return tuple(leaf.rev for leaf in self.leaves[1:] if not leaf.deleted)

    def deleted_conflicts(self) -> tuple[str, ...]:
        """Leaves that are tombstones, without the winner (`_deleted_conflicts`)."""
        return tuple(leaf.rev for leaf in self.leaves[1:] if leaf.deleted)


@dataclass(frozen=True, slots=True)
class MissingRevisions:
    """What `_revs_diff` says of one document.

    Attributes:
        missing: Revisions that are nowhere in the tree, in the order in which they were asked.
        possible_ancestors: Leaves of a lower generation than the highest missing one.
    """

    missing: tuple[str, ...]
    possible_ancestors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdRange:
    """Which documents `_all_docs` and `_local_docs` list, in the order of their ids' bytes.

    Attributes:
        start: The first id; when descending, the highest.
        end: The last id, itself included if `inclusive_end`.
        descending: From the highest id down.
        limit: Rows at most; None for all.
        skip: Rows of the range to leave out first.
        inclusive_end: Whether `end` is part of the range.
    """

    start: str | None = None
    end: str | None = None
    descending: bool = False
    limit: int | None = None
    skip: int = 0
    inclusive_end: bool = True


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One row of `_all_docs`.

    Attributes:
        key: The id that was asked for.
        rev: The winner, or "" if there is no such document.
        deleted: Whether the winner is a tombstone; such rows come for `keys` only.
    """

    key: str
    rev: str
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """A page of `_all_docs`.

    Attributes:
        rows: In the order of ids (bytes of UTF-8), or of `keys`.
        total: Documents of the database that are not deleted.
        offset: Rows before the first; None for `keys`, and where it would cost too much to
            count.
    """

    rows: tuple[DocumentRow, ...]
    total: int
    offset: int | None


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One row of `_changes`: a document at its latest change.

    Attributes:
        seq: Its number; rises with every change of the database.
        id: Document id.
        revs: The winner, and with the style `all_docs` the other leaves after it.
        deleted: Whether the winner is a tombstone.
    """

    seq: int
    id: str
    revs: tuple[str, ...]
    deleted: bool


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A page of `_changes`.

    Attributes:
        rows: In rising `seq`, or falling when asked so.
        last_seq: Where to go on. When nothing remains, the database's own last number, so that
            rows that a filter left out are passed too.
        pending: Rows that remain after these, as far as they were counted: exact up to 10,000,
            an upper bound above; 0 only if nothing remains.
    """

    rows: tuple[FeedRow, ...]
    last_seq: int
    pending: int


@dataclass(frozen=True, slots=True)
class DatabaseInfo:
    """What `GET /db/` says.

    Attributes:
        name: The database.
        doc_count: Documents that are not deleted.
        doc_del_count: Documents whose winner is a tombstone.
        update_seq: Number of the latest change; rows of the feed never have a higher one.
        purge_seq: Number of purges so far.
        instance_start_time: Digits; the same as long as the database lives, others after it was
            deleted and made again and after the store was restored or cloned.
        file_bytes: Size of the whole store; its databases share one file.
        active_bytes: The part of it that is in use.
        compact_running: Whether `compact` is at work.
        revs_limit: Revisions of a branch that are remembered.
        of_program: Whether it came to be by the program's own puts, not over this protocol.
    """

    name: str
    doc_count: int
    doc_del_count: int
    update_seq: int
    purge_seq: int
    instance_start_time: str
    file_bytes: int
    active_bytes: int
    compact_running: bool
    revs_limit: int
    of_program: bool = False


@dataclass(frozen=True, slots=True)
class Purged:
    """What `_purge` did: the revisions that are gone, by document id."""

    purge_seq: int
    purged: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class LocalDocument:
    """A document of one database that never leaves it (`_local/...`).

    Attributes:
        id: Without the `_local/` prefix.
        rev: `0-<number of writes>`.
        body: One JSON object in UTF-8 without underscore keys.
    """

    id: str
    rev: str
    body: bytes = field(repr=False)
