"""Lists of documents in the order of their ids: `_all_docs` and its kin."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from sync.couch_values import DocumentRow, DocumentRows, IdRange
from sync.couchdb_http import json_text
from sync.couchdb_http.bulk import limit_documents
from sync.couchdb_http.collation import Json
from sync.couchdb_http.errors import bad_request
from sync.couchdb_http.local_documents import PREFIX, rendered_local
from sync.couchdb_http.rendering import View, rendered
from sync.couchdb_http.replies import Reply
from sync.couchdb_http.requests import Request
from sync.couchdb_http.site import Site

PAGE = 1000
"""Rows that are read from the store at one time."""

_RANGE = ("key", "startkey", "start_key", "endkey", "end_key")
_DESIGN = IdRange("_design/", "_design0", inclusive_end=False)


class Options:
    """Parameters of a list, from the query or from a JSON object: an object's win."""

    def __init__(self, request: Request, body: Mapping[str, Json]) -> None:
        self._request = request
        self._body = body

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A parameter that is true or not."""
        value = self._body.get(name)
        return value if isinstance(value, bool) else self._request.flag(name, default=default)

    def number(self, name: str, default: int | None) -> int | None:
        """A whole number, 0 or more.

        Raises:
            ReplyError: It is none.
        """
        value = self._body.get(name)
        if value is None:
            given = name in self._request.query
            return self._request.number(name, 0) if given else default
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise bad_request(f"Invalid value for {name}", "query_parse_error")
        return value

    def value(self, *names: str) -> Json:
        """A parameter in JSON, under the first of these names that is there."""
        for name in names:
            if name in self._body:
                return self._body[name]
            if name in self._request.query:
                return self._request.json_value(name)
        return None

    def has_range(self) -> bool:
        """Whether a single key or an end of a range is given."""
        return any(name in self._body or name in self._request.query for name in _RANGE)

    def span(self) -> IdRange:
        """The range of ids that is asked for.

        Raises:
            ReplyError: A parameter makes no sense.
        """
        start = end = self.value("key")
        if start is None:
            start = self.value("startkey", "start_key")
            end = self.value("endkey", "end_key")
        return IdRange(
            _id(start),
            _id(end),
            descending=self.flag("descending"),
            limit=self.number("limit", None),
            skip=self.number("skip", 0) or 0,
            inclusive_end=self.flag("inclusive_end", default=True),
        )


def all_docs(site: Site, request: Request, name: str) -> Reply:
    """`_all_docs`: every document that is not deleted, or those of `keys`."""
    options = _options(site, request)
    return Reply(200, _listed(site, name, options), {"Content-Type": "application/json"})


def all_docs_queries(site: Site, request: Request, name: str) -> Reply:
    """`_all_docs/queries`: several lists in one answer."""
    request.require_json()
    queries = request.json_object(site.limits.json_bytes).get("queries")
    if not isinstance(queries, list):
        raise bad_request("POST body must include `queries` parameter.")
    limit_documents(site, len(queries))
    site.store.describe(name)

    def pieces() -> Iterator[bytes]:
        yield b'{"results":['
        for number, query in enumerate(queries):
            yield b"," if number else b""
            options = Options(request, query if isinstance(query, dict) else {})
            yield from _listed(site, name, options)
        yield b"]}\n"

    return Reply(200, pieces(), {"Content-Type": "application/json"})


def design_docs(site: Site, request: Request, name: str) -> Reply:
    """`_design_docs`: the design documents among all."""
    options = _options(site, request)
    pieces = _listed(site, name, options, within=_DESIGN)
    return Reply(200, pieces, {"Content-Type": "application/json"})


def local_docs(site: Site, request: Request, name: str) -> Reply:
    """`_local_docs`: the documents that never leave the database."""
    options = _options(site, request)
    span = options.span()
    span = replace(span, start=_without_prefix(span.start), end=_without_prefix(span.end))
    rows = []
    for local in site.store.local_rows(name, span):
        named = PREFIX + local.id
        row = {"id": named, "key": named, "value": {"rev": local.rev}}
        with_doc = options.flag("include_docs")
        rows.append(
            _with_doc(row, rendered_local(local)) if with_doc else json_text.encode(row)
        )
    text = b'{"total_rows":null,"offset":null,"rows":[\n' + b",\n".join(rows) + b"\n]}\n"
    return Reply(200, text, {"Content-Type": "application/json"})


def _options(site: Site, request: Request) -> Options:
    body: dict[str, Json] = {}
    if request.method == "POST":
        request.require_json()
        body = request.json_object(site.limits.json_bytes)
    return Options(request, body)


def _listed(
    site: Site, name: str, options: Options, within: IdRange | None = None
) -> Iterator[bytes]:
    """The list as JSON; its first page is read at once, so that errors are answered as such."""
    keys = options.value("keys")
    if keys is not None and not isinstance(keys, list):
        raise bad_request("`keys` parameter must be an array.")
    if keys is not None and options.has_range():
        raise bad_request(
            "`keys` is incompatible with `key`, `start_key` and `end_key`", "query_parse_error"
        )
    if keys is None:
        span = _narrowed(options.span(), within) if within else options.span()
        first = site.store.rows(name, _page_of(span))
        rows = _rows(site, name, span, first)
    else:
        limit_documents(site, len(keys))
        first = site.store.rows_of(name, [key if isinstance(key, str) else "" for key in keys])
        rows = iter(_of_keys(first, options))
    update_seq = site.store.describe(name).update_seq if options.flag("update_seq") else None
    return _written(site, name, options, first, rows, update_seq)


def _written(  # the parts of one list
    site: Site,
    name: str,
    options: Options,
    first: DocumentRows,
    rows: Iterable[DocumentRow],
    update_seq: int | None,
) -> Iterator[bytes]:
    head: dict[str, object] = {"total_rows": first.total, "offset": first.offset}
    if update_seq is not None:
        head["update_seq"] = update_seq
    yield json_text.encode(head)[:-1] + b',"rows":['
    separator = b"\n"
    include_docs = options.flag("include_docs")
    view = View(conflicts=options.flag("conflicts"), attachments=options.flag("attachments"))
    for row in rows:
        yield separator + _row(site, name, row, view if include_docs else None)
        separator = b",\n"
    yield b"\n]}\n"


def _row(site: Site, name: str, row: DocumentRow, view: View | None) -> bytes:
    if not row.rev:
        return json_text.encode({"key": row.key, "error": "not_found"})
    value: dict[str, object] = {"rev": row.rev}
    if row.deleted:
        value["deleted"] = True
    entry: dict[str, object] = {"id": row.key, "key": row.key, "value": value}
    if view is None:
        return json_text.encode(entry)
    stored = None if row.deleted else site.store.read(name, row.key)
    return _with_doc(entry, rendered(site, name, stored, view) if stored else b"null")


def _with_doc(row: Mapping[str, object], document: bytes) -> bytes:
    return json_text.encode(row)[:-1] + b',"doc":' + document + b"}"


def _rows(site: Site, name: str, span: IdRange, first: DocumentRows) -> Iterator[DocumentRow]:
    """All rows of a range, read a page at a time."""
    page, asked, left = first, _page_of(span).limit, span.limit
    while page.rows:
        yield from page.rows
        if len(page.rows) < (asked or 0):
            return
        left = None if left is None else left - len(page.rows)
        # One row more, because the first is the last of this page.
        asked = PAGE + 1 if left is None else min(left, PAGE) + 1
        if asked <= 1:
            return
        following = replace(span, start=page.rows[-1].key, skip=0, limit=asked)
        page = site.store.rows(name, following)
        page = replace(page, rows=page.rows[1:])
        asked -= 1


def _page_of(span: IdRange) -> IdRange:
    return replace(span, limit=PAGE if span.limit is None else min(span.limit, PAGE))


def _of_keys(rows: DocumentRows, options: Options) -> tuple[DocumentRow, ...]:
    listed = rows.rows[:: -1 if options.flag("descending") else 1]
    skip = options.number("skip", 0) or 0
    limit = options.number("limit", None)
    return listed[skip:] if limit is None else listed[skip : skip + limit]


def _narrowed(span: IdRange, within: IdRange) -> IdRange:
    """The part of a range inside another; both given in rising order unless descending."""
    low, high = (span.end, span.start) if span.descending else (span.start, span.end)
    assert within.start is not None, "the outer range has two ends"
    assert within.end is not None, "the outer range has two ends"
    low = within.start if low is None else max(low, within.start)
    beyond = high is None or high >= within.end
    high = within.end if beyond else high
    if span.descending:
        return replace(span, start=high, end=low)
    return replace(span, start=low, end=high, inclusive_end=span.inclusive_end and not beyond)


def _id(key: Json) -> str | None:
    """A key as an id; CouchDB sorts other kinds before all text or after it."""
    if key is None or isinstance(key, str):
        return key
    return "\U0010ffff" if isinstance(key, list | dict) else ""


def _without_prefix(document_id: str | None) -> str | None:
    return None if document_id is None else document_id.removeprefix(PREFIX)
