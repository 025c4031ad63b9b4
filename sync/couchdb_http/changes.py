"""`_changes`: what changed, told at once, when it happens, or as long as one listens."""

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Literal, cast

from sync.couch_values import Style
from sync.couchdb_http import json_text
from sync.couchdb_http.collation import Json
from sync.couchdb_http.errors import ReplyError, bad_request
from sync.couchdb_http.feeds import Change, Feed, Heartbeat, Start, Stop, events
from sync.couchdb_http.filters import filter_of
from sync.couchdb_http.rendering import View
from sync.couchdb_http.replies import NO_STORE, Reply
from sync.couchdb_http.requests import Request
from sync.couchdb_http.site import Site

TIMEOUT_MS_MAX = 60_000
"""An idle feed without heartbeats ends after this time at the latest; CouchDB's default."""

HEARTBEAT_MS_MIN = 100
"""Whoever wants to hear more often would keep the server busy with nothing."""

Kind = Literal["normal", "longpoll", "continuous", "eventsource"]


def changes(site: Site, request: Request, name: str) -> Reply:
    """The feed that a request asks for."""
    body = _body(site, request)
    kind = _kind(request)
    feed = _feed(site, request, name, body, kind)
    if kind == "normal":
        etag = _etag(site, request, name)
        if etag and etag in request.headers.get("if-none-match", ""):
            return Reply(304, b"", {"ETag": etag})
        headers = {**NO_STORE, "Content-Type": "application/json"}
        if etag:
            headers["ETag"] = etag
        # A filter may have to look for long, and says so all the while.
        live = feed.wanted.keep is not None
        return Reply(200, _as_object(events(site, request, feed)), headers, live=live)
    course = events(site, request, feed)
    site.feeds.take()
    write = _WRITERS[kind]
    content_type = "text/event-stream" if kind == "eventsource" else "application/json"
    headers = {"Content-Type": content_type, "Cache-Control": "no-cache"}
    return Reply(200, _Seated(site, write(course)), headers, live=True)


class _Seated:
    """The pieces of a feed, whose seat is given back when the server is done with them."""

    def __init__(self, site: Site, pieces: Generator[bytes, None, None]) -> None:
        self._site = site
        self._pieces = pieces
        self._left = False

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """End the feed; a server calls it however the answer ended."""
        if not self._left:
            self._left = True
            self._site.feeds.leave()
            self._pieces.close()


def _body(site: Site, request: Request) -> dict[str, Json]:
    if request.method != "POST":
        return {}
    request.require_json()
    return request.json_object(site.limits.json_bytes) if request.length else {}


def _kind(request: Request) -> Kind:
    kind = request.query.get("feed", "normal") or "normal"
    kind = "continuous" if kind == "live" else kind
    if kind not in {"normal", *_WRITERS}:
        raise bad_request(
            "Supported `feed` types: normal, continuous, live, longpoll, eventsource"
        )
    return cast("Kind", kind)


def _feed(site: Site, request: Request, name: str, body: dict[str, Json], kind: Kind) -> Feed:
    style = request.query.get("style", "main_only")
    if style not in {"main_only", "all_docs"}:
        raise bad_request("Supported `style` values: main_only, all_docs")
    wanted = filter_of(site, request, name, body)
    limit = request.number("limit", -1) if "limit" in request.query else None
    heartbeat_ms = _heartbeat_ms(request)
    timeout_ms = min(request.number("timeout", TIMEOUT_MS_MAX), TIMEOUT_MS_MAX)
    return Feed(
        name=name,
        # Read backwards, a feed begins at its end, as in CouchDB.
        since=0 if request.flag("descending") else _since(site, request, name),
        limit=limit,
        descending=request.flag("descending"),
        style=cast("Style", style),
        wanted=wanted,
        waits=kind != "normal",
        ends_after_rows=kind == "longpoll",
        heartbeat_s=None if heartbeat_ms is None else heartbeat_ms / 1000,
        timeout_s=timeout_ms / 1000,
        seq_interval=_seq_interval(request),
        view=_view(request),
    )


def _heartbeat_ms(request: Request) -> int | None:
    text = request.query.get("heartbeat", "")
    if text in {"", "false"}:
        return None
    if text == "true":
        return TIMEOUT_MS_MAX
    try:
        heartbeat_ms = request.number("heartbeat", 0)
    except ReplyError as error:
        raise bad_request(
            "Invalid heartbeat value. Expecting a positive integer value (in milliseconds)."
        ) from error
    if heartbeat_ms < 1:
        raise bad_request("The heartbeat value should be a positive integer (in milliseconds).")
    return max(heartbeat_ms, HEARTBEAT_MS_MIN)


def _seq_interval(request: Request) -> int:
    try:
        return request.number("seq_interval", 1, least=1)
    except ReplyError as error:
        raise bad_request("invalid_seq_interval") from error


def _view(request: Request) -> View | None:
    if not request.flag("include_docs"):
        return None
    return View(
        conflicts=request.flag("conflicts"),
        attachments=request.flag("attachments"),
        att_encoding_info=request.flag("att_encoding_info"),
    )


def _since(site: Site, request: Request, name: str) -> int:
    text = request.query.get("since", request.query.get("last-event-id", ""))
    if request.query.get("feed") == "eventsource":
        text = request.headers.get("last-event-id", text)
    text = text.strip().strip('"')
    if text == "now":
        return site.store.describe(name).update_seq
    # Also the beginning of a CouchDB cluster's number, which is followed by its own secrets.
    digits = text.partition("-")[0] or "0"
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= len(str(1 << 62))):
        raise bad_request("Malformed sequence supplied in 'since' parameter.")
    return int(digits)


def _etag(site: Site, request: Request, name: str) -> str:
    if request.method != "GET":
        return ""
    database = site.store.describe(name)
    marks = (database.instance_start_time, database.update_seq, database.purge_seq)
    return '"' + "-".join(map(str, marks)) + '"'


_Events = Iterator[Start | Change | Heartbeat | Stop]


def _as_object(feed: _Events) -> Generator[bytes, None, None]:
    """One object (normal and longpoll), of which each row is a line."""
    separator = b""
    for event in feed:
        match event:
            case Start():
                yield b'{"results":[\n'
            case Change(text):
                yield separator + text
                separator = b",\n"
            case Heartbeat():
                yield b"\n"
            case Stop(last_seq, pending):
                yield b'\n],\n"last_seq":%d,"pending":%d}\n' % (last_seq, pending)


def _as_lines(feed: _Events) -> Generator[bytes, None, None]:
    """Continuous: an object a line, the last of which says where to go on."""
    for event in feed:
        match event:
            case Start() | Heartbeat():
                yield b"\n"
            case Change(text):
                yield text + b"\n"
            case Stop(last_seq, pending):
                yield json_text.encode({"last_seq": last_seq, "pending": pending}) + b"\n"


def _as_event_source(feed: _Events) -> Generator[bytes, None, None]:
    """Eventsource: what browsers read with `EventSource`."""
    for event in feed:
        match event:
            case Start():
                yield b"\n"
            case Heartbeat():
                yield b"event: heartbeat\ndata: \n\n"
            case Change(text, seq):
                yield b"data: " + text + b"\nid: %d\n\n" % seq
            case Stop():
                return


_WRITERS: Mapping[str, Callable[[_Events], Generator[bytes, None, None]]] = {
    "longpoll": _as_object,
    "continuous": _as_lines,
    "eventsource": _as_event_source,
}
