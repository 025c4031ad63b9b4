"""Local documents: checkpoints of replications, which never leave the database."""

from sync.couch_values import LocalDocument
from sync.couchdb_http import json_text
from sync.couchdb_http.documents import edited_revision
from sync.couchdb_http.errors import bad_request, not_found
from sync.couchdb_http.incoming import Incoming, taken_apart
from sync.couchdb_http.replies import Reply, json_reply, raw_json_reply
from sync.couchdb_http.requests import Request
from sync.couchdb_http.site import Site

PREFIX = "_local/"
_REMOVED = "0-0"


def get_local(site: Site, _request: Request, name: str, document_id: str) -> Reply:
    """A local document."""
    local = site.store.get_local(name, document_id)
    if local is None:
        raise not_found()
    return raw_json_reply(rendered_local(local))


def put_local(site: Site, request: Request, name: str, document_id: str) -> Reply:
    """Write a local document, based on the revision it has.

    CouchDB does not look at the revision, PouchDB's servers do: so two replications that took
    the same name do not wipe out each other's checkpoints. Both kinds of clients read it again
    and go on.
    """
    incoming = taken_apart(request.json(site.limits.json_bytes))
    rev = edited_revision(request, incoming.rev)
    new = write_local(site, name, document_id, incoming, rev)
    status = 200 if incoming.deleted else 201
    return json_reply({"ok": True, "id": PREFIX + document_id, "rev": new}, status)


def write_local(site: Site, name: str, document_id: str, incoming: Incoming, rev: str) -> str:
    """Write or remove a local document, and give its revision.

    Raises:
        ReplyError: It has attachments, or there is none to remove.
        StoreConflictError: It has another revision than `rev`.
    """
    if incoming.attachments:
        raise bad_request("_local documents do not accept attachments.")
    based_on = rev or None
    if not incoming.deleted:
        body = json_text.encode(incoming.fields)
        return site.store.put_local(name, document_id, body, rev=based_on, checked=True)
    if not site.store.delete_local(name, document_id, rev=based_on, checked=True):
        raise not_found()
    return _REMOVED


def delete_local(site: Site, request: Request, name: str, document_id: str) -> Reply:
    """Remove a local document."""
    removal = taken_apart({"_deleted": True})
    rev = write_local(site, name, document_id, removal, edited_revision(request, ""))
    return json_reply({"ok": True, "id": PREFIX + document_id, "rev": rev})


def rendered_local(local: LocalDocument) -> bytes:
    """The JSON of a local document."""
    return json_text.spliced({"_id": PREFIX + local.id, "_rev": local.rev}, local.body)
