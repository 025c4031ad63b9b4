"""Stored revisions as clients get them: JSON, or multipart with the attachments after it."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sync.couch_values import AttachmentStub, StoredRevision
from sync.couchdb_http import json_text
from sync.couchdb_http.errors import not_found, too_large
from sync.couchdb_http.multipart import file_name, part_head
from sync.couchdb_http.requests import Request, gunzipped
from sync.couchdb_http.site import Site


@dataclass(frozen=True, slots=True)
class View:
    """What of a revision is shown; the names are those of the parameters.

    Attributes:
        follows: Whether attachments stand after the document instead of in it.
        since: Attachments that came with one of these revisions or before are only named;
            None to give them all.
    """

    revs: bool = False
    revs_info: bool = False
    conflicts: bool = False
    deleted_conflicts: bool = False
    local_seq: bool = False
    attachments: bool = False
    att_encoding_info: bool = False
    follows: bool = False
    since: tuple[str, ...] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether only the revision itself is shown, which never changes."""
        return self == View()

    def with_attachments_inside(self) -> "View":
        """The same, with the bytes of the attachments in the JSON, in base64."""
        return replace(self, attachments=True, follows=False, att_encoding_info=False)

    def with_attachments(self, since: Sequence[str] | None = None) -> "View":
        """The same, with the bytes of the attachments after the document."""
        return replace(
            self,
            attachments=True,
            follows=True,
            att_encoding_info=True,
            since=None if since is None else tuple(since),
        )


def view_of(request: Request) -> View:
    """What a client wants to see."""
    meta = request.flag("meta")
    return View(
        revs=request.flag("revs"),
        revs_info=meta or request.flag("revs_info"),
        conflicts=meta or request.flag("conflicts"),
        deleted_conflicts=meta or request.flag("deleted_conflicts"),
        local_seq=request.flag("local_seq"),
        attachments=request.flag("attachments"),
        att_encoding_info=request.flag("att_encoding_info"),
    )


def rendered(site: Site, name: str, stored: StoredRevision, view: View) -> bytes:
    """The JSON of a revision."""
    fields: dict[str, object] = {"_id": stored.id, "_rev": stored.rev}
    if stored.deleted:
        fields["_deleted"] = True
    if view.revs:
        start = stored.history[0].partition("-")[0]
        ids = [rev.partition("-")[2] for rev in stored.history]
        fields["_revisions"] = {"start": int(start), "ids": ids}
    if view.revs_info:
        pairs = zip(stored.history, stored.availability, strict=True)
        fields["_revs_info"] = [{"rev": rev, "status": status} for rev, status in pairs]
    if view.local_seq:
        fields["_local_seq"] = stored.seq
    if view.conflicts and (conflicts := stored.conflicts()):
        fields["_conflicts"] = conflicts
    if view.deleted_conflicts and (conflicts := stored.deleted_conflicts()):
        fields["_deleted_conflicts"] = conflicts
    if stored.attachments:
        full = set(shown_in_full(stored, view))
        fields["_attachments"] = {
            stub.name: _entry(site, name, stored, stub, view if stub in full else None)
            | (_encoding(stub) if view.att_encoding_info else {})
            for stub in stored.attachments
        }
    return json_text.spliced(fields, stored.body)


def shown_in_full(stored: StoredRevision, view: View) -> tuple[AttachmentStub, ...]:
    """The attachments whose bytes are given."""
    if not view.attachments:
        return ()
    known = 0
    if view.since:
        generations = [_generation(rev) for rev in stored.history if rev in view.since]
        known = max(generations, default=0)
    return tuple(stub for stub in stored.attachments if stub.revpos > known)


def related(
    site: Site, name: str, stored: StoredRevision, view: View, boundary: str
) -> tuple[int, Iterator[bytes]]:
    """A document and its attachments as the body of multipart/related.

    Gives:
        Its length, and its pieces.
    """
    text = rendered(site, name, stored, view)
    head = f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode() + text
    stubs = shown_in_full(stored, view)
    heads = [f"\r\n--{boundary}\r\n".encode() + part_head(_part_headers(s)) for s in stubs]
    foot = f"\r\n--{boundary}--".encode()
    length = len(head) + sum(map(len, heads)) + sum(s.encoded_length for s in stubs) + len(foot)

    def pieces() -> Iterator[bytes]:
        yield head
        for stub, part in zip(stubs, heads, strict=True):
            yield part
            yield from stored_pieces(site, name, stored, stub.name)
        yield foot

    return length, pieces()


def stored_pieces(
    site: Site, name: str, stored: StoredRevision, attachment: str
) -> Iterator[bytes]:
    """The bytes of an attachment as they are stored."""
    content = site.store.attachment(name, stored.id, stored.rev, attachment)
    if content is None:
        raise not_found("Document is missing attachment")
    yield from content.pieces()


def _entry(
    site: Site, name: str, stored: StoredRevision, stub: AttachmentStub, view: View | None
) -> dict[str, object]:
    """One entry of `_attachments`; without a view the bytes are left out."""
    entry: dict[str, object] = {
        "content_type": stub.content_type,
        "revpos": stub.revpos,
        "digest": stub.digest,
    }
    if view is None:
        return {**entry, "length": stub.length, "stub": True}
    if view.follows:
        return {**entry, "length": stub.length, "follows": True}
    pieces = stored_pieces(site, name, stored, stub.name)
    content = _whole(gunzipped(pieces) if stub.encoding else pieces, site.limits.json_bytes)
    return {**entry, "data": base64.b64encode(content).decode("ascii")}


def _whole(pieces: Iterator[bytes], bytes_max: int) -> bytes:
    whole = bytearray()
    for piece in pieces:
        whole += piece
        if len(whole) > bytes_max:
            raise too_large("An attachment is too large to stand inside JSON")
    return bytes(whole)


def _encoding(stub: AttachmentStub) -> dict[str, object]:
    if stub.encoding is None:
        return {}
    return {"encoding": stub.encoding, "encoded_length": stub.encoded_length}


def _part_headers(stub: AttachmentStub) -> dict[str, str]:
    headers = {
        "Content-Disposition": file_name(stub.name),
        "Content-Type": "".join(s for s in stub.content_type if s not in "\r\n"),
        "Content-Length": str(stub.encoded_length),
    }
    if stub.encoding:
        headers["Content-Encoding"] = stub.encoding
    return headers


def _generation(rev: str) -> int:
    return int(rev.partition("-")[0])
