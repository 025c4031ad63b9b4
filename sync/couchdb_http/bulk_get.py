"""`_bulk_get`: many revisions in one answer, in the order in which they were asked for.

CouchDB's replicator takes the answer only if it has exactly the shape given here; otherwise it
fetches every document alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sync.couch_values import StoredRevision
from sync.couchdb_http import json_text
from sync.couchdb_http.bulk import limit_documents
from sync.couchdb_http.collation import Json
from sync.couchdb_http.documents import revs_of
from sync.couchdb_http.errors import ReplyError, bad_request
from sync.couchdb_http.rendering import View, related, rendered, shown_in_full, view_of
from sync.couchdb_http.replies import Reply
from sync.couchdb_http.requests import Request
from sync.couchdb_http.site import Site
from sync.errors import DocumentRefusedError

_ONLY_IN_BODY = ("open_revs", "new_edits", "w", "rev", "atts_since")


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why there is no revision."""

    rev: str | None
    error: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """What was found for one entry of the request."""

    id: str | None
    found: tuple[StoredRevision | _Refused, ...]
    view: View


def bulk_get(site: Site, request: Request, name: str) -> Reply:
    """The revisions that a request lists; an entry that cannot be answered says why."""
    request.require_json()
    for parameter in _ONLY_IN_BODY:
        if parameter in request.query:
            raise bad_request(f'"{parameter}" query parameter is not acceptable')
    body = request.json_object(site.limits.json_bytes)
    documents = body.get("docs")
    if not isinstance(documents, list):
        raise bad_request("Missing JSON list of 'docs'.")
    limit_documents(site, len(documents))
    site.store.describe(name)  # a missing database is an error of the whole request
    view = view_of(request)
    latest, inline = request.flag("latest"), request.flag("attachments", default=True)
    entries = (_entry(site, name, asked, view, (latest, inline)) for asked in documents)
    if not request.accepts("application/json"):
        for kind in ("multipart/mixed", "multipart/related"):
            if request.accepts(kind):
                boundary = site.boundary()
                pieces = _parts(site, name, entries, boundary)
                return Reply(200, pieces, {"Content-Type": f'{kind}; boundary="{boundary}"'})
    return Reply(200, _results(site, name, entries), {"Content-Type": "application/json"})


def _entry(site: Site, name: str, asked: Json, view: View, how: tuple[bool, bool]) -> _Entry:
    """Look one entry up; `how` says whether leaves are wanted, and attachments inside."""
    latest, inline = how
    document_id = None
    rev = None
    try:
        document_id, rev, since = _asked(asked)
        if since:
            # CouchDB's replicator says `attachments=false` and means it: it drops documents
            # that come with any and fetches those alone.
            view = replace(view, attachments=inline, since=tuple(since))
        found: tuple[StoredRevision | str, ...]
        if rev is None:
            found = site.store.leaves(name, document_id)
        else:
            found = site.store.open_revisions(name, document_id, [rev], latest=latest)
    except ReplyError as error:
        return _Entry(document_id, (_Refused(rev, error.error, error.reason),), view)
    except DocumentRefusedError as error:
        return _Entry(document_id, (_Refused(rev, error.code, str(error)),), view)
    results = tuple(
        _Refused(one, "not_found", "missing") if isinstance(one, str) else one
        for one in found or (rev or "undefined",)
    )
    return _Entry(document_id, results, view)


def _asked(asked: Json) -> tuple[str, str | None, list[str]]:
    if not isinstance(asked, dict):
        raise bad_request("document must be a JSON object")
    document_id, rev = asked.get("id"), asked.get("rev")
    if document_id is None:
        raise bad_request("document id missed")
    if not isinstance(document_id, str):
        raise bad_request("Document id must be a string", "illegal_docid")
    if rev is not None and not isinstance(rev, str):
        raise bad_request("Invalid rev format")
    return document_id, rev, revs_of(asked.get("atts_since") or [])


def _results(site: Site, name: str, entries: Iterator[_Entry]) -> Iterator[bytes]:
    yield b'{"results":['
    separator = b""
    for entry in entries:
        rows = b",".join(_row(site, name, entry, found) for found in entry.found)
        named = json_text.encode(entry.id)
        yield separator + b'{"id":' + named + b',"docs":[' + rows + b"]}"
        separator = b","
    yield b"]}\n"


def _row(site: Site, name: str, entry: _Entry, found: StoredRevision | _Refused) -> bytes:
    if isinstance(found, _Refused):
        return json_text.encode({"error": _described(entry, found)})
    view = entry.view.with_attachments_inside() if entry.view.attachments else entry.view
    return b'{"ok":' + rendered(site, name, found, view) + b"}"


def _described(entry: _Entry, refused: _Refused) -> dict[str, object]:
    return {
        "id": entry.id,
        "rev": refused.rev,
        "error": refused.error,
        "reason": refused.reason,
    }


def _parts(site: Site, name: str, entries: Iterator[_Entry], boundary: str) -> Iterator[bytes]:
    opening = f"\r\n--{boundary}\r\n".encode()
    for entry in entries:
        view = entry.view.with_attachments(entry.view.since)
        for found in entry.found:
            yield opening
            if isinstance(found, _Refused):
                yield b'Content-Type: application/json; error="true"\r\n\r\n'
                yield json_text.encode(_described(entry, found))
            elif not shown_in_full(found, view):
                yield b"Content-Type: application/json\r\n\r\n"
                yield rendered(site, name, found, view)
            else:
                inner = site.boundary()
                yield f"X-Doc-Id: {found.id}\r\nX-Rev-Id: {found.rev}\r\n".encode()
                yield f'Content-Type: multipart/related; boundary="{inner}"\r\n\r\n'.encode()
                yield from related(site, name, found, view, inner)[1]
    yield f"\r\n--{boundary}--\r\n".encode()
