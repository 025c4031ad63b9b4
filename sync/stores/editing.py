"""What becomes of a revision that is to be written: the rules of every store. Pure."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from sync.couch_values import Attachment, AttachmentStub, Limits, StagedBlob
from sync.errors import DocumentRefusedError
from sync.stores.couch_checks import Checked
from sync.stores.revision_tree import Rev, RevisionTree

GENERATION_MAX = 999_999_999


@dataclass(frozen=True, slots=True)
class Held:
    """An attachment of a revision that is stored or about to be.

    Attributes:
        stub: All that is known of it.
        sha256: By which its content is found.
        content: The bytes, if they came with the revision; None if the store has them.
    """

    stub: AttachmentStub
    sha256: bytes
    content: bytes | None = field(default=None, repr=False)


class Branches(Protocol):
    """What is stored of one document."""

    @property
    def tree(self) -> RevisionTree:
        """Its revision tree; empty for a document that is not there."""
        ...

    def has_body(self, rev: Rev) -> bool:
        """Whether the body of `rev` is stored."""
        ...

    def attachments(self) -> Mapping[Rev, tuple[Held, ...]]:
        """The attachments of all its revisions that have any."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """How revisions are to be taken: as edits made here or with a history, and the limits."""

    new_edits: bool
    revs_limit: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class Plan:
    """What to store.

    Attributes:
        rev: The revision that was given or made.
        tree: The document's tree from now on.
        is_new: Whether the body and the attachments of `rev` are to be stored; else all that
            can change is the tree.
        attachments: Those of `rev`, if it is new.
    """

    rev: Rev
    tree: RevisionTree
    is_new: bool
    attachments: tuple[Held, ...]


def plan(checked: Checked, branches: Branches, rules: Rules) -> Plan:
    """What writing `checked` does to its document.

    Raises:
        DocumentRefusedError: Nothing; `code` is `conflict`, `missing_stub`,
            `content_md5_mismatch` or `forbidden`.
    """
    tree = branches.tree
    attachments: tuple[Held, ...] | None = None
    history = checked.history
    if rules.new_edits:
        parent = _edited(tree, history)
        generation = parent.generation + 1 if parent else 1
        known = tree.path(parent) if parent else ()
        attachments = _attachments(checked, branches, known, generation, keep_revpos=False)
        history = (new_rev(checked, parent, attachments), *((parent,) if parent else ()))
    rev = history[0]
    is_new = rev not in tree.nodes or not branches.has_body(rev)
    if is_new and attachments is None:
        known = tuple(ancestor for ancestor in history[1:] if ancestor in tree.nodes)
        attachments = _attachments(checked, branches, known, rev.generation, keep_revpos=True)
    after = tree.merged(history, deleted=checked.deleted).stemmed(rules.revs_limit)
    if is_new and rev not in after.nodes:
        # An ancestor so old that the stem was cut past it: known, and not kept.
        is_new = False
    _check_leaves(tree, after, rules.limits.leaves)
    return Plan(rev, after, is_new, attachments or ())


def new_rev(checked: Checked, parent: Rev | None, attachments: tuple[Held, ...]) -> Rev:
    """The revision of an edit: the same edit of the same parent has the same one anywhere.

    MD5 is CouchDB's shape of a revision and guards nothing.
    """
    named = sorted(
        (held.stub.name, held.stub.content_type, held.stub.digest) for held in attachments
    )
    said = [checked.deleted, parent.text if parent else "", checked.value, named]
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":")).encode("ascii")
    generation = parent.generation + 1 if parent else 1
    return Rev(generation, hashlib.md5(canonical, usedforsecurity=False).hexdigest())


def md5_digest(content: bytes) -> str:
    """CouchDB's digest of an attachment."""
    return digest_text(hashlib.md5(content, usedforsecurity=False).digest())


def digest_text(md5: bytes) -> str:
    """An MD5 as CouchDB writes it."""
    return "md5-" + base64.b64encode(md5).decode("ascii")


def _edited(tree: RevisionTree, history: tuple[Rev, ...]) -> Rev | None:
    """The leaf that an edit takes the place of; None for a new document."""
    if history:
        node = tree.nodes.get(history[0])
        if node is None or not node.leaf:
            raise DocumentRefusedError("conflict", "Document update conflict.")
        parent: Rev | None = history[0]
    else:
        parent = next(iter(tree.leaves()), None)
        if parent is not None and not tree.nodes[parent].deleted:
            raise DocumentRefusedError("conflict", "Document update conflict.")
    if parent is not None and parent.generation >= GENERATION_MAX:
        raise DocumentRefusedError("forbidden", "the document has too many generations")
    return parent


def _check_leaves(before: RevisionTree, after: RevisionTree, leaves_max: int) -> None:
    count = len(after.leaves())
    if count > leaves_max and count > len(before.leaves()):
        raise DocumentRefusedError(
            "forbidden",
            f"the document would have {count} conflicting revisions, {leaves_max} at most:"
            " delete or purge some",
        )


def _attachments(
    checked: Checked,
    branches: Branches,
    ancestors: tuple[Rev, ...],
    generation: int,
    *,
    keep_revpos: bool,
) -> tuple[Held, ...]:
    found: list[Held] = []
    for attachment in checked.attachments:
        if isinstance(attachment, AttachmentStub):
            found.append(_resolved(attachment, branches, ancestors))
        else:
            brought = attachment.revpos if keep_revpos else 0
            found.append(_brought(attachment, min(brought or generation, generation)))
    return tuple(found)


def _brought(attachment: Attachment, revpos: int) -> Held:
    data = attachment.data
    if isinstance(data, StagedBlob):
        digest, sha256, length, content = data.digest, data.sha256, data.length, None
    else:
        digest, sha256 = md5_digest(data), hashlib.sha256(data).digest()
        length, content = len(data), data
    if attachment.digest not in {"", digest}:
        raise DocumentRefusedError(
            "content_md5_mismatch",
            f"attachment {attachment.name!a:.80} is not what its MD5 says",
        )
    whole = attachment.length if attachment.encoding and attachment.length >= 0 else length
    stub = AttachmentStub(
        name=attachment.name,
        content_type=attachment.content_type,
        digest=digest,
        length=whole,
        revpos=revpos,
        encoding=attachment.encoding,
        encoded_length=length,
    )
    return Held(stub, sha256, content)


def _resolved(asked: AttachmentStub, branches: Branches, ancestors: tuple[Rev, ...]) -> Held:
    stored = branches.attachments()
    for rev in _nearest_first(stored, ancestors):
        for held in stored[rev]:
            if held.stub.name == asked.name and _agrees(asked, held.stub):
                return replace(held, content=None)
    raise DocumentRefusedError(
        "missing_stub", f"Invalid attachment stub for {asked.name!a:.80}"
    )


def _nearest_first(
    stored: Mapping[Rev, tuple[Held, ...]], ancestors: tuple[Rev, ...]
) -> Iterator[Rev]:
    yield from (rev for rev in ancestors if rev in stored)
    yield from sorted((rev for rev in stored if rev not in ancestors), reverse=True)


def _agrees(asked: AttachmentStub, stored: AttachmentStub) -> bool:
    if asked.digest:
        return asked.digest == stored.digest
    return asked.revpos in {0, stored.revpos}
