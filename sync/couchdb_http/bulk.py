"""Many documents in one request: what replication is made of."""

from sync.couch_values import WriteResult
from sync.couchdb_http.documents import revs_of
from sync.couchdb_http.errors import ReplyError, bad_request
from sync.couchdb_http.incoming import Incoming, taken_apart
from sync.couchdb_http.local_documents import PREFIX, write_local
from sync.couchdb_http.outcomes import reason_of
from sync.couchdb_http.replies import Reply, json_reply
from sync.couchdb_http.requests import Request
from sync.couchdb_http.site import Site
from sync.errors import StoreConflictError


def bulk_docs(site: Site, request: Request, name: str) -> Reply:
    """`_bulk_docs`: write many; with `new_edits: false` only the refused are listed."""
    request.require_json()
    body = request.json_object(site.limits.json_bytes)
    documents = body.get("docs")
    if "docs" not in body:
        raise bad_request("POST body must include `docs` parameter.")
    if not isinstance(documents, list):
        raise bad_request("`docs` parameter must be an array.")
    limit_documents(site, len(documents))
    new_edits = body.get("new_edits", True)
    if not isinstance(new_edits, bool):
        raise bad_request("`new_edits` parameter must be a boolean.")
    incoming = [taken_apart(document) for document in documents]
    local = [document for document in incoming if document.id.startswith(PREFIX)]
    revisions = [
        document.revision(new_edits=new_edits, document_id=document.id or site.new_id())
        for document in incoming
        if not document.id.startswith(PREFIX)
    ]
    results = iter(site.store.write(name, revisions, new_edits=new_edits))
    written_local = iter([_written_local(site, name, document) for document in local])
    rows: list[dict[str, object]] = []
    for document in incoming:
        is_local = document.id.startswith(PREFIX)
        result = next(written_local) if is_local else next(results)
        if result.error:
            shown: dict[str, object] = {"id": result.id}
            if not new_edits and document.history:
                shown["rev"] = document.history[0]
            rows.append({**shown, "error": result.error, "reason": reason_of(result)})
        elif new_edits:
            rows.append({"ok": True, "id": result.id, "rev": result.rev})
    return json_reply(rows, 201)


def revs_diff(site: Site, request: Request, name: str) -> Reply:
    """`_revs_diff`: which revisions are missing here, and what they may build upon."""
    rows = {}
    for document_id, found in site.store.missing_revisions(name, _asked(site, request)).items():
        rows[document_id] = {"missing": found.missing}
        if found.possible_ancestors:
            rows[document_id]["possible_ancestors"] = found.possible_ancestors
    return json_reply(rows)


def missing_revs(site: Site, request: Request, name: str) -> Reply:
    """`_missing_revs`: the older form of `_revs_diff`."""
    missing = site.store.missing_revisions(name, _asked(site, request))
    rows = {document_id: found.missing for document_id, found in missing.items()}
    return json_reply({"missing_revs": rows})


def _written_local(site: Site, name: str, incoming: Incoming) -> WriteResult:
    local_id = incoming.id.removeprefix(PREFIX)
    try:
        rev = write_local(site, name, local_id, incoming, incoming.rev)
    except StoreConflictError:
        return WriteResult(incoming.id, "", "conflict")
    except ReplyError as error:
        return WriteResult(incoming.id, "", error.error, error.reason)
    return WriteResult(incoming.id, rev)


def limit_documents(site: Site, count: int) -> None:
    """Refuse to work on more documents at once than the store does.

    Raises:
        ReplyError: There are more; CouchDB's replicator then asks for half.
    """
    if count > min(site.limits.requested_ids, site.store.limits.documents):
        raise ReplyError(413, "too_large", "Too many documents in one request")


def _asked(site: Site, request: Request) -> dict[str, list[str]]:
    request.require_json()
    body = request.json_object(site.limits.json_bytes)
    limit_documents(site, len(body))
    return {document_id: revs_of(revs) for document_id, revs in body.items()}
