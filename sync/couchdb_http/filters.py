"""Which rows of a feed a client wants."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sync.couch_values import FeedRow, StoredRevision
from sync.couchdb_http import json_text
from sync.couchdb_http.bulk import limit_documents
from sync.couchdb_http.collation import Json
from sync.couchdb_http.errors import bad_request, not_found, not_implemented
from sync.couchdb_http.requests import Request
from sync.couchdb_http.selectors import Predicate, compile_selector
from sync.couchdb_http.site import Site

Keep = Callable[[FeedRow], FeedRow | None]
"""Gives a row, perhaps with fewer revisions, or None if nothing of it is wanted."""

_NO_JAVASCRIPT = (
    "This server runs no JavaScript: filter by _doc_ids, _selector or _design instead"
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a feed gives.

    Attributes:
        keep: Judges rows; None if all are wanted.
        document_ids: Only these documents, which the store finds directly.
    """

    keep: Keep | None = None
    document_ids: tuple[str, ...] | None = None


def filter_of(site: Site, request: Request, name: str, body: dict[str, Json]) -> Filter:
    """The filter that a request names.

    Raises:
        ReplyError: It makes no sense, or it needs JavaScript.
    """
    named = request.query.get("filter", "")
    if not named:
        return Filter()
    if named == "_doc_ids":
        return Filter(document_ids=_document_ids(site, request, body))
    if named == "_selector":
        if "selector" not in body:
            raise bad_request("Selector must be specified in POST payload")
        return Filter(_by_selector(site, name, compile_selector(body["selector"])))
    if named == "_design":
        return Filter(lambda row: row if row.id.startswith("_design/") else None)
    if named == "_view":
        named = request.query.get("view", "")
        return _javascript(site, name, named, "views", "view")
    return _javascript(site, name, named, "filters", "filter")


def as_json(stored: StoredRevision) -> dict[str, Json]:
    """A revision as selectors see it."""
    fields = json_text.decode(stored.body)
    assert isinstance(fields, dict), "bodies are objects"
    shown: dict[str, Json] = {"_id": stored.id, "_rev": stored.rev, **fields}
    if stored.deleted:
        shown["_deleted"] = True
    if stored.attachments:
        shown["_attachments"] = {
            stub.name: {
                "content_type": stub.content_type,
                "revpos": stub.revpos,
                "digest": stub.digest,
                "length": stub.length,
                "stub": True,
            }
            for stub in stored.attachments
        }
    return shown


def _document_ids(site: Site, request: Request, body: dict[str, Json]) -> tuple[str, ...]:
    asked = body.get("doc_ids", request.json_value("doc_ids"))
    if not isinstance(asked, list):
        raise bad_request("`doc_ids` filter parameter is not a list.")
    limit_documents(site, len(asked))
    return tuple(document_id for document_id in asked if isinstance(document_id, str))


def _by_selector(site: Site, name: str, wanted: Predicate) -> Keep:
    def keep(row: FeedRow) -> FeedRow | None:
        found = site.store.open_revisions(name, row.id, row.revs)
        revs = tuple(
            stored.rev
            for stored in found
            if isinstance(stored, StoredRevision) and wanted(as_json(stored))
        )
        return replace(row, revs=revs) if revs else None

    return keep


def _javascript(site: Site, name: str, named: str, kind: str, word: str) -> Filter:
    design, slash, function = named.partition("/")
    if not slash:
        raise bad_request(
            f"`{word}` filter parameter must be of the form `designname/{word}name`"
        )
    stored = site.store.read(name, f"_design/{design}")
    if stored is None or stored.deleted:
        raise not_found()
    functions = as_json(stored).get(kind)
    if not isinstance(functions, dict):
        raise not_found(f"missing json key: {kind}")
    if function not in functions:
        raise not_found(f"missing json key: {function}")
    raise not_implemented(_NO_JAVASCRIPT)
