"""Single documents: read in all the ways of replicators, written, deleted, copied."""

from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import unquote

from sync.couch_values import (
    Attachment,
    AttachmentStub,
    Revision,
    StagedBlob,
    StoredRevision,
    WriteResult,
)
from sync.couchdb_http import json_text
from sync.couchdb_http.collation import Json
from sync.couchdb_http.errors import ReplyError, bad_request, not_found
from sync.couchdb_http.incoming import (
    Incoming,
    following_length,
    following_names,
    taken_apart,
)
from sync.couchdb_http.multipart import Part, PartReader
from sync.couchdb_http.outcomes import raise_refusal
from sync.couchdb_http.rendering import (
    View,
    related,
    rendered,
    shown_in_full,
    stored_pieces,
    view_of,
)
from sync.couchdb_http.replies import Reply, json_reply, raw_json_reply, url_of
from sync.couchdb_http.requests import Request, parse_header
from sync.couchdb_http.site import Site

REVS_MAX = 1000
"""Revisions that one request may ask for."""


def get_document(site: Site, request: Request, name: str, document_id: str) -> Reply:
    """One revision, or with `open_revs` several."""
    if "open_revs" in request.query:
        return _open_revisions(site, request, name, document_id)
    view = view_of(request)
    since = revs_parameter(request, "atts_since")
    if since is not None:
        view = view.with_attachments(since)
    stored = found(site, request, name, document_id)
    headers = {}
    if view.is_plain:
        headers["ETag"] = f'"{stored.rev}"'
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Reply(304, b"", headers)
    if not stored.attachments or not view.attachments:
        return raw_json_reply(rendered(site, name, stored, view), headers=headers)
    if not request.accepts("multipart/related"):
        text = rendered(site, name, stored, view.with_attachments_inside())
        return raw_json_reply(text, headers=headers)
    boundary = site.boundary()
    outside = view.with_attachments(view.since)
    length, pieces = related(site, name, stored, outside, boundary)
    headers["Content-Type"] = f'multipart/related; boundary="{boundary}"'
    return Reply(200, pieces, headers, length)


def found(site: Site, request: Request, name: str, document_id: str) -> StoredRevision:
    """The revision that a request names, or the winner.

    Raises:
        ReplyError: There is none, or the document is deleted.
    """
    rev = request.query.get("rev")
    if rev and request.flag("latest"):
        rev = None
    stored = site.store.read(name, document_id, rev)
    if stored is None:
        raise not_found()
    if rev is None and stored.deleted and not request.flag("deleted"):
        raise not_found("deleted")
    return stored


def put_document(site: Site, request: Request, name: str, document_id: str) -> Reply:
    """Write a document under a given id."""
    new_edits = request.query.get("new_edits") != "false"
    kind, parameters = request.content_type()
    if kind == "multipart/related":
        with ExitStack() as stack:
            incoming, blobs = _received(site, request, parameters, stack)
            return _write(
                site, request, name, document_id, incoming, blobs, new_edits=new_edits
            )
    incoming = taken_apart(request.json(site.limits.json_bytes))
    return _write(site, request, name, document_id, incoming, {}, new_edits=new_edits)


def post_document(site: Site, request: Request, name: str) -> Reply:
    """Write a document under its own id, or under a new one."""
    request.require_json()
    incoming = taken_apart(request.json(site.limits.json_bytes))
    revision = incoming.revision(new_edits=True, document_id=incoming.id or site.new_id())
    (result,) = site.store.write(name, (revision,), new_edits=True)
    return written(request, name, result)


def delete_document(site: Site, request: Request, name: str, document_id: str) -> Reply:
    """Write a tombstone without fields."""
    stored = site.store.read(name, document_id)
    if stored is None:
        raise not_found()
    rev = edited_revision(request, "")
    if stored.deleted and not rev:
        raise not_found("deleted")
    incoming = taken_apart({"_deleted": True})
    revision = incoming.revision(new_edits=True, document_id=document_id, parent=rev)
    (result,) = site.store.write(name, (revision,), new_edits=True)
    return written(request, name, result, status=200)


def copy_document(site: Site, request: Request, name: str, document_id: str) -> Reply:
    """Write a revision again under the id that the header `Destination` names."""
    stored = found(site, request, name, document_id)
    target, _, query = request.headers.get("destination", "").partition("?")
    target = unquote(target.strip().rsplit("/", 1)[-1] if "://" in target else target.strip())
    if not target:
        raise bad_request("Destination header is mandatory for COPY.")
    parent = query.removeprefix("rev=") if query.startswith("rev=") else None
    with ExitStack() as stack:
        attachments = tuple(
            _copied(stub, stack.enter_context(site.store.stage(pieces)))
            for stub in stored.attachments
            for pieces in [stored_pieces(site, name, stored, stub.name)]
        )
        history = (parent,) if parent else ()
        revision = Revision(target, history, stored.deleted, stored.body, attachments)
        (result,) = site.store.write(name, (revision,), new_edits=True)
    return written(request, name, result)


def written(request: Request, name: str, result: WriteResult, status: int = 201) -> Reply:
    """The answer to a write of one document.

    Raises:
        ReplyError: The store refused it.
    """
    raise_refusal(result)
    headers = {"ETag": f'"{result.rev}"', "Location": url_of(request.origin, name, result.id)}
    return json_reply({"ok": True, "id": result.id, "rev": result.rev}, status, headers)


