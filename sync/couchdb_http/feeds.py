"""The course of a feed as events, whatever shape they are sent in.

A feed that stays silent while it filters is cut by the links on its way, and then it starts
from the beginning for ever. So it says something at once, and while it filters too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sync.couch_values import FeedRow, Style
from sync.couchdb_http import json_text
from sync.couchdb_http.filters import Filter
from sync.couchdb_http.rendering import View, rendered
from sync.couchdb_http.requests import Request
from sync.couchdb_http.site import Site
from sync.errors import UnknownDatabaseError

PAGE = 500
"""Rows that are read from the store at one time."""

DESCENDING_MAX = 1_000_000
"""Rows of a feed that is read backwards, which the store gives in one page."""

FILTERING_HEARTBEAT_S = 10.0
"""How long a feed filters silently if the client does not say."""

FILTERED_S_MAX = 60.0
"""After so long without a row for its client a feed that moved on ends and says how far."""

_LOOK_S = 1.0
"""How long a waiting feed takes to notice that its client hung up, or that the server stops."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What a client asks for.

    Attributes:
        name: The database.
        since: Where it goes on.
        limit: Rows at most; None for all.
        descending: The latest change first.
        style: Winners alone, or all leaves.
        wanted: The filter.
        waits: Whether it waits for changes when there are none.
        ends_after_rows: Whether it ends when it gave something.
        heartbeat_s: How often it says that it is alive; without, it ends after `timeout_s`.
        timeout_s: How long it waits without a change.
        seq_interval: Only each so many rows has a sequence number.
        view: How documents are shown in the rows; None to leave them out.
    """

    name: str
    since: int
    limit: int | None
    descending: bool
    style: Style
    wanted: Filter
    waits: bool
    ends_after_rows: bool
    heartbeat_s: float | None
    timeout_s: float
    seq_interval: int
    view: View | None


@dataclass(frozen=True, slots=True)
class Start:
    """The feed has begun: something is sent at once."""


@dataclass(frozen=True, slots=True)
class Change:
    """A document changed: its row in JSON, and its place."""

    text: bytes = field(repr=False)
    seq: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The feed is alive."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The feed ends here, and this many rows are left."""

    last_seq: int
    pending: int


def events(
    site: Site, request: Request, feed: Feed
) -> Iterator[Start | Change | Heartbeat | Stop]:
    """What happens on a feed, to its end."""
    # The first page is read before anything is said, so that errors are answered as such.
    first = _Run(site, request, feed)
    first.read()
    return first.events()


class _Run:
    """One feed on its way."""

    def __init__(self, site: Site, request: Request, feed: Feed) -> None:
        self._site = site
        self._request = request
        self._feed = feed
        self._since = feed.since
        self._told_since = feed.since
        self._left = feed.limit
        self._sent = 0
        self._last_sent = feed.since
        self._rows: tuple[FeedRow, ...] = ()
        self._pending = 0
        self._next_since = feed.since
        self._said_at = self._waiting_since = site.clock.monotonic()

    def read(self) -> None:
        """Read the next page."""
        feed = self._feed
        most = DESCENDING_MAX if feed.descending else PAGE
        if self._left is not None and feed.wanted.keep is None:
            most = min(most, self._left)
        elif self._left == 0:
            most = 0
        page = self._site.store.feed(
            feed.name,
            self._since,
            limit=most,
            descending=feed.descending,
            style=feed.style,
            document_ids=feed.wanted.document_ids,
        )
        self._rows = page.rows
        self._pending = page.pending
        self._next_since = page.last_seq

    def events(self) -> Iterator[Start | Change | Heartbeat | Stop]:
        """What happens, after the first page was read."""
        yield Start()
        try:
            yield from self._course()
        except UnknownDatabaseError:  # deleted meanwhile: there is nothing more to tell
            yield Stop(self._since, 0)

    def _course(self) -> Iterator[Change | Heartbeat | Stop]:
        while True:
            for place, row in enumerate(self._rows):
                change = self._change(row)
                if change is not None:
                    yield change
                    if self._left == 0:
                        yield self._stop(len(self._rows) - place - 1)
                        return
                elif self._is_silent():
                    self._said()
                    yield Heartbeat()
            self._since = self._next_since
            if self._is_over():
                break
            if not self._pending:
                yield from self._waiting()
                if self._is_done_waiting():
                    break
            self.read()
        yield self._stop(0)

    def _stop(self, unread: int) -> Stop:
        pending = unread + self._pending
        if self._feed.descending:
            return Stop(self._last_sent if self._sent else self._next_since, pending)
        return Stop(self._last_sent if unread else self._next_since, pending)

    def _change(self, row: FeedRow) -> Change | None:
        keep = self._feed.wanted.keep
        kept = keep(row) if keep else row
        if kept is None:
            return None
        self._sent += 1
        if self._left is not None:
            self._left -= 1
        self._said()
        self._waiting_since = self._said_at
        self._told_since = kept.seq
        self._last_sent = kept.seq
        return Change(self._text(kept), kept.seq)

    def _text(self, row: FeedRow) -> bytes:
        feed = self._feed
        numbered = self._sent % feed.seq_interval == 0
        entry: dict[str, object] = {
            "seq": row.seq if numbered else None,
            "id": row.id,
            "changes": [{"rev": rev} for rev in row.revs],
        }
        if row.deleted:
            entry["deleted"] = True
        text = json_text.encode(entry)
        if feed.view is None:
            return text
        stored = self._site.store.read(feed.name, row.id, row.revs[0])
        shown = rendered(self._site, feed.name, stored, feed.view) if stored else b"null"
        return text[:-1] + b',"doc":' + shown + b"}"

    def _is_over(self) -> bool:
        feed = self._feed
        if self._site.feeds.stopping or feed.descending or self._left == 0:
            return True
        if self._pending:
            return False
        return not feed.waits or (feed.ends_after_rows and self._sent > 0)

    def _waiting(self) -> Iterator[Heartbeat]:
        """Wait until the database changes or the time is over."""
        clock = self._site.clock
        while not self._is_done_waiting():
            now = clock.monotonic()
            if self._is_silent():
                self._said()
                yield Heartbeat()
                continue
            until = self._said_at + self._pause_s()
            if self._feed.heartbeat_s is None:
                until = min(until, self._waiting_since + self._feed.timeout_s)
            wait_s = min(max(until - now, 0.0), _LOOK_S)
            if self._site.store.wait_for_change(self._feed.name, self._since, wait_s):
                return

    def _is_done_waiting(self) -> bool:
        if self._site.feeds.stopping or self._request.gone():
            return True
        waited_s = self._site.clock.monotonic() - self._waiting_since
        if self._feed.heartbeat_s is None:
            return waited_s >= self._feed.timeout_s
        # Its client would begin again before all that was filtered out since; an end tells it
        # where to go on.
        return waited_s >= FILTERED_S_MAX and self._since > self._told_since

    def _pause_s(self) -> float:
        return self._feed.heartbeat_s or FILTERING_HEARTBEAT_S

    def _is_silent(self) -> bool:
        return self._site.clock.monotonic() - self._said_at >= self._pause_s()

    def _said(self) -> None:
        self._said_at = self._site.clock.monotonic()
