"""Mango queries: `_find` over all documents, in as many pages as the client asks for.

Indexes are accepted and kept as design documents, so that clients that make one first are
served; queries read every document whether there is an index or not.
"""

import base64
import binascii
import hashlib
import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sync.couch_values import IdRange, Revision, StoredRevision
from sync.couchdb_http import json_text
from sync.couchdb_http.collation import Json, Key, key_of
from sync.couchdb_http.errors import ReplyError, bad_request, not_found
from sync.couchdb_http.filters import as_json
from sync.couchdb_http.outcomes import raise_refusal
from sync.couchdb_http.replies import Reply, json_reply
from sync.couchdb_http.requests import Request
from sync.couchdb_http.selectors import (
    MISSING,
    Predicate,
    compile_selector,
    field_of,
    parse_path,
)
from sync.couchdb_http.site import Site

LIMIT = 25
"""Documents of a page if the client does not say; CouchDB's default."""

SORTED_MAX = 10_000
"""Documents that are sorted in memory; more need a narrower selector."""

_PAGE = 500
_NO_INDEX = "No matching index found, create an index to optimize query time."
_ALL_DOCS: dict[str, object] = {
    "ddoc": None,
    "name": "_all_docs",
    "type": "special",
    "def": {"fields": [{"_id": "asc"}]},
}


@dataclass(frozen=True, slots=True)
class _Query:
    """What a client looks for."""

    wanted: Predicate
    fields: tuple[tuple[str, ...], ...] | None
    order: tuple[tuple[str, ...], ...]
    descending: bool
    limit: int
    skip: int
    after: str | None
    with_conflicts: bool
    with_statistics: bool


class _Counted:
    """Documents on their way, counted."""

    def __init__(self) -> None:
        self.examined = 0


def find(site: Site, request: Request, name: str) -> Reply:
    """`_find`: the documents that a selector means."""
    query = _query(site, request)
    counted = _Counted()
    if query.order and query.order != (("_id",),):
        found, bookmark = _sorted(site, name, query, counted)
    else:
        found, bookmark = _in_order_of_ids(site, name, query, counted)
    reply: dict[str, object] = {
        "docs": [_shown(document, query.fields) for document in found],
        "bookmark": bookmark,
        "warning": _NO_INDEX,
    }
    if query.with_statistics:
        reply["execution_stats"] = {
            "total_keys_examined": 0,
            "total_docs_examined": counted.examined,
            "total_quorum_docs_examined": 0,
            "results_returned": len(found),
        }
    return json_reply(reply)


def explain(site: Site, request: Request, name: str) -> Reply:
    """`_explain`: that every document is read."""
    query = _query(site, request)
    return json_reply(
        {
            "dbname": name,
            "index": _ALL_DOCS,
            "limit": query.limit,
            "skip": query.skip,
            "fields": "all_fields"
            if query.fields is None
            else [".".join(f) for f in query.fields],
        }
    )


def list_indexes(site: Site, _request: Request, name: str) -> Reply:
    """The indexes that clients made, after the one of all ids."""
    rows = [_ALL_DOCS]
    for stored in _design_documents(site, name):
        document = as_json(stored)
        views = document.get("views")
        if document.get("language") != "query" or not isinstance(views, dict):
            continue
        for index, view in views.items():
            options = view.get("options") if isinstance(view, dict) else None
            definition = options.get("def") if isinstance(options, dict) else {}
            rows.append({"ddoc": stored.id, "name": index, "type": "json", "def": definition})
    return json_reply({"total_rows": len(rows), "indexes": rows})