def edited_revision(request: Request, own: str) -> str:
    """The revision that a write is based on: of the document, the query or `If-Match`.

    Raises:
        ReplyError: They differ.
    """
    asked = request.query.get("rev", "")
    if own and asked and own != asked:
        raise bad_request(
            "Document rev from request body and query string have different values"
        )
    given = own or asked
    match = request.headers.get("if-match", "").strip().strip('"')
    if given and match and given != match:
        raise bad_request("Document rev and etag have different values")
    return given or match


def revs_parameter(request: Request, name: str) -> list[str] | None:
    """A list of revisions among the parameters; None if it is not there.

    Raises:
        ReplyError: It is no such list.
    """
    value = request.json_value(name)
    return None if value is None else revs_of(value)


def revs_of(value: Json) -> list[str]:
    """A list of revisions.

    Raises:
        ReplyError: It is none, or too long.
    """
    if not isinstance(value, list) or len(value) > REVS_MAX:
        raise bad_request("Invalid rev format")
    revs = [rev for rev in value if isinstance(rev, str)]
    if len(revs) != len(value):
        raise bad_request("Invalid rev format")
    return revs


def _open_revisions(site: Site, request: Request, name: str, document_id: str) -> Reply:
    view = view_of(request)
    if request.query["open_revs"] == "all":
        results: tuple[StoredRevision | str, ...] = site.store.leaves(name, document_id)
        if not results:
            raise not_found()
    else:
        asked = request.json_value("open_revs")
        if not isinstance(asked, list):
            # CouchDB trips over anything else, and its clients know it by this word.
            raise bad_request("open_revs must be `all` or a list of revisions", "unknown_error")
        revs = revs_of(asked)
        results = site.store.open_revisions(
            name, document_id, revs, latest=request.flag("latest")
        )
    if request.accepts("multipart/mixed"):
        outside = view.with_attachments(revs_parameter(request, "atts_since"))
        boundary = site.boundary()
        pieces = mixed(site, name, results, outside, boundary)
        return Reply(200, pieces, {"Content-Type": f'multipart/mixed; boundary="{boundary}"'})
    return raw_json_reply(b"[" + b",".join(_rows(site, name, results, view)) + b"]")


def _rows(
    site: Site, name: str, results: tuple[StoredRevision | str, ...], view: View
) -> Iterator[bytes]:
    for result in results:
        if isinstance(result, str):
            yield json_text.encode({"missing": result})
        else:
            yield b'{"ok":' + rendered(site, name, result, view) + b"}"


def mixed(
    site: Site,
    name: str,
    results: tuple[StoredRevision | str, ...],
    view: View,
    boundary: str,
) -> Iterator[bytes]:
    """Revisions as the parts of multipart/mixed, each with its attachments."""
    yield f"--{boundary}".encode()
    for result in results:
        if isinstance(result, str):
            yield b'\r\nContent-Type: application/json; error="true"\r\n\r\n'
            yield json_text.encode({"missing": result})
        elif not shown_in_full(result, view):
            yield b"\r\nContent-Type: application/json\r\n\r\n"
            yield rendered(site, name, result, view)
        else:
            inner = site.boundary()
            yield f'\r\nContent-Type: multipart/related; boundary="{inner}"\r\n\r\n'.encode()
            _, pieces = related(site, name, result, view, inner)
            yield from pieces
        yield f"\r\n--{boundary}".encode()
    yield b"--"


def _received(
    site: Site, request: Request, parameters: dict[str, str], stack: ExitStack
) -> tuple[Incoming, dict[str, StagedBlob]]:
    """A document and the attachments after it, which are staged until `stack` is closed."""
    reader = PartReader(request.pieces(), parameters.get("boundary", ""))
    parts = reader.parts()
    first = next(parts, None)
    if first is None:
        raise bad_request("The multipart body has no parts")
    incoming = taken_apart(_json_part(first, site.limits.json_bytes))
    waiting = list(following_names(incoming))
    blobs: dict[str, StagedBlob] = {}
    for part in parts:
        name = _name_of(part, waiting)
        if name is None:
            raise bad_request("A part follows that the document does not name")
        waiting.remove(name)
        blobs[name] = stack.enter_context(site.store.stage(part.pieces))
        length = following_length(incoming, name)
        if length is not None and length != blobs[name].length:
            raise bad_request(f"Attachment {name} has not the length that was announced")
    return incoming, blobs


def _name_of(part: Part, waiting: list[str]) -> str | None:
    """Which attachment a part is: the one it names, else the next in order."""
    _, parameters = parse_header(part.headers.get("content-disposition", ""))
    named = parameters.get("filename", "")
    if named in waiting:
        return named
    return waiting[0] if waiting else None


def _json_part(part: Part, bytes_max: int) -> Json:
    text = bytearray()
    for piece in part.pieces:
        text += piece
        if len(text) > bytes_max:
            raise ReplyError(413, "document_too_large", "The document is too large")
    return json_text.decode(bytes(text))


def _write(  # noqa: PLR0913  # the parts of one request, which nothing else needs together
    site: Site,
    request: Request,
    name: str,
    document_id: str,
    incoming: Incoming,
    blobs: dict[str, StagedBlob],
    *,
    new_edits: bool,
) -> Reply:
    rev = edited_revision(request, incoming.history[0] if incoming.history else "")
    revision = incoming.revision(
        new_edits=new_edits, document_id=document_id, parent=rev, blobs=blobs
    )
    (result,) = site.store.write(name, (revision,), new_edits=new_edits)
    status = 202 if request.query.get("batch") == "ok" else 201
    return written(request, name, result, 200 if incoming.deleted else status)


def _copied(stub: AttachmentStub, blob: StagedBlob) -> Attachment:
    length = stub.length if stub.encoding else -1
    return Attachment(stub.name, stub.content_type, blob, encoding=stub.encoding, length=length)
