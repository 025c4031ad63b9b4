"""Single attachments: read whole or in ranges, written and removed."""

import re
from collections.abc import Iterator, Sequence

from sync.couch_ports import AttachmentContent
from sync.couch_values import Attachment, AttachmentStub, Revision, StoredRevision
from sync.couchdb_http.documents import edited_revision, found, written
from sync.couchdb_http.errors import ReplyError, bad_content_type, not_found
from sync.couchdb_http.incoming import check_attachment_name
from sync.couchdb_http.outcomes import raise_refusal
from sync.couchdb_http.replies import Reply, json_reply, url_of
from sync.couchdb_http.requests import Request, gunzipped
from sync.couchdb_http.site import Site

RANGES_MAX = 9
"""CouchDB answers more ranges than these with the whole."""

_RANGE = re.compile(r"(\d{0,18})-(\d{0,18})")


def get_attachment(
    site: Site, request: Request, name: str, document_id: str, attachment: str
) -> Reply:
    """The bytes of an attachment; those that are stored packed are sent so to who takes it."""
    stored = found(site, request, name, document_id)
    content = site.store.attachment(name, document_id, stored.rev, attachment)
    if content is None:
        raise not_found("Document is missing attachment")
    stub = content.stub
    headers = {
        "ETag": f'"{stub.digest.removeprefix("md5-")}"',
        "Cache-Control": "must-revalidate",
        "Content-Type": "".join(sign for sign in stub.content_type if " " <= sign <= "~"),
        # Nothing that a stranger uploaded runs as a page of this server.
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "none" if stub.encoding else "bytes",
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Reply(304, b"", headers)
    if stub.encoding:
        return _packed(request, content, headers)
    ranges = _ranges(request.headers.get("range", ""), stub.length)
    if len(ranges) == 1:
        first, last = ranges[0]
        headers["Content-Range"] = f"bytes {first}-{last}/{stub.length}"
        return Reply(206, content.pieces(first, last + 1), headers, last + 1 - first)
    if 1 < len(ranges) <= RANGES_MAX:
        return _several(site, content, ranges, headers)
    return Reply(200, content.pieces(), headers, stub.length)


def put_attachment(
    site: Site, request: Request, name: str, document_id: str, attachment: str
) -> Reply:
    """A new revision of a document, or a new document, with this attachment."""
    check_attachment_name(attachment)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise bad_content_type("Only gzip and identity content-encodings are supported")
    stored = _edited(site, request, name, document_id)
    content_type = request.headers.get("content-type") or "application/octet-stream"
    with site.store.stage(request.raw_pieces()) as blob:
        new = Attachment(
            attachment,
            content_type,
            blob,
            encoding="gzip" if encoding == "gzip" else None,
        )
        revision = _with_attachment(document_id, stored, attachment, new)
        (result,) = site.store.write(name, (revision,), new_edits=True)
    raise_refusal(result)
    reply = written(request, name, result)
    location = url_of(request.origin, name, document_id, attachment)
    return Reply(201, reply.body, {**reply.headers, "Location": location})


def delete_attachment(
    site: Site, request: Request, name: str, document_id: str, attachment: str
) -> Reply:
    """A new revision of a document without this attachment."""
    stored = _edited(site, request, name, document_id)
    current = stored if stored is not None else found(site, request, name, document_id)
    if attachment not in {stub.name for stub in current.attachments}:
        raise not_found("Document is missing attachment")
    revision = _with_attachment(document_id, stored, attachment, None)
    (result,) = site.store.write(name, (revision,), new_edits=True)
    raise_refusal(result)
    return json_reply({"ok": True, "id": result.id, "rev": result.rev})


def _edited(site: Site, request: Request, name: str, document_id: str) -> StoredRevision | None:
    """The revision that the write is based on; None if it names none."""
    rev = edited_revision(request, "")
    if not rev:
        return None
    stored = site.store.read(name, document_id, rev)
    if stored is None:
        raise ReplyError(409, "not_found", "missing_rev")
    return stored


def _with_attachment(
    document_id: str, stored: StoredRevision | None, name: str, new: Attachment | None
) -> Revision:
    added = () if new is None else (new,)
    if stored is None:
        return Revision(document_id, (), deleted=False, body=b"{}", attachments=added)
    kept: tuple[Attachment | AttachmentStub, ...] = tuple(
        stub for stub in stored.attachments if stub.name != name
    )
    return Revision(document_id, (stored.rev,), stored.deleted, stored.body, kept + added)


def _packed(request: Request, content: AttachmentContent, headers: dict[str, str]) -> Reply:
    if "gzip" in request.headers.get("accept-encoding", "").lower():
        headers["Content-Encoding"] = "gzip"
        return Reply(200, content.pieces(), headers, content.stub.encoded_length)
    return Reply(200, gunzipped(content.pieces()), headers)


def _ranges(header: str, length: int) -> list[tuple[int, int]]:
    """First and last byte of each range asked for; none if the whole is to be sent.

    Raises:
        ReplyError: A range lies outside; status 416.
    """
    unit, _, text = header.partition("=")
    matches = [_RANGE.fullmatch(part.strip()) for part in text.split(",")]
    if unit.strip().lower() != "bytes":
        return []
    ranges = []
    for match in matches:
        if match is None or match[0] == "-":
            return []
        if match[1]:
            first, last = int(match[1]), int(match[2] or length)
        else:
            first, last = max(length - int(match[2]), 0), length
        last = min(last, length - 1)
        if first > last:
            raise ReplyError(
                416,
                "requested_range_not_satisfiable",
                "Requested range not satisfiable",
                {"Content-Range": f"bytes */{length}"},
            )
        ranges.append((first, last))
    return ranges


def _several(
    site: Site,
    content: AttachmentContent,
    ranges: Sequence[tuple[int, int]],
    headers: dict[str, str],
) -> Reply:
    boundary = site.boundary()
    length = content.stub.length
    kind = headers["Content-Type"]

    def pieces() -> Iterator[bytes]:
        yield f"--{boundary}".encode()
        for first, last in ranges:
            yield f"\r\nContent-Type: {kind}\r\n".encode()
            yield f"Content-Range: bytes {first}-{last}/{length}\r\n\r\n".encode()
            yield from content.pieces(first, last + 1)
            yield f"\r\n--{boundary}".encode()
        yield b"--"

    several = f'multipart/byteranges; boundary="{boundary}"'
    return Reply(206, pieces(), {**headers, "Content-Type": several})