def make_index(site: Site, request: Request, name: str) -> Reply:
    """Keep the definition of an index as a design document, as CouchDB does."""
    request.require_json()
    body = request.json_object(site.limits.json_bytes)
    definition = body.get("index")
    fields = definition.get("fields") if isinstance(definition, dict) else None
    if body.get("type", "json") != "json" or not isinstance(fields, list) or not fields:
        raise bad_request("Only indexes of type json with fields are known", "invalid_index")
    _order(fields)
    text = json_text.encode(definition)
    digest = hashlib.sha1(text, usedforsecurity=False).hexdigest()
    index, design = body.get("name", digest), body.get("ddoc", digest)
    if not isinstance(index, str) or not isinstance(design, str):
        raise bad_request("The name of an index must be a string", "invalid_index")
    design_id = "_design/" + design.removeprefix("_design/")
    stored = site.store.read(name, design_id)
    live = stored if stored and not stored.deleted else None
    fields_of_design = as_json(live) if live else {}
    views = fields_of_design.get("views")
    views = views if isinstance(views, dict) else {}
    row = {"result": "exists", "id": design_id, "name": index}
    if index in views:
        return json_reply(row)
    views[index] = {"map": {"fields": fields}, "options": {"def": definition}}
    document: dict[str, Json] = {"language": "query", "views": views}
    _write_design(site, name, design_id, live, document)
    return json_reply({**row, "result": "created"})


def delete_index(site: Site, _request: Request, name: str, path: Sequence[str]) -> Reply:
    """Forget an index: `_index/<design document>/json/<name>`."""
    parts = [part for part in path if part != "_design"]
    if len(parts) != 3 or parts[1] != "json":  # noqa: PLR2004
        raise not_found()
    design_id = "_design/" + parts[0].removeprefix("_design/")
    stored = site.store.read(name, design_id)
    document = as_json(stored) if stored and not stored.deleted else {}
    views = document.get("views")
    if stored is None or not isinstance(views, dict) or views.pop(parts[2], None) is None:
        raise not_found()
    _write_design(site, name, design_id, stored, {"language": "query", "views": views})
    return json_reply({"ok": True})


def _write_design(
    site: Site,
    name: str,
    design_id: str,
    stored: StoredRevision | None,
    document: dict[str, Json],
) -> None:
    deleted = not document["views"]
    body = b"{}" if deleted else json_text.encode(document)
    history = (stored.rev,) if stored else ()
    revision = Revision(design_id, history, deleted, body)
    (result,) = site.store.write(name, (revision,), new_edits=True)
    raise_refusal(result)


def _query(site: Site, request: Request) -> _Query:
    request.require_json()
    body = request.json_object(site.limits.json_bytes)
    if "selector" not in body:
        raise bad_request("Missing required key: selector", "missing_required_key")
    order, descending = _order(body.get("sort") or [])
    limit, skip = _whole(body, "limit", LIMIT), _whole(body, "skip", 0)
    after = None
    bookmark = body.get("bookmark")
    if isinstance(bookmark, str) and bookmark not in {"", "nil"}:
        skip_so_far, after = _read_bookmark(bookmark)
        skip += skip_so_far
        skip = 0 if after is not None else skip
    return _Query(
        compile_selector(body["selector"]),
        _fields(body.get("fields")),
        order,
        descending,
        limit,
        skip,
        after,
        body.get("conflicts") is True,
        body.get("execution_stats") is True,
    )


def _in_order_of_ids(
    site: Site, name: str, query: _Query, counted: _Counted
) -> tuple[list[dict[str, Json]], str]:
    span = IdRange(start=query.after, descending=query.descending, limit=_PAGE)
    found: list[dict[str, Json]] = []
    skip = query.skip
    for document in _matching(site, name, span, query, counted):
        if document["_id"] == query.after:
            continue
        if skip:
            skip -= 1
            continue
        if len(found) >= query.limit:
            break
        found.append(document)
    last = str(found[-1]["_id"]) if found else query.after
    return found, "nil" if last is None else _bookmark({"after": last})


def _sorted(
    site: Site, name: str, query: _Query, counted: _Counted
) -> tuple[list[dict[str, Json]], str]:
    most = query.skip + query.limit
    if most > SORTED_MAX:
        raise bad_request(f"At most {SORTED_MAX} documents are sorted", "no_usable_index")

    def keyed() -> Iterator[tuple[Key, str, dict[str, Json]]]:
        for document in _matching(site, name, IdRange(limit=_PAGE), query, counted):
            values = [field_of(document, path) for path in query.order]
            if MISSING not in values:  # as in an index, which has no row for it
                key = tuple(key_of(value) for value in values)  # type: ignore[arg-type]
                yield key, str(document["_id"]), document

    choose = heapq.nlargest if query.descending else heapq.nsmallest
    chosen = choose(most, keyed(), key=lambda entry: entry[:2])[query.skip :]
    found = [document for _, _, document in chosen]
    return found, _bookmark({"skip": query.skip + len(found)}) if found else "nil"


def _matching(
    site: Site, name: str, span: IdRange, query: _Query, counted: _Counted
) -> Iterator[dict[str, Json]]:
    while True:
        rows = site.store.rows(name, span).rows
        for row in rows:
            if row.key.startswith("_design/"):
                continue
            stored = site.store.read(name, row.key)
            if stored is None or stored.deleted:
                continue
            counted.examined += 1
            document = as_json(stored)
            if query.wanted(document):
                if query.with_conflicts and stored.conflicts():
                    document["_conflicts"] = list(stored.conflicts())
                yield document
        if len(rows) < _PAGE:
            return
        span = IdRange(rows[-1].key, descending=span.descending, limit=_PAGE, skip=1)


def _design_documents(site: Site, name: str) -> Iterator[StoredRevision]:
    rows = site.store.rows(name, IdRange("_design/", "_design0", limit=1000)).rows
    for row in rows:
        stored = site.store.read(name, row.key)
        if stored is not None:
            yield stored


def _shown(
    document: dict[str, Json], fields: tuple[tuple[str, ...], ...] | None
) -> dict[str, Json]:
    if fields is None:
        return document
    shown: dict[str, Json] = {}
    for path in fields:
        value = field_of(document, path)
        if value is MISSING:
            continue
        inner = shown
        for name in path[:-1]:
            deeper = inner.setdefault(name, {})
            inner = deeper if isinstance(deeper, dict) else {}
        inner[path[-1]] = value  # type: ignore[assignment]
    return shown


def _fields(fields: Json) -> tuple[tuple[str, ...], ...] | None:
    if fields is None or fields == []:
        return None
    if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
        raise bad_request("fields must be a list of strings", "invalid_fields")
    return tuple(parse_path(str(name)) for name in fields)


def _order(sort: Json) -> tuple[tuple[tuple[str, ...], ...], bool]:
    if not isinstance(sort, list):
        raise _bad_sort()
    paths, directions = [], set()
    for entry in sort:
        name, direction = entry, "asc"
        if isinstance(entry, dict) and len(entry) == 1:
            ((name, direction),) = entry.items()  # type: ignore[assignment]
        if not isinstance(name, str) or direction not in {"asc", "desc"}:
            raise _bad_sort()
        paths.append(parse_path(name))
        directions.add(direction)
    if len(directions) > 1:
        raise bad_request(
            "Sorts currently only support a single direction", "unsupported_mixed_sort"
        )
    return tuple(paths), directions == {"desc"}


def _bad_sort() -> ReplyError:
    return bad_request("Invalid sort", "invalid_sort_json")


def _whole(body: dict[str, Json], name: str, default: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise bad_request(f"Invalid value for {name}", f"invalid_{name}")
    return value


def _bookmark(place: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json_text.encode(place)).decode()


def _read_bookmark(bookmark: str) -> tuple[int, str | None]:
    try:
        place = json_text.decode(base64.urlsafe_b64decode(bookmark.encode()))
    except (ReplyError, ValueError, binascii.Error):
        place = None
    if isinstance(place, dict):
        skip, after = place.get("skip", 0), place.get("after")
        if isinstance(skip, int) and (after is None or isinstance(after, str)):
            return skip, after
    raise bad_request("Invalid bookmark", "invalid_bookmark")
